// The kernels that augment_images and replay_augmentation share.
#pragma once
#include "augment/pipeline/statistics.h"
#include "kernels/launch.h"
#include "kernels/ptx/reduce.h"

namespace duel {

constexpr int augment_threads = 256, pixels_a_thread = 4;

struct StatisticsStorage {
  int histogram[statistics_places][256];
  double sums[32];
  float ends[32];
};

// One block a sample.
template <class T>
__global__ void take_statistics(AugmentProblem p, const T* images, ImageStatistics* statistics) {
  StatisticsStorage& storage = shared_storage<StatisticsStorage>();
  const int pixels = p.h * p.w, places = places_of(p.c);
  const T* x = images + int64_t{blockIdx.x} * pixels * p.c;
  ImageStatistics& out = statistics[blockIdx.x];
  if constexpr (sizeof(T) == 1) {
    for (int b = static_cast<int>(threadIdx.x); b < places * 256; b += blockDim.x) storage.histogram[b / 256][b % 256] = 0;
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < pixels; i += blockDim.x)
      for (int place = 0; place < places; ++place) atomicAdd(&storage.histogram[place][x[int64_t{i} * p.c + place]], 1);
    __syncthreads();
    const int place = static_cast<int>(threadIdx.x);
    if (place < places) statistics_of_histogram(storage.histogram[place], pixels, place, out);
  } else {
    for (int place = 0; place < places; ++place) {
      double sum = 0;
      float low = static_cast<float>(x[place]), high = low;
      for (int i = static_cast<int>(threadIdx.x); i < pixels; i += blockDim.x) {
        const float v = static_cast<float>(x[int64_t{i} * p.c + place]);
        sum += static_cast<double>(v), low = v < low ? v : low, high = v > high ? v : high;
      }
      sum = block_sum(sum, storage.sums);
      high = block_max(high, storage.ends);
      low = -block_max(-low, storage.ends);
      if (threadIdx.x == 0) statistics_of_floats(p, sum, low, high, pixels, place, out);
    }
  }
}

struct AugmentStorage {
  float record[most_record_floats];
  Applied applied;
};

// The pixels of this block's tile of its sample.
template <class X, class Y>
__device__ void augment_tile(const AugmentProblem& p, const Applied& a, const ImageStatistics* statistics, const X* x, Y* y, int tile) {
  const int pass = channels_a_pass(p.c), passes = p.c / pass, elements = p.p * p.q * passes;
  const int begin = tile * augment_threads * pixels_a_thread;
  for (int at = begin + static_cast<int>(threadIdx.x); at < begin + augment_threads * pixels_a_thread && at < elements;
       at += augment_threads) {
    const int pixel = at / passes, from = (at - pixel * passes) * pass, i = pixel / p.q;
    float v[3];
    augment_pixel(p, a, statistics, x, i, pixel - i * p.q, from, pass, v);
    for (int k = 0; k < pass; ++k) y[int64_t{pixel} * p.c + from + k] = static_cast<Y>(v[k]);
  }
}

inline int augment_tiles(const AugmentProblem& p) {
  const int64_t elements = int64_t{p.p} * p.q * (p.c / channels_a_pass(p.c));
  return static_cast<int>((elements + augment_threads * pixels_a_thread - 1) / (augment_threads * pixels_a_thread));
}
inline size_t statistics_scratch(const AugmentProblem& p) {
  return p.recipe.needs_statistics() ? static_cast<size_t>(p.n) * sizeof(ImageStatistics) : 0;
}
template <class X>
const ImageStatistics* launch_statistics(const AugmentProblem& p, const X* x, Scratch scratch, Stream stream) {
  if (!p.recipe.needs_statistics()) return nullptr;
  ImageStatistics* statistics = static_cast<ImageStatistics*>(scratch.data);
  launch({.grid = static_cast<unsigned>(p.n), .block = augment_threads, .shared_bytes = sizeof(StatisticsStorage)}, stream,
         take_statistics<X>, p, x, statistics);
  return statistics;
}

}  // namespace duel
