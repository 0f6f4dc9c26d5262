// conv2d_dgrad (= transposed convolution), rung 5 another way: fewer multiplications. Where a window is twice the stride each phase is a
// convolution of stride 1 with 2 × 2 taps, and minimal filtering F(2×2, 2×2) makes 2 × 2 of its pixels from 3 × 3 of gy by 9
// multiplications a channel instead of 16. In one dimension, with pixels d and taps g,
//
//   y₀ = d₀g₀ + d₁g₁ = (d₀ − d₁)·g₀ + d₁·(g₀ + g₁)
//   y₁ = d₁g₀ + d₂g₁ = d₁·(g₀ + g₁) + (d₂ − d₁)·g₁
//
// and in two dimensions that within that: no factor but 0 and ±1, so integers stay exact. (Winograd, "Arithmetic Complexity of
// Computations", 1980; nested as in Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016, section 4.1.)
//
// A block has 32 such tiles of a phase and 64 channels of gx, a thread all nine products of 4 tiles and 4 channels in registers, where they
// are also put together again. gy is transformed as it is staged, once for 64 channels. The taps are staged as they are and transformed in
// registers, by five additions: that reads four values of shared memory instead of nine, which is what would bound. Sums are over k in
// order.
//
// f32, channels in multiples of 4. Bounded by shared memory, 13 reads of 16 bytes for 144 multiply-adds of a thread, and by issuing the
// additions; the f32 units alone would allow 1.78 times the direct rate.
#include "kernels/conv2d/gather.h"
#include "kernels/launch.h"
#include "kernels/tile/pipeline.h"

namespace duel {
namespace {

constexpr int threads = 128, warps_n = 2, columns = 64, chunks = columns / 4, depth = 16;  // channels of gx a block, and of gy a step
constexpr int tiles = 32, side = 3;  // tiles a block; gy's pixels along a tile's side, and products
constexpr int own = 4;               // tiles and channels of a thread
using Quad = Pack<float, 4>;

// One of the nine transformed pixels, [channel of gy][tile]. A warp writes two chunks of tiles in each of four rows 4 apart: permuted, they
// lie in 32 banks. It reads four chunks of one row.
struct alignas(128) Pixels {
  float element[depth * tiles];
  __device__ float* at(int channel, int chunk) { return element + channel * tiles + (chunk ^ channel / 4 * 2) * 4; }
};
struct Stage {
  Pixels d[side][side];
  SharedTile<float, depth, columns> g[2][2];
};
struct Storage {
  Stage stage[2];
};

bool supports(const Conv2dProblem& p) {
  return p.dtype == DType::f32 && p.r == 2 * p.u && p.s == 2 * p.v && p.c % 4 == 0 && p.k % 4 == 0 && p.u * p.v < 1 << 16 &&
         p.x_count() < 1 << 30 && p.y_count() < 1 << 30 && p.w_count() < 1 << 30 && compute_capability() >= 80;
}

// A phase's pixels in tiles of 2 × 2.
struct Tiling {
  int cols, per_image, all;
  HD Tiling(int n, int rows, int width) : cols((width + 1) / 2), per_image((rows + 1) / 2 * cols), all(n * per_image) {}
  struct Tile {
    int n, row, col;  // of its first pixel, within the phase
  };
  HD Tile tile(int i) const { return {i / per_image, i % per_image / cols * 2, i % per_image % cols * 2}; }
};

// The 3 × 3 pixels of gy under one tile, four channels of a step at a time.
class Patch {
 public:
  __device__ Patch(const Conv2dProblem& d, const Phase& phase, const Tiling& tiling, int tile, int first_channel)
      : channel_(first_channel) {
    if (tile >= tiling.all) return;
    const auto at = tiling.tile(tile);
    const int p = (phase.rows.first + d.top - phase.rows.tap) / d.u + at.row - 1,
              q = (phase.cols.first + d.left - phase.cols.tap) / d.v + at.col - 1;
    offset_ = ((at.n * d.p + p) * d.q + q) * d.k + first_channel;
    for (int bit = 0; bit < side * side; ++bit) {
      const int y = p + bit / side, x = q + bit % side;
      if (y >= 0 && y < d.p && x >= 0 && x < d.q) inside_ |= 1u << bit;
    }
  }
  __device__ void load(const Conv2dProblem& d, const float* gy, int step) {
#pragma unroll
    for (int i = 0; i < side; ++i)
#pragma unroll
      for (int j = 0; j < side; ++j) {
        const bool inside = (inside_ >> (i * side + j) & 1) != 0 && channel_ + step * depth < d.k;
        d_[i][j] = inside ? load_vec<Quad>(gy + offset_ + (i * d.q + j) * d.k + step * depth) : Quad{};
      }
  }
  // to(i, j, e) is where transformed pixel (i, j) of channel e goes.
  template <class To>
  __device__ void transform(To to) const {
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      float x[side][side];
#pragma unroll
      for (int j = 0; j < side; ++j) {
        x[0][j] = d_[0][j].at[e] - d_[1][j].at[e];
        x[1][j] = d_[1][j].at[e];
        x[2][j] = d_[2][j].at[e] - d_[1][j].at[e];
      }
#pragma unroll
      for (int i = 0; i < side; ++i) {
        *to(i, 0, e) = x[i][0] - x[i][1];
        *to(i, 1, e) = x[i][1];
        *to(i, 2, e) = x[i][2] - x[i][1];
      }
    }
  }

