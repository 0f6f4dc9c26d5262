// Cooperative grids on the simulated GPU: what kernels/cooperative_launch.h and kernels/ptx/grid.h call there.
#pragma once
#include <algorithm>
#include <exception>

#include "kernels/error.h"
#include "kernels/sim/runtime.h"

namespace duel::sim {

// How much of a grid is there at once. Eight multiprocessors of compute capability 9.0, by threads, blocks and shared memory; nobody counts
// registers. Each thread has a stack of the host's, of which it touches a page or two: 16,384 of them are some 100 MB.
constexpr int multiprocessors = 8, resident_threads = 2048, most_resident_blocks = 32;  // the latter two: of one multiprocessor
constexpr size_t resident_shared_bytes = 228 << 10, reserved_shared_bytes = 1 << 10;    // of one, and what each block takes besides its own
constexpr int max_resident_blocks = multiprocessors * most_resident_blocks;

inline int resident_blocks(unsigned threads, size_t shared_bytes) {
  if (threads == 0) fail(Failure::device, "[sim] resident_blocks() is asked for blocks of 0 threads; a block has at least one");
  const int by_threads = resident_threads / static_cast<int>((threads + 31) / 32 * 32);
  const int by_shared = static_cast<int>(resident_shared_bytes / (shared_bytes + reserved_shared_bytes));
  return multiprocessors * std::min({most_resident_blocks, by_threads, by_shared});
}

// As launch_grid(), with all blocks at once. Throws Error(device) where the grid has more than resident_blocks().
void launch_cooperative(dim3 grid, dim3 block, size_t shared_bytes, void (*thread)(void* body), void* body);

void grid_sync(Site site);

struct Launch;
// Runs it: every block up to the barrier, then every block on from there. Returns what went wrong, or nullptr.
std::exception_ptr run_resident(const Launch& launch);

}  // namespace duel::sim
