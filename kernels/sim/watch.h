// What the executor of blocks tells the checker. In the plain build each call is nothing.
#pragma once
#ifdef DUEL_SIM_CHECKED
#include "kernels/sim/checker/checker.h"
namespace duel::sim {
constexpr bool checked_build = true;
namespace watch = checker;
}  // namespace duel::sim
#else
#include <cstddef>
#include <cstdint>
#include <string>
namespace duel::sim {
constexpr bool checked_build = false;
struct Launch;
struct BulkCopy;
struct FlyingProduct;
namespace watch {
inline void launch_begins(const Launch&) {}
inline void launch_ends() {}
inline void launch_fails() noexcept {}
inline std::string found() { return {}; }
inline void block_begins(int, uint64_t, int, void*, size_t, int) {}
inline void block_goes_on(int) {}
inline void block_rests() {}
inline void grid_barrier(int) {}
inline void member_barrier() {}
inline void member_leaves(int) {}
inline void lane_runs(int, const void*, size_t) {}
inline void nobody_runs() {}
inline void block_barrier() {}
inline void warp_sync(int, uint32_t) {}
inline void named_arrive(int, int) {}
inline void named_pass(int, int) {}
inline void named_release(int) {}
inline void mbarrier_made(int, uintptr_t, uintptr_t) {}
inline void mbarrier_gone(uintptr_t, uintptr_t) {}
inline void mbarrier_touch(int, uintptr_t, uintptr_t) {}
inline void mbarrier_arrive(int, int) {}
inline void mbarrier_complete(int) {}
inline void mbarrier_pass(int, int) {}
inline void copy_begins(void*, const void*, size_t, uintptr_t) {}
inline void copy_lands(void*, size_t, uintptr_t) {}
inline void bulk_begins(const BulkCopy&) {}
inline void bulk_lands(const BulkCopy&) {}
inline void fence_proxy() {}
inline void product_begins(const FlyingProduct&, int) {}
inline void product_ends(const FlyingProduct&, int) {}
inline void registers_fly(int, bool) {}
inline void fence() {}
inline void block_ends() {}
}  // namespace watch
}  // namespace duel::sim
#endif
