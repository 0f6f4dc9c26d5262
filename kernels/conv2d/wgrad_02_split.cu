// conv2d_wgrad, rung 2: rung 1 with the images split over blocks, and the parts added in order. Against rung 1 there are enough threads to
// hide latency, and each sum is shorter; the bits do not depend on who comes first. f32, any shape. Bounded by requests: two loads a
// multiply-add.
#include <algorithm>

#include "kernels/conv2d/add_parts.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

// A function of the problem alone, so that the order of addition is too: threads for a large card, and at most one part an image.
int parts_of(const Conv2dProblem& p) {
  const int64_t wanted = (int64_t{1} << 18) / std::max<int64_t>(p.w_count(), 1);
  return static_cast<int>(std::clamp<int64_t>(wanted, 1, std::clamp(p.n, 1, 64)));
}
bool supports(const Conv2dProblem& p) { return p.dtype == DType::f32; }
size_t scratch(const Conv2dProblem& p) { return parts_bytes(parts_of(p), p.w_count()); }

__global__ void wgrad_split(Conv2dProblem d, int parts, const float* x, const float* gy, float* gw) {
  const int64_t count = d.w_count();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count * parts; i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t weight = i % count;
    const int part = static_cast<int>(i / count);
    const int c = static_cast<int>(weight % d.c);
    const int s = static_cast<int>(weight / d.c % d.s);
    const int r = static_cast<int>(weight / d.c / d.s % d.r);
    const int k = static_cast<int>(weight / d.c / d.s / d.r);
    float sum = 0;
    for (int n = part; n < d.n; n += parts) {
      float image = 0;  // a sum an image, then their sum: the error grows with the longer of the two, not with both
      for (int p = 0; p < d.p; ++p) {
        const int row = p * d.u - d.top + r;
        if (row < 0 || row >= d.h) continue;
        for (int q = 0; q < d.q; ++q) {
          const int col = q * d.v - d.left + s;
          if (col < 0 || col >= d.w) continue;
          image = fma_rn(x[((int64_t{n} * d.h + row) * d.w + col) * d.c + c], gy[((int64_t{n} * d.p + p) * d.q + q) * d.k + k], image);
        }
      }
      sum += image;
    }
    gw[i] = sum;
  }
}

void run(const Conv2dProblem& p, const Conv2dWgrad::Args& a, Scratch scratch, Stream stream) {
  const int parts = parts_of(p);
  float* gw = static_cast<float*>(parts == 1 ? a.gw : scratch.data);
  launch({.grid = stride_blocks(p.w_count() * parts, 256), .block = 256}, stream, wgrad_split, p, parts, static_cast<const float*>(a.x),
         static_cast<const float*>(a.gy), gw);
  if (parts > 1) add_parts(parts, p.w_count(), gw, static_cast<float*>(a.gw), stream);
}

KERNEL_VARIANT(Conv2dWgrad, split, 2, supports, scratch, run);

}  // namespace
}  // namespace duel
