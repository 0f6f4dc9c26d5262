// The kernels that augment_images and replay_augmentation share.
#pragma once
#include "augment/pipeline/blur.h"
#include "augment/pipeline/source_window.h"
#include "augment/pipeline/statistics.h"
#include "augment/pipeline/types.h"
#include "kernels/launch.h"
#include "kernels/ptx/reduce.h"

namespace duel {

constexpr int augment_threads = 256;

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
    for (int64_t i = threadIdx.x; i < int64_t{pixels} * p.c; i += blockDim.x)
      if (const int place = static_cast<int>(i % p.c); place < places) atomicAdd(&storage.histogram[place][x[i]], 1);
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

template <class Y>
struct AugmentStorage {
  float record[most_record_floats];
  Applied applied;
  SourceWindow window;
  Y line[augment_threads / 32][3 * 32];  // what a warp has ready
  alignas(sector_bytes) unsigned char kept[SourceWindow::room];
};

// Tiles are about square, since what a square is read from after a rotation is small.
struct Tiling {
  static constexpr int pixels = 1024, widest = 64, granule = 16;  // sixteen pixels of three bf16 are whole sectors
  int columns, rows, across, down;
  HD explicit Tiling(const AugmentProblem& p) {
    across = (p.q + widest - 1) / widest;
    columns = across == 1 ? p.q : ((p.q + across - 1) / across + granule - 1) / granule * granule;
    across = (p.q + columns - 1) / columns;
    rows = pixels / columns;
    down = (p.p + rows - 1) / rows;
  }
  HD int count() const { return across * down; }
  HD Tile operator()(const AugmentProblem& p, int index) const {
    const int row = index / across * rows, column = index % across * columns;
    return {row, column, rows < p.p - row ? rows : p.p - row, columns < p.q - column ? columns : p.q - column};
  }
};

// The pixels of a tile. A warp writes what its lanes made in the order of memory, so that a store fills its sectors.
template <class X, class Y>
__device__ void augment_tile(const AugmentProblem& p, const Applied& a, const ImageStatistics* statistics, const WindowedImage<X>& x, Y* y,
                             const Tile& tile, Y* line) {
  const int pass = channels_a_pass(p.c), passes = p.c / pass, elements = tile.rows * tile.columns * passes;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  for (int begin = static_cast<int>(threadIdx.x) - lane; begin < elements; begin += augment_threads) {
    if (const int at = begin + lane; at < elements) {
      const int pixel = at / passes, from = (at - pixel * passes) * pass, i = pixel / tile.columns, j = pixel - i * tile.columns;
      float v[3];
      augment_pixel(p, a, statistics, x, tile.row + i, tile.column + j, from, pass, v);
      for (int k = 0; k < pass; ++k) line[lane * pass + k] = static_cast<Y>(v[k]);
    }
    __syncwarp();
    for (int k = lane; k < 32 * pass; k += 32) {
      const int at = begin + k / pass, pixel = at / passes, i = pixel / tile.columns, j = pixel - i * tile.columns;
      if (at < elements) y[(int64_t{tile.row + i} * p.q + tile.column + j) * p.c + (at - pixel * passes) * pass + k % pass] = line[k];
    }
    __syncwarp();
  }
}

// One block a tile of a sample: its threads fetch the sample's slots, one composes them, all apply them to a pixel each.
template <class X, class Y, class Slots>
__global__ void __launch_bounds__(augment_threads, 2)
    augment_samples(AugmentProblem p, Tiling tiling, Slots slots, const ImageStatistics* statistics, const X* images, Y* results) {
  AugmentStorage<Y>& storage = shared_storage<AugmentStorage<Y>>();
  const unsigned tiles = static_cast<unsigned>(tiling.count());
  const int64_t n = blockIdx.x / tiles;
  const int index = static_cast<int>(blockIdx.x % tiles), thread = static_cast<int>(threadIdx.x);
  const Tile tile = tiling(p, index);
  const X* x = images + n * p.h * p.w * p.c;
  if (thread < p.recipe.steps) slots(p, n, thread, storage.record + record_head + thread * slot_floats);
  if (thread == recipe_slots) slots.head(p, n, storage.record);
  __syncthreads();
  if (index == 0) slots.keep(p, n, storage.record);
  if (statistics) statistics += n;
  if (thread == 0) {
    compose(p, storage.record, statistics, storage.applied);
    place_window(p, storage.applied, x, tile, storage.window);
  }
  __syncthreads();
  fill_window(p, storage.window, x, images, images + p.source(), storage.kept);
  __syncthreads();
  augment_tile(p, storage.applied, statistics, WindowedImage<X>{x, p.w, p.c, storage.window, storage.kept}, results + n * p.p * p.q * p.c,
               tile, storage.line[thread / 32]);
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
  const Tiling tiling(p);
  const LaunchShape shape{.grid = static_cast<unsigned>(tiling.count()) * static_cast<unsigned>(p.n),
                          .block = augment_threads,
                          .shared_bytes = sizeof(AugmentStorage<Y>)};
  launch(shape, stream, augment_samples<X, Y, Slots>, p, tiling, slots, statistics, x, y);
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
