// Barriers that are objects in shared memory, and count arrivals of threads as well as bytes of bulk copies (PTX ISA: mbarrier; compute
// capability 9.0).
//
//   MBarrier full;                     // a member of the kernel's shared storage
//   mbarrier_init(full, 1);            one thread: a phase is complete after 1 arrival, 1 to 2²⁰ − 1
//   fence_proxy_async();               that thread, where bulk copies will name the barrier (bulk_copy.h); then __syncthreads()
//   mbarrier_arrive(full);             what the thread wrote before, those see who wait for this phase; a second argument: so many at once
//   mbarrier_arrive_expect(full, n);   arrives, and the phase is complete only after n more bytes of bulk copies, 0 to 2²⁰ − 1
//   mbarrier_expect(full, n);          the same without arriving
//   mbarrier_wait(full, parity);       until the phase of that parity is complete: 0 for the first, 1 for the second, 0 for the third, …
//   mbarrier_invalidate(full);         before its memory serves anything else
//
// mbarrier_wait() with the other parity than the running phase's returns at once: on a fresh barrier, parity 1 does. mbarrier_try_wait()
// may give up after a while and says whether the phase is complete; the simulated device waits for as long as it takes.
#pragma once
#include <cstdint>

#include "kernels/ptx/device.h"
#ifdef DUEL_SIM
#include "kernels/sim/mbarrier.h"
#endif

namespace duel {

struct MBarrier {
  uint64_t opaque;
};

#ifdef DUEL_SIM

DUEL_SIM_INLINE void mbarrier_init(MBarrier& barrier, int count, sim::Site site = sim::Site::here()) {
  sim::mbarrier_init(&barrier, count, site);
}
DUEL_SIM_INLINE void mbarrier_invalidate(MBarrier& barrier, sim::Site site = sim::Site::here()) {
  sim::mbarrier_invalidate(&barrier, site);
}
DUEL_SIM_INLINE void mbarrier_arrive(MBarrier& barrier, int count = 1, sim::Site site = sim::Site::here()) {
  sim::mbarrier_arrive(&barrier, count, 0, site);
}
DUEL_SIM_INLINE void mbarrier_arrive_expect(MBarrier& barrier, int bytes, sim::Site site = sim::Site::here()) {
  sim::mbarrier_arrive(&barrier, 1, bytes, site);
}
DUEL_SIM_INLINE void mbarrier_expect(MBarrier& barrier, int bytes, sim::Site site = sim::Site::here()) {
  sim::mbarrier_arrive(&barrier, 0, bytes, site);
}
DUEL_SIM_INLINE void mbarrier_wait(MBarrier& barrier, int parity, sim::Site site = sim::Site::here()) {
  sim::mbarrier_wait(&barrier, parity, site);
}
DUEL_SIM_INLINE bool mbarrier_try_wait(MBarrier& barrier, int parity, sim::Site site = sim::Site::here()) {
  sim::mbarrier_wait(&barrier, parity, site);
  return true;
}

#elif defined(__CUDACC__)

__device__ inline unsigned mbarrier_address(const MBarrier& barrier) { return static_cast<unsigned>(__cvta_generic_to_shared(&barrier)); }

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900

__device__ inline void mbarrier_init(MBarrier& barrier, int count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(mbarrier_address(barrier)), "r"(count) : "memory");
}
__device__ inline void mbarrier_invalidate(MBarrier& barrier) {
  asm volatile("mbarrier.inval.shared::cta.b64 [%0];" ::"r"(mbarrier_address(barrier)) : "memory");
}
__device__ inline void mbarrier_arrive(MBarrier& barrier, int count = 1) {
  asm volatile("mbarrier.arrive.release.cta.shared::cta.b64 _, [%0], %1;" ::"r"(mbarrier_address(barrier)), "r"(count) : "memory");
}
__device__ inline void mbarrier_arrive_expect(MBarrier& barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.release.cta.shared::cta.b64 _, [%0], %1;" ::"r"(mbarrier_address(barrier)), "r"(bytes)
               : "memory");
}
__device__ inline void mbarrier_expect(MBarrier& barrier, int bytes) {
  asm volatile("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%0], %1;" ::"r"(mbarrier_address(barrier)), "r"(bytes) : "memory");
}
__device__ inline bool mbarrier_try_wait(MBarrier& barrier, int parity) {
  unsigned complete;
  asm volatile("{\n .reg .pred p;\n mbarrier.try_wait.parity.acquire.cta.shared::cta.b64 p, [%1], %2;\n selp.u32 %0, 1, 0, p;\n}"
               : "=r"(complete)
               : "r"(mbarrier_address(barrier)), "r"(parity)
               : "memory");
  return complete != 0;
}

#else  // the row's supports() asks for compute capability 9.0

__device__ inline void mbarrier_init(MBarrier&, int) { __trap(); }
__device__ inline void mbarrier_invalidate(MBarrier&) { __trap(); }
__device__ inline void mbarrier_arrive(MBarrier&, int = 1) { __trap(); }
__device__ inline void mbarrier_arrive_expect(MBarrier&, int) { __trap(); }
__device__ inline void mbarrier_expect(MBarrier&, int) { __trap(); }
__device__ inline bool mbarrier_try_wait(MBarrier&, int) {
  __trap();
  return true;
}

#endif

__device__ inline void mbarrier_wait(MBarrier& barrier, int parity) {
  while (!mbarrier_try_wait(barrier, parity)) {
  }
}

#endif

}  // namespace duel
