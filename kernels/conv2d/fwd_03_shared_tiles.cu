// conv2d_fwd, rung 3: an implicit matrix product by tiles of 16 pixels × 16 output channels (kernels/tile/plain_product.h). Against rung 2
// an operand comes from device memory once for sixteen multiply-adds, not for each. Any shape. Bounded by shared memory: two loads a
// multiply-add, and by the index arithmetic of each element.
#include "kernels/conv2d/gather.h"
#include "kernels/tile/plain_product.h"

namespace duel {
namespace {

bool supports(const Conv2dProblem& p) {  // offsets fit 32 bits
  return (p.dtype == DType::f32 || p.dtype == DType::bf16) && p.x_count() < 1 << 30 && p.y_count() < 1 << 30 && p.w_count() < 1 << 30;
}

template <class T>
__global__ void fwd_shared_tiles(Conv2dProblem d, GatherX gather, int tiles_m, const T* x, const T* w, T* y) {
  auto& tiles = shared_storage<PlainTiles<float, true, true>>();
  const int m0 = static_cast<int>(blockIdx.x) % tiles_m * plain_side, k0 = static_cast<int>(blockIdx.x) / tiles_m * plain_side;
  const int pixels = d.n * d.p * d.q, depth = d.r * d.s * d.c;
  const auto from_x = [&](int row, int at) {
    const int offset = m0 + row < pixels && at < depth ? gather.offset(d, m0 + row, at) : -1;
    return offset < 0 ? 0.f : static_cast<float>(x[offset]);
  };
  const auto from_w = [&](int at, int col) { return k0 + col < d.k && at < depth ? static_cast<float>(w[(k0 + col) * depth + at]) : 0.f; };
  const float sum = plain_product(tiles, depth, from_x, from_w);
  const int pixel = m0 + static_cast<int>(threadIdx.y), k = k0 + static_cast<int>(threadIdx.x);
  if (pixel < pixels && k < d.k) y[pixel * d.k + k] = static_cast<T>(sum);
}

template <class T>
void start(const Conv2dProblem& p, const Conv2dFwd::Args& a, Stream stream) {
  const int tiles_m = (p.n * p.p * p.q + plain_side - 1) / plain_side, tiles_n = (p.k + plain_side - 1) / plain_side;
  launch({.grid = static_cast<unsigned>(tiles_m) * static_cast<unsigned>(tiles_n),
          .block = dim3(plain_side, plain_side),
          .shared_bytes = sizeof(PlainTiles<float, true, true>)},
         stream, fwd_shared_tiles<T>, p, GatherX(p), tiles_m, static_cast<const T*>(a.x), static_cast<const T*>(a.w), static_cast<T*>(a.y));
}

void run(const Conv2dProblem& p, const Conv2dFwd::Args& a, Scratch, Stream stream) {
  p.dtype == DType::f32 ? start<float>(p, a, stream) : start<bf16>(p, a, stream);
}

KERNEL_VARIANT(Conv2dFwd, shared_tiles, 3, supports, no_scratch, run);

}  // namespace
}  // namespace duel
