// conv2d_dgrad, rung 3 by another way: the gradient of the im2col matrix by the product of gemm's rung 5, to scratch, and the sum of what
// stands there for each pixel (col2im). No inserted zero is multiplied, but products for taps in the padding are made and never read. f32,
// channels in multiples of 4. Bounded by memory: r·s/(u·v) times gx, written and read again.
#include "kernels/conv2d/columns.h"

namespace duel {
namespace {

void run(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Scratch scratch, Stream stream) {
  float* const matrix = static_cast<float*>(scratch.data);
  columns::multiply<false, false>({.m = columns::pixels(p), .n = columns::depth(p), .k = p.k}, {a.gy, a.w, matrix}, stream);
  columns::start_sum(p, matrix, a.gx, stream);
}

KERNEL_VARIANT(Conv2dDgrad, im2col, 3, columns::supports, columns::scratch_bytes, run);

}  // namespace
}  // namespace duel
