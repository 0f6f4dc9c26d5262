// Copies from device to shared memory that go on while the thread does (PTX ISA: cp.async; compute capability 8.0).
//
//   copy_async<16>(to, from);            begins; 4, 8 or 16 bytes, both addresses multiples of that
//   copy_async<16>(to, from, inside);    writes zeros where `inside` is false, and does not read
//   copy_async_commit();                 closes a group
//   copy_async_wait<1>();                all of this thread's groups have landed, but for the newest 1
//
// Others see what a thread's copies wrote after its wait and a barrier. A copy that was not waited for may land at any time.
#pragma once
#include "kernels/ptx/device.h"

namespace duel {

#ifdef DUEL_SIM

template <int bytes>
DUEL_SIM_INLINE void copy_async(void* to, const void* from, sim::Site site = sim::Site::here()) {
  static_assert(bytes == 4 || bytes == 8 || bytes == 16, "an asynchronous copy moves 4, 8 or 16 bytes");
  sim::copy_async_begin(to, from, bytes, site);
}
template <int bytes>
DUEL_SIM_INLINE void copy_async(void* to, const void* from, bool inside, sim::Site site = sim::Site::here()) {
  static_assert(bytes == 4 || bytes == 8 || bytes == 16, "an asynchronous copy moves 4, 8 or 16 bytes");
  sim::copy_async_begin(to, inside ? from : nullptr, bytes, site);
}
DUEL_SIM_INLINE void copy_async_commit() { sim::copy_async_commit(); }
template <int newest>
DUEL_SIM_INLINE void copy_async_wait() {
  sim::copy_async_wait(newest);
}

#elif defined(__CUDACC__)

template <int bytes>
__device__ inline void copy_async(void* to, const void* from, bool inside) {
  static_assert(bytes == 4 || bytes == 8 || bytes == 16, "an asynchronous copy moves 4, 8 or 16 bytes");
  const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(to));
  const int read = inside ? bytes : 0;  // the rest is filled with zeros
  if constexpr (bytes == 16)            // past L1: what a block shares stands in its shared memory already
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(read) : "memory");
  else asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(at), "l"(from), "n"(bytes), "r"(read) : "memory");
}
template <int bytes>
__device__ inline void copy_async(void* to, const void* from) {
  static_assert(bytes == 4 || bytes == 8 || bytes == 16, "an asynchronous copy moves 4, 8 or 16 bytes");
  const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(to));
  if constexpr (bytes == 16) asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(at), "l"(from) : "memory");
  else asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(at), "l"(from), "n"(bytes) : "memory");
}
__device__ inline void copy_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int newest>
__device__ inline void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(newest) : "memory");
}

#endif

}  // namespace duel
