// replay_augmentation, rung 1: as augment_images, with the slots read instead of drawn.
#include "augment/pipeline/device_steps.h"
#include "augment/pipeline/types.h"

namespace duel {
namespace {

bool supports(const AugmentProblem& p) { return augment_types(p); }

template <class X, class Y>
__global__ void replay_images(AugmentProblem p, int tiles, const float* records, const ImageStatistics* statistics, const X* images,
                              Y* results) {
  AugmentStorage& storage = shared_storage<AugmentStorage>();
  const int64_t n = blockIdx.x / static_cast<unsigned>(tiles);
  const int tile = static_cast<int>(blockIdx.x % static_cast<unsigned>(tiles)), thread = static_cast<int>(threadIdx.x);
  for (int i = thread; i < p.record_size(); i += augment_threads) storage.record[i] = records[n * p.record_size() + i];
  __syncthreads();
  if (statistics) statistics += n;
  if (thread == 0) compose(p, storage.record, statistics, storage.applied);
  __syncthreads();
  augment_tile(p, storage.applied, statistics, images + n * p.h * p.w * p.c, results + n * p.p * p.q * p.c, tile);
}

void run(const AugmentProblem& p, const ReplayAugmentation::Args& a, Scratch scratch, Stream stream) {
  if (p.n == 0) return;
  with_augment_types(p, [&](auto from, auto to) {
    using X = typename decltype(from)::type;
    using Y = typename decltype(to)::type;
    const X* x = static_cast<const X*>(a.x);
    const ImageStatistics* statistics = launch_statistics(p, x, scratch, stream);
    const int tiles = augment_tiles(p);
    const ReplayedSlots slots{static_cast<const float*>(a.record)};
    with_source(p, slots, x, scratch, stream, [&](auto* images, const AugmentProblem& q) {
      using S = std::remove_const_t<std::remove_pointer_t<decltype(images)>>;
      launch({.grid = static_cast<unsigned>(tiles) * static_cast<unsigned>(p.n),
              .block = augment_threads,
              .shared_bytes = sizeof(AugmentStorage)},
             stream, replay_images<S, Y>, q, tiles, slots.records, statistics, images, static_cast<Y*>(a.y));
    });
  });
}

KERNEL_VARIANT(ReplayAugmentation, one_launch, 1, supports, augment_scratch, run);

}  // namespace
}  // namespace duel
