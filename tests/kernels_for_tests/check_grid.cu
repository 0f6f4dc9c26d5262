// As check_probe.cu, for cooperative grids: each kernel has one fault, on the line that a comment marks with its name.
#include "kernels/cooperative_launch.h"
#include "kernels/ptx/grid.h"
#include "tests/kernels_for_tests/check_kernel.h"

namespace duel {
namespace {

template <auto kernel>
void run_grid(const CheckProbe::Problem& p, const CheckProbe::Args& a, Scratch, Stream stream) {
  launch_cooperative({.grid = dim3(p.grid.x), .block = dim3(p.block.x), .shared_bytes = p.shared_bytes}, stream, kernel,
                     static_cast<const float*>(a.x), static_cast<float*>(a.y));
}
#define GRID_PROBE(name)                      \
  constexpr auto run_##name = run_grid<name>; \
  KERNEL_VARIANT(CheckProbe, name, 1, any, no_scratch, run_##name)

enum class Between { nothing, block_barrier, grid_barrier };

// Each block takes what another one wrote, and writes it in place of its own.
template <Between first, Between second>
__device__ void turn_round(const float* x, float* y) {
  const unsigned n = gridDim.x * blockDim.x, i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = x[i];  // grid_no_barrier, other   grid_block_barrier, other
  if (first == Between::block_barrier) __syncthreads();
  if (first == Between::grid_barrier) grid_sync();
  const float other = y[n - 1 - i];  // grid_no_barrier   grid_block_barrier   grid_too_soon, other
  if (second == Between::grid_barrier) grid_sync();
  y[i] = other;  // grid_too_soon
}
__global__ void grid_no_barrier(const float* x, float* y) { turn_round<Between::nothing, Between::grid_barrier>(x, y); }
GRID_PROBE(grid_no_barrier);
__global__ void grid_block_barrier(const float* x, float* y) { turn_round<Between::block_barrier, Between::grid_barrier>(x, y); }
GRID_PROBE(grid_block_barrier);
__global__ void grid_too_soon(const float* x, float* y) { turn_round<Between::grid_barrier, Between::nothing>(x, y); }
GRID_PROBE(grid_too_soon);
__global__ void grid_clean(const float* x, float* y) { turn_round<Between::grid_barrier, Between::grid_barrier>(x, y); }  // no fault
GRID_PROBE(grid_clean);

// The second barrier of a grid orders what lies between the two, not what follows.
template <bool third>
__device__ void write_again(const float* x, float* y) {
  const unsigned n = gridDim.x * blockDim.x, i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = x[i];
  grid_sync();
  const float other = y[n - 1 - i];
  grid_sync();
  y[i] = other;  // grid_written_again
  if (third) grid_sync();
  if (blockIdx.x == 0) y[i] = y[n - 1 - i];  // grid_written_again, other
}
__global__ void grid_written_again(const float* x, float* y) { write_again<false>(x, y); }
GRID_PROBE(grid_written_again);
__global__ void grid_written_in_order(const float* x, float* y) { write_again<true>(x, y); }  // no fault
GRID_PROBE(grid_written_in_order);

// Shared memory is each block's own, across the barrier too.
template <bool all>
__device__ void keep(const float* x, float* y) {
  Tile& tile = shared_storage<Tile>();
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (all || blockIdx.x != 1) tile.value[threadIdx.x] = x[i];
  grid_sync();
  y[i] = tile.value[threadIdx.x ^ 1];  // grid_not_kept
}
__global__ void grid_not_kept(const float* x, float* y) { keep<false>(x, y); }
GRID_PROBE(grid_not_kept);
__global__ void grid_kept(const float* x, float* y) { keep<true>(x, y); }  // no fault
GRID_PROBE(grid_kept);

// A copy goes on across the barrier.
template <bool waits>
__device__ void copy(const float* x, float* y) {
  Tile& tile = shared_storage<Tile>();
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  copy_async<4>(&tile.value[threadIdx.x], x + i);
  copy_async_commit();
  grid_sync();
  if (waits) copy_async_wait<0>();
  y[i] = tile.value[threadIdx.x];  // grid_copy_flies
}
__global__ void grid_copy_flies(const float* x, float* y) { copy<false>(x, y); }
GRID_PROBE(grid_copy_flies);
__global__ void grid_copy_lands(const float* x, float* y) { copy<true>(x, y); }  // no fault
GRID_PROBE(grid_copy_lands);

}  // namespace
}  // namespace duel
