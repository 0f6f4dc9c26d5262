// color_matrix, rung 1: one thread a pixel. Bounded by memory; a warp's three-channel pixels lie side by side, each read in three parts.
#include "augment/color/color_matrix.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const ColorMatrixProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void color_naive(ColorMatrixProblem p, const float* color, const T* x, T* y) {
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.pixels(); i += int64_t{gridDim.x} * blockDim.x)
    map_color<accumulator_t<T>>(p, color + i / p.inner * 12, x + i * p.c, y + i * p.c);
}

void run(const ColorMatrixProblem& p, const ColorMatrix::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.pixels(), 256), .block = 256}, stream, color_naive<T>, p, static_cast<const float*>(a.color),
           static_cast<const T*>(a.x), static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(ColorMatrix, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
