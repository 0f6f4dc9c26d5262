// augment_images, rung 1: one launch a batch (one more where a step looks at the whole image first, two where one blurs it). A block takes
// a tile of one sample: its threads draw the sample's slots, one composes them, all apply them to a pixel each. Every block of a sample
// draws the same numbers again, which is cheaper than a launch. Bounded by the arithmetic of a pixel's place; the weights of its taps,
// whose number is known at run time, lie in local memory, where a rung for bilinear alone would not need it.
#include "augment/pipeline/device_steps.h"
#include "augment/pipeline/types.h"

namespace duel {
namespace {

bool supports(const AugmentProblem& p) { return augment_types(p); }

template <class X, class Y>
__global__ void augment_images(AugmentProblem p, int tiles, const int32_t* epoch, const int32_t* ids, const float* strength,
                               const ImageStatistics* statistics, const X* images, Y* results, float* records) {
  AugmentStorage& storage = shared_storage<AugmentStorage>();
  const int64_t n = blockIdx.x / static_cast<unsigned>(tiles);
  const int tile = static_cast<int>(blockIdx.x % static_cast<unsigned>(tiles)), thread = static_cast<int>(threadIdx.x);
  if (thread < p.recipe.steps)
    draw_slot(p.recipe, p.key(), static_cast<uint32_t>(*epoch), static_cast<uint32_t>(ids[n]), strength[thread], thread,
              storage.record + record_head + thread * slot_floats);
  if (thread == recipe_slots) draw_head(static_cast<uint32_t>(*epoch), ids[n], storage.record);
  __syncthreads();
  if (tile == 0)
    for (int i = thread; i < p.record_size(); i += augment_threads) records[n * p.record_size() + i] = storage.record[i];
  if (statistics) statistics += n;
  if (thread == 0) compose(p, storage.record, statistics, storage.applied);
  __syncthreads();
  augment_tile(p, storage.applied, statistics, images + n * p.h * p.w * p.c, results + n * p.p * p.q * p.c, tile);
}

void run(const AugmentProblem& p, const AugmentImages::Args& a, Scratch scratch, Stream stream) {
  if (p.n == 0) return;
  with_augment_types(p, [&](auto from, auto to) {
    using X = typename decltype(from)::type;
    using Y = typename decltype(to)::type;
    const X* x = static_cast<const X*>(a.x);
    const ImageStatistics* statistics = launch_statistics(p, x, scratch, stream);
    const int tiles = augment_tiles(p);
    const DrawnSlots slots{static_cast<const int32_t*>(a.epoch), static_cast<const int32_t*>(a.ids), static_cast<const float*>(a.strength)};
    with_source(p, slots, x, scratch, stream, [&](auto* images, const AugmentProblem& q) {
      using S = std::remove_const_t<std::remove_pointer_t<decltype(images)>>;
      launch({.grid = static_cast<unsigned>(tiles) * static_cast<unsigned>(p.n),
              .block = augment_threads,
              .shared_bytes = sizeof(AugmentStorage)},
             stream, augment_images<S, Y>, q, tiles, slots.epoch, slots.ids, slots.strength, statistics, images, static_cast<Y*>(a.y),
             static_cast<float*>(a.record));
    });
  });
}

KERNEL_VARIANT(AugmentImages, one_launch, 1, supports, augment_scratch, run);

}  // namespace
}  // namespace duel
