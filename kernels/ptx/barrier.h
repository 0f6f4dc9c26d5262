// Barriers among some of a block's warps (PTX ISA: barrier.cta). Numbers 1 to 15; complete when `threads`, a multiple of 32, have come.
//
//   barrier_sync(1, 64);      waits; what the others wrote before they came is then visible
//   barrier_arrive(1, 64);    counts, and goes on: for a producer that does not need to know
#pragma once
#include "kernels/ptx/device.h"

namespace duel {

#ifdef DUEL_SIM

DUEL_SIM_INLINE void barrier_sync(int id, int threads, sim::Site site = sim::Site::here()) { sim::named_barrier(id, threads, true, site); }
DUEL_SIM_INLINE void barrier_arrive(int id, int threads, sim::Site site = sim::Site::here()) {
  sim::named_barrier(id, threads, false, site);
}

#elif defined(__CUDACC__)

__device__ inline void barrier_sync(int id, int threads) { asm volatile("barrier.sync %0, %1;" ::"r"(id), "r"(threads) : "memory"); }
__device__ inline void barrier_arrive(int id, int threads) { asm volatile("barrier.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory"); }

#endif

}  // namespace duel
