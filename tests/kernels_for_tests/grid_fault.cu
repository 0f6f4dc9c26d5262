// Misuse of cooperative grids, as either simulated GPU reports it.
#include "kernels/cooperative_launch.h"
#include "kernels/ptx/grid.h"
#include "tests/kernels_for_tests/sim_probe.h"

namespace duel {
namespace {

bool any(const SimFault::Problem&) { return true; }
template <auto kernel>
void run(const SimFault::Problem& p, const SimFault::Args& a, Scratch, Stream stream) {
  launch_cooperative({.grid = dim3(p.grid.x), .block = dim3(p.block.x), .shared_bytes = p.shared_bytes}, stream, kernel,
                     static_cast<int*>(a.out));
}
#define FAULT(name) KERNEL_VARIANT(SimFault, name, 1, any, no_scratch, run<name>)

__global__ void grid_met(int* out) {  // no fault
  grid_sync();
  if (threadIdx.x == 0) out[blockIdx.x] = 1;
}
FAULT(grid_met);
void run_alone(const SimFault::Problem& p, const SimFault::Args& a, Scratch, Stream stream) {
  launch({.grid = dim3(p.grid.x), .block = dim3(p.block.x)}, stream, grid_met, static_cast<int*>(a.out));
}
KERNEL_VARIANT(SimFault, grid_not_cooperative, 1, any, no_scratch, run_alone);

__global__ void grid_block_left(int*) {
  if (blockIdx.x == 1) return;
  grid_sync();
}
FAULT(grid_block_left);
__global__ void grid_thread_left(int*) {
  if (threadIdx.x == 5) return;
  grid_sync();
}
FAULT(grid_thread_left);
__global__ void grid_block_left_later(int*) {  // between two barriers
  grid_sync();
  if (blockIdx.x == 2) return;
  grid_sync();
}
FAULT(grid_block_left_later);
__global__ void grid_split(int*) {
  if (threadIdx.x < 32) grid_sync();
  else __syncthreads();
}
FAULT(grid_split);
__global__ void grid_fails(int*) {  // block 1, while others rest
  grid_sync();
  if (blockIdx.x == 1) __shfl_sync(1u, 0, 0);
  grid_sync();
}
FAULT(grid_fails);

}  // namespace
}  // namespace duel