 private:
  int channel_, offset_ = 0;
  unsigned inside_ = 0;
  Quad d_[side][side];
};

struct Sums {
  float at[side][side][own][own];  // [·][·][tile][channel]
};

// One step's products of a thread: tiles from chunk_m, channels from chunk_n.
__device__ void multiply(Stage& stage, int chunk_m, int chunk_n, Sums& sums) {
#pragma unroll 1
  for (int k = 0; k < depth; ++k) {
    Quad g[2][2];
#pragma unroll
    for (int i = 0; i < 2; ++i)
#pragma unroll
      for (int j = 0; j < 2; ++j) g[i][j] = load_vec<Quad>(stage.g[i][j].at(k, chunk_n));
    const auto column = [&](int i, int j, int l) {  // i: g₀, g₀ + g₁, g₁ down the taps
      return i == 0 ? g[0][j].at[l] : i == 1 ? g[0][j].at[l] + g[1][j].at[l] : g[1][j].at[l];
    };
#pragma unroll
    for (int i = 0; i < side; ++i)
#pragma unroll
      for (int j = 0; j < side; ++j) {
        const Quad d = load_vec<Quad>(stage.d[i][j].at(k, chunk_m));
#pragma unroll
        for (int l = 0; l < own; ++l) {
          const float tap = j == 0 ? column(i, 0, l) : j == 1 ? column(i, 0, l) + column(i, 1, l) : column(i, 1, l);
#pragma unroll
          for (int t = 0; t < own; ++t) sums.at[i][j][t][l] = fma_rn(d.at[t], tap, sums.at[i][j][t][l]);
        }
      }
  }
}

__global__ void __launch_bounds__(threads, 2) dgrad_winograd(Conv2dProblem d, int tiles_m, const float* gy, const float* w, float* gx) {
  Storage& shared = shared_storage<Storage>();
  const Phase phase(d, static_cast<int>(blockIdx.y));
  const Tiling tiling(d.n, phase.rows.count, phase.cols.count);
  const int m0 = static_cast<int>(blockIdx.x) % tiles_m * tiles, n0 = static_cast<int>(blockIdx.x) / tiles_m * columns;
  if (m0 >= tiling.all) return;  // the grid is for the largest phase
  const int thread = static_cast<int>(threadIdx.x), warp = thread / 32, lane = thread % 32;
  const int chunk_m = warp / warps_n * 4 + lane / 8, chunk_n = warp % warps_n * 8 + lane % 8;
  const int staged = thread / 4, chunk = thread % 4;  // neighbours stage neighbouring channels of one tile
  Patch patch(d, phase, tiling, m0 + staged, 4 * chunk);

  const auto put_pixels = [&](Stage& stage) {
    patch.transform([&](int i, int j, int e) { return stage.d[i][j].at(4 * chunk + e, staged / 4) + staged % 4; });
  };
  const auto fill_taps = [&](Stage& stage, int step) {
#pragma unroll
    for (int i = 0; i < 2; ++i)
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        const int r = phase.rows.tap + (1 - i) * d.u, s = phase.cols.tap + (1 - j) * d.v;  // gx meets them backwards
#pragma unroll
        for (int l = 0; l < depth * chunks / threads; ++l) {
          const int row = thread / chunks + l * (threads / chunks), at = thread % chunks, k = step * depth + row, c = n0 + 4 * at;
          const bool inside = k < d.k && c < d.c;
          copy_async<16>(stage.g[i][j].at(row, at), inside ? w + ((k * d.r + r) * d.s + s) * d.c + c : w, inside);
        }
      }
    copy_async_commit();
  };

