// The simulated GPU's runtime, as a kernel file sees it: launches, shared memory, barriers, warp collectives.
//
// A CUDA thread is a fiber; a block's fibers share one OS thread; blocks are spread over OS threads. Threads of a block run one after the
// other, each until it has to wait, so a kernel without barriers costs about what the plain loop costs.
//
//   DUEL_SIM_SCHEDULE=forward | reverse | random:SEED    the order of blocks, warps and lanes: a result that depends on it is a bug
//   OMP_NUM_THREADS                                      the number of OS threads
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/sim/vector_types.h"

// The builtins. Real variables, so that a debugger prints them; initial-exec, because a kernel reads them at every index.
#define DUEL_SIM_BUILTIN extern thread_local constinit __attribute__((tls_model("initial-exec"), visibility("hidden")))
DUEL_SIM_BUILTIN uint3 threadIdx;
DUEL_SIM_BUILTIN uint3 blockIdx;
DUEL_SIM_BUILTIN dim3 blockDim;
DUEL_SIM_BUILTIN dim3 gridDim;
#undef DUEL_SIM_BUILTIN
constexpr int warpSize = 32;

// Device functions. The checker names the line of an access; inlined always, that line has the kernel's own behind it.
#ifdef DUEL_SIM_CHECKED
#define DUEL_SIM_INLINE __attribute__((always_inline)) inline
#define DUEL_SIM_UNCHECKED __attribute__((no_sanitize("thread")))  // copies a kernel's arguments, as the hardware does
#else
#define DUEL_SIM_INLINE inline
#define DUEL_SIM_UNCHECKED
#endif

namespace duel::sim {

// Where a thread waits, for reports: as a default argument it is the line of the call.
struct Site {
  const char* file;
  int line;
  static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
  bool operator==(const Site& o) const { return line == o.line && (file == o.file || !__builtin_strcmp(file, o.file)); }
};

enum class Barrier : int { plain, count, conjunction, disjunction };
enum class Collective : int {
  sync,
  shuffle,
  shuffle_up,
  shuffle_down,
  shuffle_xor,
  ballot,
  any,
  all,
  add,
  min_signed,
  max_signed,
  min_unsigned,
  max_unsigned,
  bit_and,
  bit_or,
  bit_xor,
  match_any,
  match_all,
  together
};

// Runs `thread(body)` for every thread of the grid. Throws what a lane threw; Error(device) for a shape no GPU takes (limits of compute
// capability 9.0), for barriers that part of a block never reaches, and for misuse of the calls below.
void launch_grid(dim3 grid, dim3 block, size_t shared_bytes, void (*thread)(void* body), void* body);

template <class F>
void run_grid(dim3 grid, dim3 block, size_t shared_bytes, F& body) {
  launch_grid(
      grid, block, shared_bytes, [](void* b) DUEL_SIM_UNCHECKED { (*static_cast<F*>(b))(); }, &body);
}

// This block's shared memory: 0xff bytes (NaN) until it is written.
void* shared_memory(size_t size, size_t align);

// Waits for every thread of the block that has not returned; then the number of threads whose predicate holds, or whether all or any do.
int block_barrier(Barrier kind, bool predicate, Site site);

// Waits for the lanes in `mask` that have not returned, each with the same call; then this lane's result. `source` is the lane a shuffle
// reads; a lane that takes no part has all bits set (undefined in CUDA), so that a result built on it shows.
uint64_t warp_collective(Collective kind, unsigned mask, uint64_t value, int source, Site site);

// What a warp does as one instruction: waits until all 32 lanes have come, then `compute` runs once, on what each lane brought.
struct WarpInstruction {
  const char* name;
  void (*compute)(void* const (&lanes)[32]);
};
void warp_together(const WarpInstruction& instruction, void* mine, Site site);

// Barriers 1 to 15 of the block (PTX ISA, barrier.cta): complete when `threads` of them, a multiple of 32, have come. A thread that only
// arrives goes on at once.
void named_barrier(int id, int threads, bool wait, Site site);

// Copies from device to shared memory that take effect when the thread waits for them, not before (PTX ISA, cp.async): commit() closes a
// group, wait() completes all groups but the `newest` ones. from: nullptr stands for zeros.
void copy_async_begin(void* to, const void* from, int bytes, Site site);
void copy_async_commit();
void copy_async_wait(int newest);

// A lane's share of a product, for the counters: a warp that multiplies 16×16 by 16×8 has 64 a lane.
#ifdef DUEL_SIM_CHECKED
void count_multiplies(int each, bool matrix);
#else
inline void count_multiplies(int, bool) {}
#endif

// Of the whole device: what the thread has written comes before what it writes next, for every block.
void fence();

int lane_id();
[[noreturn]] void misuse(const char* what, Site site);  // Error(device) with row, block and thread

}  // namespace duel::sim
