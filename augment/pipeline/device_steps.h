// The kernels that augment_images and replay_augmentation share.
#pragma once
#include "augment/pipeline/blur.h"
#include "augment/pipeline/statistics.h"
#include "augment/pipeline/types.h"
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

// Where a sample's slots come from: drawn, and then kept, or read.
struct DrawnSlots {
  const int32_t *epoch, *ids;
  const float* strength;
  float* records;  // kept here
  __device__ void operator()(const AugmentProblem& p, int64_t n, int slot, float* to) const {
    draw_slot(p.recipe, p.key(), static_cast<uint32_t>(*epoch), static_cast<uint32_t>(ids[n]), strength[slot], slot, to);
  }
  __device__ void head(const AugmentProblem&, int64_t n, float* to) const { draw_head(static_cast<uint32_t>(*epoch), ids[n], to); }
  __device__ void keep(const AugmentProblem& p, int64_t n, const float* record) const {
    for (int i = static_cast<int>(threadIdx.x); i < p.record_size(); i += blockDim.x) records[n * p.record_size() + i] = record[i];
  }
};
struct ReplayedSlots {
  const float* records;
  __device__ void operator()(const AugmentProblem& p, int64_t n, int slot, float* to) const {
    for (int i = 0; i < slot_floats; ++i) to[i] = records[n * p.record_size() + record_head + slot * slot_floats + i];
  }
  __device__ void head(const AugmentProblem& p, int64_t n, float* to) const {
    for (int i = 0; i < record_head; ++i) to[i] = records[n * p.record_size() + i];
  }
  __device__ void keep(const AugmentProblem&, int64_t, const float*) const {}
};

struct BlurStorage {
  BlurKernel kernel;
};
// One block a row of a sample; along the row (across) or along the column.
template <bool across, class X, class Slots>
__global__ void blur_rows(AugmentProblem p, int slot, Slots slots, const X* from, float* to) {
  BlurStorage& storage = shared_storage<BlurStorage>();
  const int64_t n = blockIdx.x / static_cast<unsigned>(p.h);
  const int row = static_cast<int>(blockIdx.x % static_cast<unsigned>(p.h));
  if (threadIdx.x == 0) {
    float values[slot_floats];
    slots(p, n, slot, values);
    storage.kernel = blur_kernel(values);
  }
  __syncthreads();
  const int64_t image = int64_t{p.h} * p.w * p.c;
  for (int i = static_cast<int>(threadIdx.x); i < p.w * p.c; i += blockDim.x)
    to[n * image + int64_t{row} * p.w * p.c + i] = blur_element<across>(p, storage.kernel, from + n * image, row, i / p.c, i % p.c);
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

// One block a tile of a sample: its threads fetch the sample's slots, one composes them, all apply them to a pixel each.
template <class X, class Y, class Slots>
__global__ void augment_samples(AugmentProblem p, int tiles, Slots slots, const ImageStatistics* statistics, const X* images, Y* results) {
  AugmentStorage& storage = shared_storage<AugmentStorage>();
  const int64_t n = blockIdx.x / static_cast<unsigned>(tiles);
  const int tile = static_cast<int>(blockIdx.x % static_cast<unsigned>(tiles)), thread = static_cast<int>(threadIdx.x);
  if (thread < p.recipe.steps) slots(p, n, thread, storage.record + record_head + thread * slot_floats);
  if (thread == recipe_slots) slots.head(p, n, storage.record);
  __syncthreads();
  if (tile == 0) slots.keep(p, n, storage.record);
  if (statistics) statistics += n;
  if (thread == 0) compose(p, storage.record, statistics, storage.applied);
  __syncthreads();
  augment_tile(p, storage.applied, statistics, images + n * p.h * p.w * p.c, results + n * p.p * p.q * p.c, tile);
}

inline int augment_tiles(const AugmentProblem& p) {
  const int64_t elements = int64_t{p.p} * p.q * (p.c / channels_a_pass(p.c));
  return static_cast<int>((elements + augment_threads * pixels_a_thread - 1) / (augment_threads * pixels_a_thread));
}
inline size_t statistics_bytes(const AugmentProblem& p) {
  return p.recipe.needs_statistics() ? static_cast<size_t>(p.n) * sizeof(ImageStatistics) : 0;
}
inline size_t augment_scratch(const AugmentProblem& p) {
  return statistics_bytes(p) + (p.recipe.has(AugOp::blur) ? 2 * static_cast<size_t>(p.source()) * sizeof(float) : 0);
}
// The blurred images, floats in [0, 1].
template <class X, class Slots>
const float* launch_blur(const AugmentProblem& p, const Slots& slots, const X* x, Scratch scratch, Stream stream) {
  float* half = reinterpret_cast<float*>(static_cast<char*>(scratch.data) + statistics_bytes(p));
  float* whole = half + p.source();
  const LaunchShape shape{
      .grid = static_cast<unsigned>(p.n) * static_cast<unsigned>(p.h), .block = 128, .shared_bytes = sizeof(BlurStorage)};
  launch(shape, stream, blur_rows<true, X, Slots>, p, blur_slot(p.recipe), slots, x, half);
  launch(shape, stream, blur_rows<false, float, Slots>, p, blur_slot(p.recipe), slots, static_cast<const float*>(half), whole);
  return whole;
}
template <class X>
const ImageStatistics* launch_statistics(const AugmentProblem& p, const X* x, Scratch scratch, Stream stream) {
  if (!p.recipe.needs_statistics()) return nullptr;
  ImageStatistics* statistics = static_cast<ImageStatistics*>(scratch.data);
  launch({.grid = static_cast<unsigned>(p.n), .block = augment_threads, .shared_bytes = sizeof(StatisticsStorage)}, stream,
         take_statistics<X>, p, x, statistics);
  return statistics;
}

template <class X, class Y, class Slots>
void launch_samples(const AugmentProblem& p, const Slots& slots, const ImageStatistics* statistics, const X* x, Y* y, Stream stream) {
  const int tiles = augment_tiles(p);
  launch(
      {.grid = static_cast<unsigned>(tiles) * static_cast<unsigned>(p.n), .block = augment_threads, .shared_bytes = sizeof(AugmentStorage)},
      stream, augment_samples<X, Y, Slots>, p, tiles, slots, statistics, x, y);
}

// The whole pipeline; scratch has augment_scratch(p).
template <class Slots>
void launch_pipeline(const AugmentProblem& p, const Slots& slots, const void* images, void* results, Scratch scratch, Stream stream) {
  if (p.n == 0) return;
  with_augment_types(p, [&](auto from, auto to) {
    using X = typename decltype(from)::type;
    const X* x = static_cast<const X*>(images);
    auto* y = static_cast<typename decltype(to)::type*>(results);
    const ImageStatistics* statistics = launch_statistics(p, x, scratch, stream);
    if (!p.recipe.has(AugOp::blur)) return launch_samples(p, slots, statistics, x, y, stream);
    AugmentProblem unit = p;  // blurred images are in [0, 1]
    unit.is_signed = false;
    launch_samples(unit, slots, statistics, launch_blur(p, slots, x, scratch, stream), y, stream);
  });
}

}  // namespace duel
