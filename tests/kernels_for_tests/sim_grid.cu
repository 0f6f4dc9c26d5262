// Blocks that are all there at once and meet at grid_sync().
#include "kernels/cooperative_launch.h"
#include "kernels/ptx/grid.h"
#include "tests/kernels_for_tests/sim_probe.h"

namespace duel {
namespace {

bool any(const SimProbe::Problem&) { return true; }
template <auto kernel, class Shared>
void run(const SimProbe::Problem& p, const SimProbe::Args& a, Scratch, Stream stream) {
  launch_cooperative({.grid = dim3(p.grid.x, p.grid.y, p.grid.z), .block = dim3(p.block.x), .shared_bytes = sizeof(Shared)}, stream, kernel,
                     static_cast<const float*>(a.in), static_cast<float*>(a.out));
}
#define GRID_PROBE(name)                       \
  constexpr auto run_##name = run<name, Kept>; \
  KERNEL_VARIANT(SimProbe, name, 1, any, no_scratch, run_##name)

struct Kept {
  float value[256], of_warp[8];
};
__device__ unsigned block_number() { return (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x; }
__device__ unsigned block_count() { return gridDim.x * gridDim.y * gridDim.z; }

// Three times over, each thread takes what the last but so many left in device memory; what it kept in its registers and in its block's
// shared memory is there behind the barriers. out[i] = in[n - 1 - i] + 3, out[n + i] = in[i].
__global__ void grid_exchange(const float* in, float* out) {
  Kept& kept = shared_storage<Kept>();
  const unsigned t = threadIdx.x, n = block_count() * blockDim.x, i = block_number() * blockDim.x + t;
  const float own = in[i];
  kept.value[t] = own;
  out[i] = own;
  for (int round = 0; round < 3; ++round) {
    grid_sync();
    const float other = out[n - 1 - i];
    grid_sync();
    out[i] = other + 1;
  }
  out[n + i] = kept.value[t ^ 1] == in[i ^ 1] ? own : -1;
}
GRID_PROBE(grid_exchange);

// Blocks pass different numbers of their own barriers on the way. out[block] is its sum, out[blocks + i] the sum of all, for each thread.
__global__ void grid_sums(const float* in, float* out) {
  Kept& kept = shared_storage<Kept>();
  const unsigned t = threadIdx.x, i = block_number() * blockDim.x + t;
  for (unsigned round = 0; round < block_number() % 3; ++round) __syncthreads();
  float sum = in[i];
  for (int by = 1; by < 32; by *= 2) sum += __shfl_xor_sync(0xffffffffu, sum, by);
  if (t % 32 == 0) kept.of_warp[t / 32] = sum;
  __syncthreads();
  if (t == 0) {
    sum = 0;
    for (unsigned warp = 0; warp < blockDim.x / 32; ++warp) sum += kept.of_warp[warp];
    out[block_number()] = sum;
  }
  grid_sync();
  float all = 0;
  for (unsigned block = 0; block < block_count(); ++block) all += out[block];
  out[block_count() + i] = all;
}
GRID_PROBE(grid_sums);

// As many blocks as the device says: out[0] of them have come, of out[1].
__global__ void grid_full(const float*, float* out) {
  if (threadIdx.x == 0) out[2 + blockIdx.x] = 1;
  grid_sync();
  if (blockIdx.x || threadIdx.x) return;
  float came = 0;
  for (unsigned block = 0; block < gridDim.x; ++block) came += out[2 + block];
  out[0] = came, out[1] = static_cast<float>(gridDim.x);
}
void run_full(const SimProbe::Problem& p, const SimProbe::Args& a, Scratch, Stream stream) {
  const size_t shared_bytes = 20 << 10;
  const int blocks = resident_blocks(grid_full, p.block.x, shared_bytes);
  launch_cooperative({.grid = dim3(static_cast<unsigned>(blocks)), .block = p.block.x, .shared_bytes = shared_bytes}, stream, grid_full,
                     static_cast<const float*>(a.in), static_cast<float*>(a.out));
}
KERNEL_VARIANT(SimProbe, grid_full, 1, any, no_scratch, run_full);

}  // namespace
}  // namespace duel
