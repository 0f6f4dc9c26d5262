// Copies of whole blocks of bytes, and of boxes of tensors, that the copy engine makes while the threads go on (PTX ISA: cp.async.bulk,
// cp.async.bulk.tensor; compute capability 9.0). One thread begins a copy.
//
//   bulk_load(to, from, bytes, full);            device to shared memory; the bytes count at the mbarrier `full` (mbarrier_arrive_expect)
//   bulk_store(to, from, bytes);                 shared to device memory
//   tensor_load(to, map, full, {c0, c1});        the box at these coordinates, innermost first; those may lie outside, even below 0
//   tensor_store(map, from, {c0, c1});
//   bulk_commit();                               closes a group of this thread's stores
//   bulk_wait_read<1>();                         shared memory may be written again where all groups but the newest 1 took theirs from
//   bulk_wait<1>();                              and what they wrote can be read
//   fence_proxy_async();                         what this thread's stores to shared memory wrote, and what it has seen of others', bulk
//   copies
//                                                and wgmma see as well; afterwards a barrier, where another thread begins them
//
// Addresses and bytes are multiples of 16; a box lies in shared memory at a multiple of swizzle_period() (tensor_map.h). Where a load will
// land nothing may be touched until its mbarrier's phase is complete.
#pragma once
#include "kernels/ptx/mbarrier.h"
#include "kernels/tensor_map.h"
#ifdef DUEL_SIM
#include "kernels/sim/bulk_copy.h"
#endif

namespace duel {

#ifdef DUEL_SIM

DUEL_SIM_INLINE void bulk_load(void* to, const void* from, int bytes, MBarrier& barrier, sim::Site site = sim::Site::here()) {
  sim::bulk_load(to, from, bytes, &barrier, site);
}
DUEL_SIM_INLINE void bulk_store(void* to, const void* from, int bytes, sim::Site site = sim::Site::here()) {
  sim::bulk_store(to, from, bytes, site);
}
template <int rank>
DUEL_SIM_INLINE void tensor_load(void* to, const TensorMap& map, MBarrier& barrier, const int (&at)[rank],
                                 sim::Site site = sim::Site::here()) {
  sim::tensor_load(to, map, at, rank, &barrier, site);
}
template <int rank>
DUEL_SIM_INLINE void tensor_store(const TensorMap& map, const void* from, const int (&at)[rank], sim::Site site = sim::Site::here()) {
  sim::tensor_store(map, at, rank, from, site);
}
DUEL_SIM_INLINE void bulk_commit() { sim::bulk_commit(); }
template <int newest>
DUEL_SIM_INLINE void bulk_wait_read() {
  sim::bulk_wait(newest);
}
template <int newest>
DUEL_SIM_INLINE void bulk_wait() {
  sim::bulk_wait(newest);
}
DUEL_SIM_INLINE void fence_proxy_async() { sim::fence_proxy(); }

#elif defined(__CUDACC__)

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900

__device__ inline void bulk_load(void* to, const void* from, int bytes, MBarrier& barrier) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                   static_cast<unsigned>(__cvta_generic_to_shared(to))),
               "l"(__cvta_generic_to_global(from)), "r"(bytes), "r"(mbarrier_address(barrier))
               : "memory");
}
__device__ inline void bulk_store(void* to, const void* from, int bytes) {
  asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(__cvta_generic_to_global(to)),
               "r"(static_cast<unsigned>(__cvta_generic_to_shared(from))), "r"(bytes)
               : "memory");
}
#define DUEL_TENSOR_LOAD(dims, coordinates) \
  "cp.async.bulk.tensor." dims "d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {" coordinates "}], [%2];"
