// Barriers that are objects in shared memory.
#include "tests/kernels_for_tests/hopper_kernel.h"

namespace duel {
namespace {

struct Buffers {
  float value[2][32];
  MBarrier full[2], empty[2];
};

// One warp produces, another consumes, through two buffers: out[i] = a[i] + 1 for 512 floats in 16 tiles of 32; 64 threads. The consumer of
// a buffer arrives at `empty` by one of its lanes, for all of them, behind a __syncwarp().
__global__ void mbarrier_pipeline(int, const float* a, const float*, float* out) {
  Buffers& shared = shared_storage<Buffers>();
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  if (threadIdx.x == 0)
    for (int i = 0; i < 2; ++i) mbarrier_init(shared.full[i], 32), mbarrier_init(shared.empty[i], 1);
  __syncthreads();
  for (int tile = 0; tile < 16; ++tile) {
    const int buffer = tile % 2, phase = tile / 2 % 2;
    if (warp == 0) {
      mbarrier_wait(shared.empty[buffer], phase ^ 1);  // at once, the first time round
      shared.value[buffer][lane] = a[32 * tile + lane] + 1;
      mbarrier_arrive(shared.full[buffer]);
    } else {
      mbarrier_wait(shared.full[buffer], phase);
      out[32 * tile + lane] = shared.value[buffer][lane ^ 7];
      __syncwarp();
      if (lane == 0) mbarrier_arrive(shared.empty[buffer]);
    }
  }
}
HOPPER_PROBE(mbarrier_pipeline, Buffers, float, float);

// All threads meet as often as a[0] says; out[t] = how many phases thread t has seen complete, by trying again and again. Several arrivals
// in one call count as several; memory of a barrier that was given up serves as the next.
__global__ void mbarrier_meetings(int, const float* a, const float*, float* out) {
  Buffers& shared = shared_storage<Buffers>();
  const int threads = static_cast<int>(blockDim.x);
  if (threadIdx.x == 0) {
    mbarrier_init(shared.full[0], 1);
    mbarrier_invalidate(shared.full[0]);
    mbarrier_init(shared.full[0], 2 * threads);
  }
  __syncthreads();
  int seen = 0;
  for (int round = 0; round < static_cast<int>(a[0]); ++round) {
    mbarrier_arrive(shared.full[0], 2);
    while (!mbarrier_try_wait(shared.full[0], round % 2)) {
    }
    ++seen;
  }
  out[threadIdx.x] = static_cast<float>(seen);
}
HOPPER_PROBE(mbarrier_meetings, Buffers, float, float);

}  // namespace
}  // namespace duel
