// conv2d_wgrad, rung 3 by another way: the im2col matrix written to scratch, and gyᵀ times it by gemm's rung 5. f32, channels in multiples
// of
// 4. Bounded by memory as the others of this way, and by few tiles with long sums: nothing splits the pixels.
#include "kernels/conv2d/columns.h"

namespace duel {
namespace {

void run(const Conv2dProblem& p, const Conv2dWgrad::Args& a, Scratch scratch, Stream stream) {
  float* const matrix = static_cast<float*>(scratch.data);
  columns::start_gather(p, a.x, matrix, stream);
  columns::multiply<true, false>({.m = p.k, .n = columns::depth(p), .k = columns::pixels(p), .ta = true}, {a.gy, matrix, a.gw}, stream);
}

KERNEL_VARIANT(Conv2dWgrad, im2col, 3, columns::supports, columns::scratch_bytes, run);

}  // namespace
}  // namespace duel
