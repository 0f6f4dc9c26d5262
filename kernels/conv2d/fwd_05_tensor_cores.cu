// conv2d_fwd, rung 5: an implicit matrix product on tensor cores (kernels/tile/block_product.h). Rows are output pixels, columns output
// channels, and k runs over taps and input channels: a chunk of 16 bytes is eight channels of one pixel, gathered as it is copied to shared
// memory, so the im2col matrix never exists. Taps outside the image are copied as zeros. bf16; channels in multiples of 8. Bounded by the
// rate of mma.sync; first layers (few channels) belong to another row.
#include "kernels/conv2d/conv2d.h"
#include "kernels/launch.h"
#include "kernels/tile/block_product.h"
#include "kernels/tile/divide.h"

namespace duel {
namespace {

bool supports(const Conv2dProblem& p) {
  return p.dtype == DType::bf16 && p.c % 8 == 0 && p.k % 8 == 0 && p.x_count() < 1 << 30 && p.y_count() < 1 << 30 &&
         p.w_count() < 1 << 30 && compute_capability() >= 80;
}

struct Divisors {
  Divisor pq, q, c, s;
  explicit Divisors(const Conv2dProblem& p) : pq(p.p * p.q), q(p.q), c(p.c), s(p.s) {}
};

template <class Product>
__global__ void __launch_bounds__(Product::threads)
    fwd_tensor(Conv2dProblem d, Divisors by, int tiles_m, const bf16* x, const bf16* w, bf16* y) {
  using Storage = typename Product::Storage;
  Storage& shared = shared_storage<Storage>();
  const int m0 = static_cast<int>(blockIdx.x) % tiles_m * Product::m, n0 = static_cast<int>(blockIdx.x) / tiles_m * Product::n;
  const int pixels = d.n * d.p * d.q, depth = d.r * d.s * d.c;
  const auto chunk_x = [&](int step, int row, int chunk) {
    const int pixel = m0 + row, at = step * Product::k + 8 * chunk;  // at: in (r, s, c)
    const int n = by.pq.quotient(pixel), in_image = by.pq.remainder(pixel);
    const int rs = by.c.quotient(at);
    const int h = by.q.quotient(in_image) * d.u - d.top + by.s.quotient(rs),
              v = by.q.remainder(in_image) * d.v - d.left + by.s.remainder(rs);
    const bool inside = pixel < pixels && at < depth && h >= 0 && h < d.h && v >= 0 && v < d.w;
    return Chunk{inside ? x + ((n * d.h + h) * d.w + v) * d.c + by.c.remainder(at) : x, inside};
  };
  const auto chunk_w = [&](int step, int row, int chunk) {
    const int at = step * Product::k + 8 * chunk;
    const bool inside = n0 + row < d.k && at < depth;
    return Chunk{inside ? w + (n0 + row) * depth + at : w, inside};
  };
  typename Product::Sums sums;
  Product::run(shared, (depth + Product::k - 1) / Product::k, chunk_x, chunk_w, sums);
  Product::store_bf16(shared, sums, [&](int row, int chunk) {
    const int channel = n0 + 8 * chunk;
    return m0 + row < pixels && channel < d.k ? y + (m0 + row) * d.k + channel : nullptr;
  });
}

template <class Product>
void start(const Conv2dProblem& p, const Conv2dFwd::Args& a, Stream stream) {
  const int tiles_m = (p.n * p.p * p.q + Product::m - 1) / Product::m, tiles_n = (p.k + Product::n - 1) / Product::n;
  launch({.grid = static_cast<unsigned>(tiles_m * tiles_n), .block = Product::threads, .shared_bytes = sizeof(typename Product::Storage)},
         stream, fwd_tensor<Product>, p, Divisors(p), tiles_m, static_cast<const bf16*>(a.x), static_cast<const bf16*>(a.w),
         static_cast<bf16*>(a.y));
}

void run(const Conv2dProblem& p, const Conv2dFwd::Args& a, Scratch, Stream stream) {
  const int64_t large_tiles = (int64_t{p.n} * p.p * p.q + 127) / 128 * ((p.k + 127) / 128);
  if (large_tiles >= 128 && p.k > 64) start<BlockProduct<128, 128, 32, 2, 4, true, true>>(p, a, stream);
  else start<BlockProduct<64, 64, 32, 2, 2, true, true>>(p, a, stream);
}

KERNEL_VARIANT(Conv2dFwd, tensor_cores, 5, supports, no_scratch, run);

}  // namespace
}  // namespace duel
