// Blocks that run together and reach each other's shared memory (PTX ISA: clusters, mapa, barrier.cluster, multicast; compute
// capability 9.0). Started by launch_clusters() (kernels/cluster_launch.h).
//
//   cluster_rank(), cluster_size()     of this block in its cluster; how many there are
//   cluster_arrive(); cluster_wait();  every thread of the cluster that has not returned comes; then all see what the others wrote before
//   cluster_sync();                    both
//   in_cluster(shared.value, 1)        the same place in the shared memory of block 1 (mapa): a pointer for plain loads, stores and atomics
//   mbarrier_arrive_at(full, 1);       arrives at that block's mbarrier; what the thread wrote before, those see who wait with
//   mbarrier_wait_cluster(full, 0);    as mbarrier_wait(), for arrivals from other blocks
//   tensor_load_multicast(to, map, full, {c0, c1}, 0b11);    tensor_load() to the same place of each block whose bit is set; its bytes
//   count at
//                                                            that block's own `full`
//
// No block may touch another's shared memory before that one runs, or after it returned: a kernel begins and ends with cluster_sync().
#pragma once
#include "kernels/ptx/bulk_copy.h"
#include "kernels/ptx/mbarrier.h"
#ifdef DUEL_SIM
#include "kernels/sim/cluster.h"
#endif

namespace duel {

#ifdef DUEL_SIM

DUEL_SIM_INLINE int cluster_rank() { return sim::cluster_rank(); }
DUEL_SIM_INLINE int cluster_size() { return sim::cluster_size(); }
DUEL_SIM_INLINE void cluster_arrive(sim::Site site = sim::Site::here()) { sim::cluster_arrive(site); }
DUEL_SIM_INLINE void cluster_wait(sim::Site site = sim::Site::here()) { sim::cluster_wait(site); }
DUEL_SIM_INLINE void cluster_sync(sim::Site site = sim::Site::here()) {
  sim::cluster_arrive(site);
  sim::cluster_wait(site);
}
template <class T>
DUEL_SIM_INLINE T* in_cluster(T* at, int rank, sim::Site site = sim::Site::here()) {
  return static_cast<T*>(sim::in_cluster(at, rank, site));
}
DUEL_SIM_INLINE void mbarrier_arrive_at(MBarrier& barrier, int rank, sim::Site site = sim::Site::here()) {
  sim::mbarrier_arrive_at(&barrier, rank, site);
}
DUEL_SIM_INLINE void mbarrier_wait_cluster(MBarrier& barrier, int parity, sim::Site site = sim::Site::here()) {
  sim::mbarrier_wait(&barrier, parity, site);
}
template <int rank>
DUEL_SIM_INLINE void tensor_load_multicast(void* to, const TensorMap& map, MBarrier& barrier, const int (&at)[rank], unsigned mask,
                                           sim::Site site = sim::Site::here()) {
  sim::tensor_multicast(to, map, at, rank, &barrier, mask, site);
}

#elif defined(__CUDACC__)

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900

__device__ inline int cluster_rank() {
  int rank;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}
__device__ inline int cluster_size() {
  int size;
  asm volatile("mov.u32 %0, %%cluster_nctarank;" : "=r"(size));
  return size;
}
__device__ inline void cluster_arrive() { asm volatile("barrier.cluster.arrive.release;" ::: "memory"); }
__device__ inline void cluster_wait() { asm volatile("barrier.cluster.wait.acquire;" ::: "memory"); }
template <class T>
__device__ T* in_cluster(T* at, int rank) {
  uint64_t mapped;
  asm volatile("mapa.u64 %0, %1, %2;" : "=l"(mapped) : "l"(at), "r"(rank));
  return reinterpret_cast<T*>(mapped);
}
__device__ inline void mbarrier_arrive_at(MBarrier& barrier, int rank) {
  asm volatile(
      "{\n .reg .b32 there;\n mapa.shared::cluster.u32 there, %0, %1;\n mbarrier.arrive.release.cluster.shared::cluster.b64 _, "
      "[there];\n}" ::"r"(mbarrier_address(barrier)),
      "r"(rank)
      : "memory");
}
__device__ inline bool mbarrier_try_wait_cluster(MBarrier& barrier, int parity) {
  unsigned complete;
  asm volatile("{\n .reg .pred p;\n mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [%1], %2;\n selp.u32 %0, 1, 0, p;\n}"
               : "=r"(complete)
               : "r"(mbarrier_address(barrier)), "r"(parity)
               : "memory");
  return complete != 0;
}
#define DUEL_MULTICAST(dims, coordinates)                                                                                               \
  "cp.async.bulk.tensor." dims "d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {" coordinates \
  "}], [%2], %3;"
template <int rank>
__device__ inline void tensor_load_multicast(void* to, const TensorMap& map, MBarrier& barrier, const int (&at)[rank], unsigned mask) {
  static_assert(rank >= 1 && rank <= 4, "a multicast is of a tensor of 1 to 4 dimensions");
  const unsigned shared = static_cast<unsigned>(__cvta_generic_to_shared(to)), full = mbarrier_address(barrier);
  const auto blocks = static_cast<uint16_t>(mask);
  if constexpr (rank == 1) asm volatile(DUEL_MULTICAST("1", "%4")::"r"(shared), "l"(&map), "r"(full), "h"(blocks), "r"(at[0]) : "memory");
  else if constexpr (rank == 2)
    asm volatile(DUEL_MULTICAST("2", "%4,%5")::"r"(shared), "l"(&map), "r"(full), "h"(blocks), "r"(at[0]), "r"(at[1]) : "memory");
  else if constexpr (rank == 3)
    asm volatile(DUEL_MULTICAST("3", "%4,%5,%6")::"r"(shared), "l"(&map), "r"(full), "h"(blocks), "r"(at[0]), "r"(at[1]), "r"(at[2])
                 : "memory");
  else
    asm volatile(DUEL_MULTICAST("4", "%4,%5,%6,%7")::"r"(shared), "l"(&map), "r"(full), "h"(blocks), "r"(at[0]), "r"(at[1]), "r"(at[2]),
                 "r"(at[3])
                 : "memory");
}
#undef DUEL_MULTICAST

#else  // the row's supports() asks for compute capability 9.0

__device__ inline int cluster_rank() { return 0; }
__device__ inline int cluster_size() { return 1; }
__device__ inline void cluster_arrive() { __trap(); }
__device__ inline void cluster_wait() { __trap(); }
template <class T>
__device__ T* in_cluster(T* at, int) {
  __trap();
  return at;
}
__device__ inline void mbarrier_arrive_at(MBarrier&, int) { __trap(); }
__device__ inline bool mbarrier_try_wait_cluster(MBarrier&, int) {
  __trap();
  return true;
}
template <int rank>
__device__ inline void tensor_load_multicast(void*, const TensorMap&, MBarrier&, const int (&)[rank], unsigned) {
  __trap();
}

#endif

__device__ inline void cluster_sync() {
  cluster_arrive();
  cluster_wait();
}
__device__ inline void mbarrier_wait_cluster(MBarrier& barrier, int parity) {
  while (!mbarrier_try_wait_cluster(barrier, parity)) {
  }
}

#endif

}  // namespace duel
