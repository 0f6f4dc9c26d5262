// Misuse of the instructions of compute capability 9.0, as either simulated GPU reports it; a GPU would hang, trap or answer with nonsense.
#include "kernels/launch.h"
#include "kernels/ptx.h"
#include "tests/kernels_for_tests/sim_probe.h"

namespace duel {
namespace {

bool any(const SimFault::Problem&) { return true; }
template <auto kernel>
void run(const SimFault::Problem& p, const SimFault::Args& a, Scratch, Stream stream) {
  launch({.grid = dim3(p.grid.x, p.grid.y, p.grid.z), .block = dim3(p.block.x, p.block.y, p.block.z), .shared_bytes = p.shared_bytes},
         stream, kernel, static_cast<int*>(a.out));
}
#define FAULT(name) KERNEL_VARIANT(SimFault, name, 1, any, no_scratch, run<name>)

struct Storage {
  MBarrier barrier;
  int value[1022];
};
__device__ MBarrier& barrier_of(int arrivals) {
  MBarrier& barrier = shared_storage<Storage>().barrier;
  if (threadIdx.x == 0) mbarrier_init(barrier, arrivals);
  __syncthreads();
  return barrier;
}

__global__ void mbarrier_unmade(int*) { mbarrier_arrive(shared_storage<Storage>().barrier); }
FAULT(mbarrier_unmade);
__global__ void mbarrier_gone(int*) {
  MBarrier& barrier = barrier_of(32);
  if (threadIdx.x == 0) mbarrier_invalidate(barrier);
  __syncthreads();
  mbarrier_wait(barrier, 0);
}
FAULT(mbarrier_gone);
__global__ void mbarrier_made_twice(int*) {
  MBarrier& barrier = barrier_of(32);
  if (threadIdx.x == 5) mbarrier_init(barrier, 1);
}
FAULT(mbarrier_made_twice);
__global__ void mbarrier_for_none(int*) { barrier_of(0); }
FAULT(mbarrier_for_none);
__global__ void mbarrier_for_too_many(int*) { barrier_of(1 << 20); }
FAULT(mbarrier_for_too_many);
__global__ void mbarrier_elsewhere(int* out) { mbarrier_init(*reinterpret_cast<MBarrier*>(out), 1); }
FAULT(mbarrier_elsewhere);
__global__ void mbarrier_askew(int*) { mbarrier_init(*reinterpret_cast<MBarrier*>(shared_storage<Storage>().value + 1), 1); }
FAULT(mbarrier_askew);
__global__ void mbarrier_overwritten(int*) {
  MBarrier& barrier = barrier_of(32);
  if (threadIdx.x == 0) barrier.opaque = 7;
  __syncthreads();
  mbarrier_arrive(barrier);
}
FAULT(mbarrier_overwritten);
__global__ void mbarrier_one_too_many(int*) {  // the phase cannot end, because a byte is missing
  MBarrier& barrier = barrier_of(32);
  if (threadIdx.x == 0) mbarrier_expect(barrier, 1);
  __syncthreads();
  mbarrier_arrive(barrier);
  if (threadIdx.x == 3) mbarrier_arrive(barrier);
}
FAULT(mbarrier_one_too_many);
__global__ void mbarrier_too_many_bytes(int*) {
  MBarrier& barrier = barrier_of(1);
  if (threadIdx.x == 0) mbarrier_expect(barrier, 1 << 19), mbarrier_expect(barrier, 1 << 19);
}
FAULT(mbarrier_too_many_bytes);
__global__ void mbarrier_parity(int*) { mbarrier_wait(barrier_of(1), 2); }
FAULT(mbarrier_parity);
__global__ void mbarrier_lost(int*) {  // one arrival of 64 does not come
  MBarrier& barrier = barrier_of(64);
  if (threadIdx.x == 40) return;
  mbarrier_arrive(barrier);
  mbarrier_wait(barrier, 0);
}
FAULT(mbarrier_lost);
__global__ void mbarrier_bytes_lost(int*) {
  MBarrier& barrier = barrier_of(1);
  if (threadIdx.x == 0) mbarrier_arrive_expect(barrier, 4096);
  mbarrier_wait(barrier, 0);
}
FAULT(mbarrier_bytes_lost);

}  // namespace
}  // namespace duel
