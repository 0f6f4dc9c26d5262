// conv2d_dgrad (= transposed convolution), rung 2: rung 1, going only through the taps that meet. Of a stride's taps every u-th sees an
// output; where they begin is worked out once (gather.h), so no tap is tried in vain and nothing is divided in the loop. f32,
// any shape. Bounded by requests: two loads a multiply-add.
#include "kernels/conv2d/gather.h"
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

bool supports(const Conv2dProblem& p) { return p.dtype == DType::f32; }

__global__ void dgrad_strided_taps(Conv2dProblem d, const float* gy, const float* w, float* gx) {
  const int64_t count = d.x_count();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int c = static_cast<int>(i % d.c);
    const int col = static_cast<int>(i / d.c % d.w);
    const int row = static_cast<int>(i / d.c / d.w % d.h);
    const int n = static_cast<int>(i / d.c / d.w / d.h);
    const int r0 = (row + d.top) % d.u, s0 = (col + d.left) % d.v;  // the first taps that meet
    int p = (row + d.top - r0) / d.u;                               // the output that sees the pixel through r0
    float sum = 0;
    for (int r = r0; r < d.r && p >= 0; r += d.u, --p) {
      if (p >= d.p) continue;
      int q = (col + d.left - s0) / d.v;
      for (int s = s0; s < d.s && q >= 0; s += d.v, --q) {
        if (q >= d.q) continue;
        const float* gp = gy + ((int64_t{n} * d.p + p) * d.q + q) * d.k;
        const float* wp = w + (int64_t{r} * d.s + s) * d.c + c;
        for (int k = 0; k < d.k; ++k) sum = fma_rn(gp[k], wp[int64_t{k} * d.r * d.s * d.c], sum);
      }
    }
    gx[i] = sum;
  }
}

void run(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Scratch, Stream stream) {
  launch({.grid = stride_blocks(p.x_count(), 256), .block = 256}, stream, dgrad_strided_taps, p, static_cast<const float*>(a.gy),
         static_cast<const float*>(a.w), static_cast<float*>(a.gx));
}

KERNEL_VARIANT(Conv2dDgrad, strided_taps, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
