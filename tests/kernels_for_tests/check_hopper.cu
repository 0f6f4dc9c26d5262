// As check_probe.cu, for instructions of compute capability 9.0: each kernel has one fault, on the line that a comment marks with its name.
#include "tests/kernels_for_tests/check_kernel.h"

namespace duel {
namespace {

struct Guarded {
  float value[256];
  MBarrier barrier[2];
};

// ---- mbarriers ----

__global__ void write_after_mbarrier(const float* x, float* y, long long) {
  Guarded& shared = shared_storage<Guarded>();
  if (threadIdx.x == 0) mbarrier_init(shared.barrier[0], 32);
  __syncthreads();
  if (threadIdx.x < 32) {
    shared.value[threadIdx.x] = x[threadIdx.x];
    mbarrier_arrive(shared.barrier[0]);
    shared.value[threadIdx.x] = 0;  // write_after_mbarrier, other
  } else {
    mbarrier_wait(shared.barrier[0], 0);
    y[threadIdx.x] = shared.value[threadIdx.x - 32];  // write_after_mbarrier
  }
}
PROBE(write_after_mbarrier);
__global__ void other_mbarrier(const float* x, float* y, long long) {  // the reader waits at a barrier that another warp completes
  Guarded& shared = shared_storage<Guarded>();
  if (threadIdx.x == 0) mbarrier_init(shared.barrier[0], 32), mbarrier_init(shared.barrier[1], 32);
  __syncthreads();
  const unsigned warp = threadIdx.x / 32;
  if (warp == 0) shared.value[threadIdx.x] = x[threadIdx.x];  // other_mbarrier, other
  if (warp < 2) mbarrier_arrive(shared.barrier[warp]);
  if (warp == 2) {
    mbarrier_wait(shared.barrier[1], 0);
    y[threadIdx.x] = shared.value[threadIdx.x - 64];  // other_mbarrier
  }
}
PROBE(other_mbarrier);
__global__ void mbarrier_without_barrier(const float*, float* y,
                                         long long) {  // made by one thread, used by others that did not wait for it
  Guarded& shared = shared_storage<Guarded>();
  if (threadIdx.x == 0) mbarrier_init(shared.barrier[0], 64);  // mbarrier_without_barrier, other
  __shfl_sync(0xffffffffu, 1, 0);                              // keeps this block's lanes together, but orders nothing
  mbarrier_arrive(shared.barrier[0]);                          // mbarrier_without_barrier
  y[threadIdx.x] = 0;
}
PROBE(mbarrier_without_barrier);
__global__ void skipped_phase(const float* x, float* y, long long) {  // the reader waits for the phase before the one that it needs
  Guarded& shared = shared_storage<Guarded>();
  if (threadIdx.x == 0) mbarrier_init(shared.barrier[0], 32);
  __syncthreads();
  if (threadIdx.x < 32) {
    mbarrier_arrive(shared.barrier[0]);
    mbarrier_wait(shared.barrier[0], 0);
    shared.value[threadIdx.x] = x[threadIdx.x];  // skipped_phase   skipped_phase, other
    mbarrier_arrive(shared.barrier[0]);
  } else {
    mbarrier_wait(shared.barrier[0], 0);
    shared.value[threadIdx.x - 32] = 0;  // skipped_phase   skipped_phase, other
  }
  y[threadIdx.x] = 0;
}
PROBE(skipped_phase);
__global__ void mbarrier_chain(const float* x, float* y, long long) {  // no fault: warp 0 to 1, then 1 to 2
  Guarded& shared = shared_storage<Guarded>();
  if (threadIdx.x == 0) mbarrier_init(shared.barrier[0], 32), mbarrier_init(shared.barrier[1], 32);
  __syncthreads();
  const unsigned warp = threadIdx.x / 32;
  if (warp == 0) {
    shared.value[threadIdx.x] = x[threadIdx.x];
    mbarrier_arrive(shared.barrier[0]);
  } else if (warp == 1) {
    mbarrier_wait(shared.barrier[0], 0);
    mbarrier_arrive(shared.barrier[1]);
  } else {
    mbarrier_wait(shared.barrier[1], 0);
    y[threadIdx.x] = shared.value[threadIdx.x - 64];
  }
}
PROBE(mbarrier_chain);

}  // namespace
}  // namespace duel
