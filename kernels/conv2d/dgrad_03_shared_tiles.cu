// conv2d_dgrad (= transposed convolution), rung 3: u·v convolutions of stride 1 (gather.h), each an implicit matrix product by tiles of 16
// pixels × 16 channels (kernels/tile/plain_product.h). Against rung 2 an operand comes from device memory once for sixteen multiply-adds.
// Any shape. Bounded by shared memory: two loads a multiply-add, and by the index arithmetic of each element.
#include "kernels/conv2d/gather.h"
#include "kernels/tile/plain_product.h"

namespace duel {
namespace {

bool supports(const Conv2dProblem& p) {  // offsets fit 32 bits
  return (p.dtype == DType::f32 || p.dtype == DType::bf16) && p.u * p.v < 1 << 16 && p.x_count() < 1 << 30 && p.y_count() < 1 << 30 &&
         p.w_count() < 1 << 30;
}

template <class T>
__global__ void dgrad_shared_tiles(Conv2dProblem d, Divisor by_k, int tiles_m, const T* gy, const T* w, T* gx) {
  auto& tiles = shared_storage<PlainTiles<float, true, false>>();
  const Phase phase(d, static_cast<int>(blockIdx.y));
  const int m0 = static_cast<int>(blockIdx.x) % tiles_m * plain_side, c0 = static_cast<int>(blockIdx.x) / tiles_m * plain_side;
  if (m0 >= phase.pixels) return;  // the grid is for the largest phase
  const auto from_gy = [&](int row, int at) {
    const int offset = m0 + row < phase.pixels && at < phase.depth ? phase.gy_offset(d, by_k, phase.pixel(d, m0 + row), at) : -1;
    return offset < 0 ? 0.f : static_cast<float>(gy[offset]);
  };
  const auto from_w = [&](int at, int col) {
    return at < phase.depth && c0 + col < d.c ? static_cast<float>(w[phase.w_offset(d, by_k, at) + c0 + col]) : 0.f;
  };
  const float sum = plain_product(tiles, phase.depth, from_gy, from_w);
  const int pixel = m0 + static_cast<int>(threadIdx.y), c = c0 + static_cast<int>(threadIdx.x);
  if (pixel < phase.pixels && c < d.c) gx[phase.gx_offset(d, phase.pixel(d, pixel)) + c] = static_cast<T>(sum);
}

template <class T>
void start(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Stream stream) {
  const int pixels = p.n * ((p.h + p.u - 1) / p.u) * ((p.w + p.v - 1) / p.v);  // of the largest phase
  const int tiles_m = (pixels + plain_side - 1) / plain_side, tiles_n = (p.c + plain_side - 1) / plain_side;
  launch({.grid = dim3(static_cast<unsigned>(tiles_m) * static_cast<unsigned>(tiles_n), static_cast<unsigned>(p.u * p.v)),
          .block = dim3(plain_side, plain_side),
          .shared_bytes = sizeof(PlainTiles<float, true, false>)},
         stream, dgrad_shared_tiles<T>, p, Divisor(p.k), tiles_m, static_cast<const T*>(a.gy), static_cast<const T*>(a.w),
         static_cast<T*>(a.gx));
}

void run(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Scratch, Stream stream) {
  p.dtype == DType::f32 ? start<float>(p, a, stream) : start<bf16>(p, a, stream);
}

KERNEL_VARIANT(Conv2dDgrad, shared_tiles, 3, supports, no_scratch, run);

}  // namespace
}  // namespace duel