  Sums sums;
#pragma unroll
  for (int i = 0; i < side * side; ++i)
#pragma unroll
    for (int t = 0; t < own; ++t)
#pragma unroll
      for (int l = 0; l < own; ++l) sums.at[i / side][i % side][t][l] = 0;

  const int steps = (d.k + depth - 1) / depth;
  fill_taps(shared.stage[0], 0);
  patch.load(d, gy, 0);
  put_pixels(shared.stage[0]);
#pragma unroll 1
  for (int step = 0; step < steps; ++step) {
    Stage &now = shared.stage[step % 2], &next = shared.stage[(step + 1) % 2];
    copy_async_wait<0>();
    __syncthreads();  // this step is staged, and everyone has done with the one before
    const bool more = step + 1 < steps;
    if (more) {
      fill_taps(next, step + 1);
      patch.load(d, gy, step + 1);  // on their way while this step is multiplied
    }
    multiply(now, chunk_m, chunk_n, sums);
    if (more) put_pixels(next);
  }

  const int c = n0 + own * chunk_n;
  if (c >= d.c) return;
#pragma unroll
  for (int t = 0; t < own; ++t) {
    const int index = m0 + own * chunk_m + t;
    if (index >= tiling.all) return;
    const auto tile = tiling.tile(index);
    Quad y[2][2];
#pragma unroll
    for (int l = 0; l < own; ++l) {
      float x[2][side];
#pragma unroll
      for (int j = 0; j < side; ++j) {
        x[0][j] = sums.at[0][j][t][l] + sums.at[1][j][t][l];
        x[1][j] = sums.at[1][j][t][l] + sums.at[2][j][t][l];
      }
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        y[i][0].at[l] = x[i][0] + x[i][1];
        y[i][1].at[l] = x[i][1] + x[i][2];
      }
    }
#pragma unroll
    for (int i = 0; i < 2; ++i)
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        if (tile.row + i >= phase.rows.count || tile.col + j >= phase.cols.count) continue;
        const Phase::Pixel at{tile.n, phase.rows.first + (tile.row + i) * d.u, phase.cols.first + (tile.col + j) * d.v};
        store_vec(gx + phase.gx_offset(d, at) + c, y[i][j]);
      }
  }
}

void run(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Scratch, Stream stream) {
  const Tiling largest(p.n, (p.h + p.u - 1) / p.u, (p.w + p.v - 1) / p.v);
  const int tiles_m = static_cast<int>(blocks_for(largest.all, tiles)), tiles_n = static_cast<int>(blocks_for(p.c, columns));
  launch({.grid = dim3(static_cast<unsigned>(tiles_m * tiles_n), static_cast<unsigned>(p.u * p.v)),
          .block = threads,
          .shared_bytes = sizeof(Storage)},
         stream, dgrad_winograd, p, tiles_m, static_cast<const float*>(a.gy), static_cast<const float*>(a.w), static_cast<float*>(a.gx));
}

KERNEL_VARIANT(Conv2dDgrad, phases_winograd, 5, supports, no_scratch, run);

}  // namespace
}  // namespace duel
