// Mean and deviation of each channel of an output, found by the blocks that store it: each leaves those of its tile, and the last one to
// finish a column of tiles puts them together, in the order of the tiles.
//
// A tile's mean is taken first and its deviations from that, both from registers; tiles are joined in double. So a channel whose mean is
// far larger than its deviation keeps its variance, and the order of addition is a function of the problem alone.
#pragma once
#include "kernels/batch_norm/functions.h"
#include "kernels/last_block.h"
#include "kernels/normed_conv2d/normed_conv2d.h"

namespace duel {

// How a grid lays tiles over an output whose statistics are wanted.
struct TileGrid {
  int tiles, columns, width;  // along the pixels, along the channels, and channels a tile
};

inline size_t moments_bytes(const TileGrid& grid) {
  return static_cast<size_t>(grid.tiles) * static_cast<size_t>(grid.columns) * static_cast<size_t>(1 + 2 * grid.width) * sizeof(float);
}

class OutputStatistics {
 public:
  // pixels, channels: of the output.
  OutputStatistics(const NormedConv2dProblem& p, int64_t pixels, int channels, const TileGrid& grid, void* mean, void* invstd,
                   void* running_mean, void* running_var, void* tickets, void* scratch)
      : problem_(statistics_problem(p, pixels, channels)),
        grid_(grid),
        wanted_(p.statistics),
        mean_(static_cast<float*>(mean)),
        invstd_(static_cast<float*>(invstd)),
        running_mean_(static_cast<float*>(running_mean)),
        running_var_(static_cast<float*>(running_var)),
        tickets_(static_cast<unsigned*>(tickets)),
        filled_(static_cast<int*>(scratch)),
        moments_(reinterpret_cast<float*>(filled_ + grid.tiles * grid.columns)) {}

  static constexpr bool changes = false, looks = true;
  template <class Product>
  struct Shared {
    static constexpr int pitch = Product::n + 8;  // what a warp writes together lies in 32 banks
    alignas(16) float sums[Product::sharing][pitch];
    float mean[Product::n];
    double joined[2][Product::threads];
  };

  // A block's tile of the output: its number along the pixels and the channels, its first `rows` rows belong to `group`. All threads must
  // call, and the block ends behind it.
  template <class Product>
  __device__ void take(Shared<Product>& shared, typename Product::Sums& sums, int tile, int column, int rows, int group) const {
    if (!wanted_) return;
    using T = typename Product::T;
    const int thread = static_cast<int>(threadIdx.x);
#pragma unroll
    for (int i = 0; i < Product::own_rows; ++i)  // as they were stored
#pragma unroll
      for (int j = 0; j < Product::own_cols; ++j) {
        float& value = Product::own_value(sums, i, j);
        value = static_cast<float>(static_cast<T>(value));
      }
    const auto value = [&](int i, int j) { return Product::own_value(sums, i, j); };
    const auto add_up = [&](auto term) {  // Σ of a thread's rows, then of those that share its columns; of column `thread`
      __syncthreads();
#pragma unroll
      for (int j = 0; j < Product::own_cols; j += Product::piece) {
        float side_by_side[Product::piece] = {};
#pragma unroll
        for (int i = 0; i < Product::own_rows; ++i)
          if (Product::own_row(i) < rows)
#pragma unroll
            for (int e = 0; e < Product::piece; ++e) side_by_side[e] += term(i, j + e);
        put(&shared.sums[Product::sharer()][Product::own_col(j)], side_by_side);
      }
      __syncthreads();
      float sum = 0;
      if (thread < Product::n)
        for (int s = 0; s < Product::sharing; ++s) sum += shared.sums[s][thread];
      return sum;
    };
    const int at = column * grid_.tiles + tile;
    const float mean = add_up([&](int i, int j) { return value(i, j); }) / static_cast<float>(rows > 0 ? rows : 1);
    if (thread < Product::n) shared.mean[thread] = mean;
    const float deviations = add_up([&](int i, int j) {
      const float d = value(i, j) - shared.mean[Product::own_col(j)];
      return d * d;
    });
    if (thread < Product::n) {
      moments_[(2 * at) * Product::n + thread] = mean;
      moments_[(2 * at + 1) * Product::n + thread] = deviations;
    }
    if (thread == 0) filled_[at] = rows > 0 ? group << 8 | rows : 0;
    if (is_last_block(tickets_ + column, grid_.tiles)) join<Product>(shared, column);
  }
  HD int groups() const { return problem_.groups; }

 private:
  template <int count>
  static __device__ void put(float* to, const float (&values)[count]) {
    if constexpr (count == 1) {
      *to = values[0];
    } else {
      Pack<float, count> together;
#pragma unroll
      for (int e = 0; e < count; ++e) together.at[e] = values[e];
      store_vec(to, together);
    }
  }

  // Of one column of tiles: a run of tiles a thread and channel, the runs in order.
  template <class Product>
  __device__ void join(Shared<Product>& shared, int column) const {
    constexpr int runs = Product::threads / Product::n;
    static_assert(runs >= 1 && Product::threads % Product::n == 0 && Product::m < 256);
    const int thread = static_cast<int>(threadIdx.x), channel = column * Product::n + thread % Product::n, run = thread / Product::n;
    const int length = (grid_.tiles + runs - 1) / runs, first = column * grid_.tiles;
    const double rows = static_cast<double>(problem_.rows);
    double running_mean = 0, running_var = 0;
    const bool mine = run == 0 && channel < problem_.c;
    if (mine) running_mean = running_mean_[channel], running_var = running_var_[channel];
    for (int group = 0; group < problem_.groups; ++group) {
      double sum = 0, squares = 0;
#pragma unroll 2
      for (int at = first + run * length; at < first + min(grid_.tiles, (run + 1) * length); ++at) {
        const int filled = filled_[at];
        if (filled == 0 || filled >> 8 != group) continue;
        const double n = filled & 255, mean = moments_[(2 * at) * Product::n + thread % Product::n];
        sum += n * mean;
        squares += moments_[(2 * at + 1) * Product::n + thread % Product::n] + n * mean * mean;
      }
      shared.joined[0][thread] = sum, shared.joined[1][thread] = squares;
      __syncthreads();
      if (mine) {
        for (int r = 1; r < runs; ++r)
          sum += shared.joined[0][thread + r * Product::n], squares += shared.joined[1][thread + r * Product::n];
        const double mean = sum / rows;
        double deviations = squares - sum * mean;
        if (deviations < 0) deviations = 0;  // equal numbers can leave a rounding error below zero
        mean_[group * problem_.c + channel] = static_cast<float>(mean);
        invstd_[group * problem_.c + channel] = static_cast<float>(bn_invstd(deviations / rows, problem_.eps));
        running_mean = static_cast<float>(bn_running_mean(problem_, running_mean, mean));
        running_var = static_cast<float>(bn_running_var(problem_, running_var, deviations));
      }
      __syncthreads();
    }
    if (mine) running_mean_[channel] = static_cast<float>(running_mean), running_var_[channel] = static_cast<float>(running_var);
  }

  BatchNormProblem problem_;
  TileGrid grid_;
  bool wanted_;
  float *mean_, *invstd_, *running_mean_, *running_var_;
  unsigned* tickets_;
  int* filled_;     // [columns, tiles]: group · 256 + rows
  float* moments_;  // [columns, tiles, 2, width]
};

}  // namespace duel
