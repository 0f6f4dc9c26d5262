// erase_boxes, rung 1: one thread an element. Bounded by memory.
#include "augment/erase/erase.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const EraseProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void erase_naive(EraseProblem p, const int32_t* box, const T* x, T* y) {
  const int64_t count = p.count(), row_length = int64_t{p.w} * p.c;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t row = i / row_length, sample = row / p.h;
    const bool inside = in_box(box + 4 * sample, static_cast<int>(row - sample * p.h), static_cast<int>((i - row * row_length) / p.c));
    y[i] = inside ? static_cast<T>(p.value) : x[i];
  }
}

void run(const EraseProblem& p, const EraseBoxes::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, erase_naive<T>, p, static_cast<const int32_t*>(a.box),
           static_cast<const T*>(a.x), static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(EraseBoxes, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
