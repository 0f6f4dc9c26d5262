// Sums by channel over all samples, beside what a block does with each of its own: every thread adds up its pack's channels in shared
// memory, a block leaves its sums behind its last sample, and a second launch adds those up in order.
#pragma once
#include "kernels/sample_norm/kept_sample.h"

namespace duel::kept_sample {

template <class T, int sums>
struct ChannelShared {
  alignas(16) float of_thread[sums][most_threads * pack_elements<T>];  // of each row a float a channel, as in MeetingShared
};

template <class T, int sums>
class ChannelSums {
 public:
  static constexpr int V = pack_elements<T>, quads = V / 4;
  using Quad = Pack<float, 4>;

  __device__ ChannelSums(ChannelShared<T, sums>& shared, const Cut& cut, const Place& at) : shared_(shared), cut_(cut), at_(at) {
    for (int k = 0; k < sums; ++k)
      for (int q = 0; q < quads; ++q)
        if (at.row < cut.rows_at_once) store_vec(place(k, q), Quad{});
  }
  __device__ void add(const float (&values)[sums][V]) {
    if (at_.row >= cut_.rows_at_once) return;
    for (int k = 0; k < sums; ++k)
      for (int q = 0; q < quads; ++q) {
        Quad four = load_vec<Quad>(place(k, q));
        for (int e = 0; e < 4; ++e) four.at[e] += values[k][q * 4 + e];
        store_vec(place(k, q), four);
      }
  }
  // To of_blocks [blocks of the grid][sums][channels].
  __device__ void leave(float* of_blocks) const {
    const int columns = cut_.lanes * V;
    __syncthreads();
    for (int column = static_cast<int>(threadIdx.x); column < columns; column += static_cast<int>(blockDim.x)) {
      const int channel = column / 4 % cut_.lanes * V + column / 4 / cut_.lanes * 4 + column % 4;
      for (int k = 0; k < sums; ++k) {
        double total = 0;
        for (int row = 0; row < cut_.rows_at_once; ++row) total += static_cast<double>(shared_.of_thread[k][row * columns + column]);
        of_blocks[(int64_t{blockIdx.x} * sums + k) * columns + channel] = static_cast<float>(total);
      }
    }
  }

 private:
  __device__ float* place(int k, int q) const { return shared_.of_thread[k] + ((at_.row * quads + q) * cut_.lanes + at_.lane) * 4; }

  ChannelShared<T, sums>& shared_;
  const Cut& cut_;
  const Place& at_;
};

// Samples that are looked at at a time; each block goes on to others. Small blocks are more, up to eight a multiprocessor.
inline int64_t samples_at_once(const SampleNormProblem& p, const Cut& cut) {
  const int blocks = std::min(full_card * most_threads / cut.threads, 4 * full_card);
  return std::min<int64_t>(p.n, std::max(1, blocks / cut.blocks));
}
inline size_t channel_bytes(const SampleNormProblem& p, const Cut& cut, int sums) {
  return static_cast<size_t>(samples_at_once(p, cut) * cut.blocks * sums * p.c) * sizeof(float);
}

// A warp reads the sums of 32 columns of every 32nd block; the warps' own are added in order.
constexpr int add_warps = 32;
struct AddShared {
  double of_warp[add_warps][32];
};
template <int sums>
struct ChannelResults {
  float* of[sums];
};
template <int sums>
__global__ void __launch_bounds__(add_warps * 32) add_blocks(const float* of_blocks, int blocks, int c, ChannelResults<sums> to) {
  AddShared& shared = shared_storage<AddShared>();
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int column = static_cast<int>(blockIdx.x) * 32 + lane;
  double total = 0;
  if (column < sums * c) {
#pragma unroll 4
    for (int block = warp; block < blocks; block += add_warps) total += static_cast<double>(of_blocks[int64_t{block} * sums * c + column]);
  }
  shared.of_warp[warp][lane] = total;
  __syncthreads();
  if (warp != 0 || column >= sums * c) return;
  for (int w = 1; w < add_warps; ++w) total += shared.of_warp[w][lane];
  for (int k = 0; k < sums; ++k)
    if (column / c == k) to.of[k][column % c] = static_cast<float>(total);
}
template <int sums>
void add_channels(const SampleNormProblem& p, const Cut& cut, const float* of_blocks, const ChannelResults<sums>& to, Stream stream) {
  launch({.grid = blocks_for(sums * p.c, 32), .block = add_warps * 32, .shared_bytes = sizeof(AddShared)}, stream, add_blocks<sums>,
         of_blocks, static_cast<int>(samples_at_once(p, cut) * cut.blocks), static_cast<int>(p.c), to);
}

}  // namespace duel::kept_sample
