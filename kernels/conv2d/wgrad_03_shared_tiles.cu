// conv2d_wgrad, rung 3: an implicit matrix product by tiles of 16 output channels × 16 columns of (r,s,c) (kernels/tile/plain_product.h),
// its sum over the output pixels split over blocks and the parts added in order. Against rung 2 an operand comes from device memory once
// for sixteen multiply-adds. Any shape. Bounded by shared memory: two loads a multiply-add, and by the index arithmetic of each element.
#include "kernels/conv2d/add_parts.h"
#include "kernels/conv2d/gather.h"
#include "kernels/tile/plain_product.h"

namespace duel {
namespace {

PixelSplit split_of(const Conv2dProblem& p) { return {p, plain_side, plain_side, 1, 2048, 256}; }

bool supports(const Conv2dProblem& p) {  // offsets fit 32 bits
  return (p.dtype == DType::f32 || p.dtype == DType::bf16) && p.x_count() < 1 << 30 && p.y_count() < 1 << 30 && p.w_count() < 1 << 30;
}
size_t scratch(const Conv2dProblem& p) { return parts_bytes(split_of(p).parts, p.w_count()); }

template <class T>
__global__ void wgrad_shared_tiles(Conv2dProblem d, GatherX gather, PixelSplit split, const T* x, const T* gy, float* gw) {
  auto& tiles = shared_storage<PlainTiles<float, false, false>>();
  const int tile = static_cast<int>(blockIdx.x), part = static_cast<int>(blockIdx.y);
  const int k0 = tile % split.tiles_m * plain_side, at0 = tile / split.tiles_m * plain_side;
  const int first = part * split.steps, pixels = min(split.steps, d.n * d.p * d.q - first), width = d.r * d.s * d.c;
  const auto from_gy = [&](int row, int l) {
    return l < pixels && k0 + row < d.k ? static_cast<float>(gy[(first + l) * d.k + k0 + row]) : 0.f;
  };
  const auto from_x = [&](int l, int col) {
    const int offset = l < pixels && at0 + col < width ? gather.offset(d, first + l, at0 + col) : -1;
    return offset < 0 ? 0.f : static_cast<float>(x[offset]);
  };
  const float sum = plain_product(tiles, pixels, from_gy, from_x);
  const int k = k0 + static_cast<int>(threadIdx.y), at = at0 + static_cast<int>(threadIdx.x);
  if (k < d.k && at < width) gw[int64_t{part} * d.w_count() + k * width + at] = sum;
}

template <class T>
void start(const Conv2dProblem& p, const Conv2dWgrad::Args& a, Scratch scratch, Stream stream) {
  const PixelSplit split = split_of(p);
  float* gw = static_cast<float*>(split.parts == 1 ? a.gw : scratch.data);
  launch({.grid = split.grid(), .block = dim3(plain_side, plain_side), .shared_bytes = sizeof(PlainTiles<float, false, false>)}, stream,
         wgrad_shared_tiles<T>, p, GatherX(p), split, static_cast<const T*>(a.x), static_cast<const T*>(a.gy), gw);
  if (split.parts > 1) add_parts(split.parts, p.w_count(), gw, static_cast<float*>(a.gw), stream);
}

void run(const Conv2dProblem& p, const Conv2dWgrad::Args& a, Scratch scratch, Stream stream) {
  p.dtype == DType::f32 ? start<float>(p, a, scratch, stream) : start<bf16>(p, a, scratch, stream);
}

KERNEL_VARIANT(Conv2dWgrad, shared_tiles, 3, supports, scratch, run);

}  // namespace
}  // namespace duel
