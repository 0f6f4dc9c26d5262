// conv2d_dgrad (= transposed convolution) as one implicit matrix product a phase, on tensor cores (kernels/tile/block_product.h), for bf16
// and f32. With strides u×v the input pixels whose row is h ≡ i (mod u) and column w ≡ j (mod v) see the same taps, every u-th row and v-th
// column of the kernel; so the op is u·v convolutions of stride 1, and no inserted zero is ever multiplied. Rows are a phase's pixels,
// columns input channels, and k runs over its taps and the output channels.
#pragma once
#include "kernels/conv2d/conv2d.h"
#include "kernels/launch.h"
#include "kernels/tile/block_product.h"
#include "kernels/tile/divide.h"

namespace duel::tensor_dgrad {

// Channels come in chunks of 16 bytes; offsets fit 32 bits.
template <class T>
bool supports(const Conv2dProblem& p) {
  return p.dtype == dtype_of<T>() && p.c % chunk_elements<T> == 0 && p.k % chunk_elements<T> == 0 && p.u * p.v < 1 << 16 &&
         p.x_count() < 1 << 30 && p.y_count() < 1 << 30 && p.w_count() < 1 << 30 && compute_capability() >= 80;
}

struct Divisors {
  Divisor v, k;
  explicit Divisors(const Conv2dProblem& p) : v(p.v), k(p.k) {}
};

// One side of a phase: pixels at first, first + stride, … below `size`, and taps tap, tap + stride, … below `taps`.
struct Phase {
  int first, count, tap, taps;
  HD Phase(int phase, int size, int all_taps, int stride, int pad) {
    first = phase;
    count = size > phase ? (size - phase + stride - 1) / stride : 0;
    tap = (phase + pad) % stride;
    taps = all_taps > tap ? (all_taps - tap + stride - 1) / stride : 0;
  }
};

template <class Product, class T = typename Product::T>
__global__ void __launch_bounds__(Product::threads)
    dgrad_phases(Conv2dProblem d, Divisors by, int tiles_m, const T* gy, const T* w, T* gx) {
  constexpr int elements = Product::elements;
  using Storage = typename Product::Storage;
  Storage& shared = shared_storage<Storage>();
  const int phase = static_cast<int>(blockIdx.y);
  const Phase rows(by.v.quotient(phase), d.h, d.r, d.u, d.top), cols(by.v.remainder(phase), d.w, d.s, d.v, d.left);
  const int m0 = static_cast<int>(blockIdx.x) % tiles_m * Product::m, n0 = static_cast<int>(blockIdx.x) / tiles_m * Product::n;
  const int per_image = rows.count * cols.count, pixels = d.n * per_image, depth = rows.taps * cols.taps * d.k;
  if (m0 >= pixels) return;  // the grid is for the largest phase
  struct Pixel {
    int n, h, w;
  };
  const auto pixel_of = [&](int row) {
    const int in_image = (m0 + row) % per_image;
    return Pixel{(m0 + row) / per_image, rows.first + in_image / cols.count * d.u, cols.first + in_image % cols.count * d.v};
  };
  const auto chunk_gy = [&](int step, int row, int chunk) {
    const int at = step * Product::k + elements * chunk, tap = by.k.quotient(at);  // at: in (taps of the phase, k)
    const Pixel x = pixel_of(row);
    const int r = rows.tap + tap / max(cols.taps, 1) * d.u, s = cols.tap + tap % max(cols.taps, 1) * d.v;
    const int pu = x.h + d.top - r, qv = x.w + d.left - s;  // p·u and q·v of the output that sees x through this tap
    const bool inside = m0 + row < pixels && at < depth && pu >= 0 && pu / d.u < d.p && qv >= 0 && qv / d.v < d.q;
    return Chunk<T>{inside ? gy + ((x.n * d.p + pu / d.u) * d.q + qv / d.v) * d.k + by.k.remainder(at) : gy, inside};
  };
  const auto chunk_w = [&](int step, int row, int chunk) {
    const int at = step * Product::k + row, tap = by.k.quotient(at), c = n0 + elements * chunk;
    const int r = rows.tap + tap / max(cols.taps, 1) * d.u, s = cols.tap + tap % max(cols.taps, 1) * d.v;
    const bool inside = at < depth && c < d.c;
    return Chunk<T>{inside ? w + ((by.k.remainder(at) * d.r + r) * d.s + s) * d.c + c : w, inside};
  };
  typename Product::Sums sums;
  Product::run(shared, (depth + Product::k - 1) / Product::k, chunk_gy, chunk_w, sums);
  Product::store(shared, sums, [&](int row, int col) -> T* {
    if (m0 + row >= pixels || n0 + col >= d.c) return nullptr;
    const Pixel x = pixel_of(row);
    return gx + ((x.n * d.h + x.h) * d.w + x.w) * d.c + n0 + col;
  });
}

template <class Product>
void start(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Stream stream) {
  const int pixels = p.n * ((p.h + p.u - 1) / p.u) * ((p.w + p.v - 1) / p.v);  // of the largest phase
  const int tiles_m = (pixels + Product::m - 1) / Product::m, tiles_n = (p.c + Product::n - 1) / Product::n;
  launch({.grid = dim3(static_cast<unsigned>(tiles_m * tiles_n), static_cast<unsigned>(p.u * p.v)),
          .block = Product::threads,
          .shared_bytes = sizeof(typename Product::Storage)},
         stream, dgrad_phases<Product>, p, Divisors(p), tiles_m, static_cast<const typename Product::T*>(a.gy),
         static_cast<const typename Product::T*>(a.w), static_cast<typename Product::T*>(a.gx));
}

template <class T>
void run(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Scratch, Stream stream) {
  const int64_t large_tiles = (int64_t{p.n} * p.h * p.w + 127) / 128 * ((p.c + 127) / 128);
  if (large_tiles >= 128 && p.c > 64) start<BlockProduct<T, 128, 128, 2, 4, true, false>>(p, a, stream);
  else start<BlockProduct<T, 64, 64, 2, 2, true, false>>(p, a, stream);
}

}  // namespace duel::tensor_dgrad