template <int rank>
__device__ inline void tensor_load(void* to, const TensorMap& map, MBarrier& barrier, const int (&at)[rank]) {
  static_assert(rank >= 1 && rank <= 5, "a tensor has 1 to 5 dimensions");
  const unsigned shared = static_cast<unsigned>(__cvta_generic_to_shared(to)), full = mbarrier_address(barrier);
  if constexpr (rank == 1) asm volatile(DUEL_TENSOR_LOAD("1", "%3")::"r"(shared), "l"(&map), "r"(full), "r"(at[0]) : "memory");
  else if constexpr (rank == 2)
    asm volatile(DUEL_TENSOR_LOAD("2", "%3,%4")::"r"(shared), "l"(&map), "r"(full), "r"(at[0]), "r"(at[1]) : "memory");
  else if constexpr (rank == 3)
    asm volatile(DUEL_TENSOR_LOAD("3", "%3,%4,%5")::"r"(shared), "l"(&map), "r"(full), "r"(at[0]), "r"(at[1]), "r"(at[2]) : "memory");
  else if constexpr (rank == 4)
    asm volatile(DUEL_TENSOR_LOAD("4", "%3,%4,%5,%6")::"r"(shared), "l"(&map), "r"(full), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3])
                 : "memory");
  else
    asm volatile(DUEL_TENSOR_LOAD("5", "%3,%4,%5,%6,%7")::"r"(shared), "l"(&map), "r"(full), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]),
                 "r"(at[4])
                 : "memory");
}
#undef DUEL_TENSOR_LOAD
#define DUEL_TENSOR_STORE(dims, coordinates) \
  "cp.async.bulk.tensor." dims "d.global.shared::cta.tile.bulk_group [%1, {" coordinates "}], [%0];"
template <int rank>
__device__ inline void tensor_store(const TensorMap& map, const void* from, const int (&at)[rank]) {
  static_assert(rank >= 1 && rank <= 5, "a tensor has 1 to 5 dimensions");
  const unsigned shared = static_cast<unsigned>(__cvta_generic_to_shared(from));
  if constexpr (rank == 1) asm volatile(DUEL_TENSOR_STORE("1", "%2")::"r"(shared), "l"(&map), "r"(at[0]) : "memory");
  else if constexpr (rank == 2) asm volatile(DUEL_TENSOR_STORE("2", "%2,%3")::"r"(shared), "l"(&map), "r"(at[0]), "r"(at[1]) : "memory");
  else if constexpr (rank == 3)
    asm volatile(DUEL_TENSOR_STORE("3", "%2,%3,%4")::"r"(shared), "l"(&map), "r"(at[0]), "r"(at[1]), "r"(at[2]) : "memory");
  else if constexpr (rank == 4)
    asm volatile(DUEL_TENSOR_STORE("4", "%2,%3,%4,%5")::"r"(shared), "l"(&map), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]) : "memory");
  else
    asm volatile(DUEL_TENSOR_STORE("5", "%2,%3,%4,%5,%6")::"r"(shared), "l"(&map), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]),
                 "r"(at[4])
                 : "memory");
}
#undef DUEL_TENSOR_STORE
__device__ inline void bulk_commit() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
template <int newest>
__device__ inline void bulk_wait_read() {
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(newest) : "memory");
}
template <int newest>
__device__ inline void bulk_wait() {
  asm volatile("cp.async.bulk.wait_group %0;" ::"n"(newest) : "memory");
}
__device__ inline void fence_proxy_async() { asm volatile("fence.proxy.async;" ::: "memory"); }

#else  // the row's supports() asks for compute capability 9.0

__device__ inline void bulk_load(void*, const void*, int, MBarrier&) { __trap(); }
__device__ inline void bulk_store(void*, const void*, int) { __trap(); }
template <int rank>
__device__ inline void tensor_load(void*, const TensorMap&, MBarrier&, const int (&)[rank]) {
  __trap();
}
template <int rank>
__device__ inline void tensor_store(const TensorMap&, const void*, const int (&)[rank]) {
  __trap();
}
__device__ inline void bulk_commit() { __trap(); }
template <int newest>
__device__ inline void bulk_wait_read() {
  __trap();
}
template <int newest>
__device__ inline void bulk_wait() {
  __trap();
}
__device__ inline void fence_proxy_async() { __trap(); }

#endif
#endif

}  // namespace duel
