// conv2d_fwd, rung 2: rung 1, with the weights transposed to [r,s,c,k] first. Neighbouring threads make neighbouring output channels, and
// now read neighbouring weights: a warp's request is whole sectors instead of one from each of 32 rows. f32, any shape. Bounded by requests
// still: two loads a multiply-add.
#include "kernels/conv2d/conv2d.h"
#include "kernels/launch.h"
#include "kernels/layout/transpose_tile.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

bool supports(const Conv2dProblem& p) { return p.dtype == DType::f32; }
size_t scratch(const Conv2dProblem& p) { return sizeof(float) * static_cast<size_t>(p.w_count()); }

__global__ void fwd_coalesced(Conv2dProblem d, const float* x, const float* wt, float* y) {  // wt [r,s,c,k]
  const int64_t count = d.y_count();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int k = static_cast<int>(i % d.k);
    const int q = static_cast<int>(i / d.k % d.q);
    const int p = static_cast<int>(i / d.k / d.q % d.p);
    const int n = static_cast<int>(i / d.k / d.q / d.p);
    float sum = 0;
    for (int r = 0; r < d.r; ++r) {
      const int row = p * d.u - d.top + r;
      if (row < 0 || row >= d.h) continue;
      for (int s = 0; s < d.s; ++s) {
        const int col = q * d.v - d.left + s;
        if (col < 0 || col >= d.w) continue;
        const float* xp = x + ((int64_t{n} * d.h + row) * d.w + col) * d.c;
        const float* wp = wt + (int64_t{r} * d.s + s) * d.c * d.k + k;
        for (int c = 0; c < d.c; ++c) sum = fma_rn(xp[c], wp[int64_t{c} * d.k], sum);
      }
    }
    y[i] = sum;
  }
}

void run(const Conv2dProblem& p, const Conv2dFwd::Args& a, Scratch scratch, Stream stream) {
  const TransposeProblem turn{.rows = p.k, .cols = p.w_count() / p.k, .dtype = p.dtype};
  run_transpose_tiles<tile_side + 1>(turn, {a.w, scratch.data}, {}, stream);
  launch({.grid = stride_blocks(p.y_count(), 256), .block = 256}, stream, fwd_coalesced, p, static_cast<const float*>(a.x),
         static_cast<const float*>(scratch.data), static_cast<float*>(a.y));
}

KERNEL_VARIANT(Conv2dFwd, coalesced, 2, supports, scratch, run);

}  // namespace
}  // namespace duel
