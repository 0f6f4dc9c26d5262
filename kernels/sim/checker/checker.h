// The checked GPU's view of a running launch. The executor of blocks says who runs; the compiler's hooks (hooks.cpp) bring every load and
// store of a kernel, with its address and program counter.
//
// An access is classified by its address. The lane's own stack and the built-in variables are a GPU's registers: not looked at. Device and
// shared memory are checked for alignment, bounds, values that nothing wrote, and races. Anything else is host memory, which no kernel may
// touch. A report does not stop the lane, except where the access itself would crash; the launch throws when its last block has run.
#pragma once
#include <string>

#include "kernels/sim/checker/arena.h"
#include "kernels/sim/checker/counters.h"
#include "kernels/sim/checker/order.h"

namespace duel::sim {
struct Launch;
struct BulkCopy;
struct FlyingProduct;
}  // namespace duel::sim

namespace duel::sim::checker {

// The lane that runs on this OS thread, for the hooks' first look. Not active: host code, or a thread without a launch.
struct Running {
  bool active = false;
  uintptr_t stack = 0;
  size_t stack_bytes = 0;
  bool registers_fly = false;  // some of its variables are accumulators on their way
};
extern thread_local constinit __attribute__((tls_model("initial-exec"))) Running running;

// Called by the executor of blocks.
void launch_begins(const Launch& launch);  // waits for a launch of another thread: blocks run one after the other
void launch_ends();                        // throws Error(device) with what was found
void launch_fails() noexcept;              // in place of launch_ends(), when another error is on its way
std::string found();                       // what was found so far, to go with another error; empty when nothing
// Or a cluster of so many blocks. slot: the executor's, of which a cooperative grid has one for each block.
void block_begins(int slot, uint64_t number, int threads, void* shared, size_t shared_bytes, int members);
void block_goes_on(int slot);    // also when it has just begun, or ends
void block_rests();              // all its threads are at the grid's barrier
void grid_barrier(int blocks);   // all its blocks are
void member_barrier();           // a __syncthreads() of a block of a cluster is complete
void member_leaves(int member);  // all threads of a cluster's block have returned
void lane_runs(int thread, const void* stack, size_t stack_bytes);
void nobody_runs();
void block_barrier();
void warp_sync(int first_thread, uint32_t lanes);
void named_arrive(int id, int thread);
void named_pass(int id, int thread);
void named_release(int id);
void mbarrier_made(int slot, uintptr_t at, uintptr_t pc);
void mbarrier_gone(uintptr_t at, uintptr_t pc);
void mbarrier_touch(int slot, uintptr_t at, uintptr_t pc);  // by an arrival or a wait
void mbarrier_arrive(int slot, int thread);
void mbarrier_complete(int slot);
void mbarrier_pass(int slot, int thread);
void copy_begins(void* to, const void* from, size_t bytes, uintptr_t pc);
void copy_lands(void* to, size_t bytes, uintptr_t pc);
void bulk_begins(const BulkCopy& copy);
void bulk_lands(const BulkCopy& copy);
void fence_proxy();
void product_begins(const FlyingProduct& product, int first);  // first thread of its warpgroup
void product_ends(const FlyingProduct& product, int first);
void registers_fly(int first, bool any);
void fence();
void block_ends();

void count_begin(CountsVisitor visitor, void* user);
void count_end();

void count_multiplies(uintptr_t pc, int each, bool matrix);

// Called by the hooks and by what stands in for hooks. `pc`: where in the kernel.
void touch(uintptr_t at, size_t bytes, Kind kind, uintptr_t pc);        // up to 16 bytes at their natural alignment
void bad_index(const char* array, unsigned long index, uintptr_t pc);   // outside an array of constant length
void touch_range(uintptr_t at, size_t bytes, Kind kind, uintptr_t pc);  // any length, no alignment

}  // namespace duel::sim::checker
