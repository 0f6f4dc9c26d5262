// conv2d_fwd, rung 3 by another way: the im2col matrix written to scratch, and the product of gemm's rung 5 with it. Against the other rung
// 3 the product is a good one; what comes before it is the lesson. f32, channels in multiples of 4. Bounded by memory: r·s/(u·v) times x,
// written and read again.
#include "kernels/conv2d/columns.h"

namespace duel {
namespace {

void run(const Conv2dProblem& p, const Conv2dFwd::Args& a, Scratch scratch, Stream stream) {
  float* const matrix = static_cast<float*>(scratch.data);
  columns::start_gather(p, a.x, matrix, stream);
  columns::multiply<false, true>({.m = columns::pixels(p), .n = p.k, .k = columns::depth(p), .tb = true}, {matrix, a.w, a.y}, stream);
}

KERNEL_VARIANT(Conv2dFwd, im2col, 3, columns::supports, columns::scratch_bytes, run);

}  // namespace
}  // namespace duel
