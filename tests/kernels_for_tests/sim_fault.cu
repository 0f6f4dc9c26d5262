// Kernels that a GPU would hang on, or answer with nonsense: the simulated one has to say what is wrong. For the simulated GPU only.
#include "kernels/launch.h"
#include "kernels/ptx.h"
#include "tests/kernels_for_tests/sim_probe.h"

namespace duel {
namespace {

bool any(const SimFault::Problem&) { return true; }

// Destroyed even in lanes that wait for ever: each adds one to what `at` points to.
struct Tell {
  int* at;
  ~Tell() { atomicAdd(at, 1); }
};

__global__ void nothing_kernel(int*) {}
__global__ void split_kernel(int* out) {
  const Tell tell{out};
  if (threadIdx.x < 32) __syncthreads();
  else __syncthreads();
}
__global__ void lost_kernel(int* out) {
  const Tell tell{out};
  if (threadIdx.x >= 80) return;
  if (threadIdx.x < 16) __shfl_sync(0xffffffffu, 1, 0);
  else __syncthreads();
}
__global__ void mixed_kernel(int* out) {
  if (threadIdx.x % 2) __ballot_sync(0xffffffffu, 1);
  else __any_sync(0xffffffffu, 1);
  *out = 1;
}
__global__ void unnamed_kernel(int*) { __syncwarp(threadIdx.x == 9 ? 0xffu : 1u << threadIdx.x); }
__global__ void throws_kernel(int* out) {
  const Tell tell{out};
  if (threadIdx.x == 3 && blockIdx.x >= 2) fail(Failure::numeric, "thrown in block " + std::to_string(blockIdx.x));
  __syncthreads();
}
__global__ void shared_kernel(int*) {
  struct Storage {
    char bytes[4096];
  };
  shared_storage<Storage>().bytes[threadIdx.x] = 0;
}
__global__ void misaligned_kernel(int* out) { store_vec(out + 1, make_int4(1, 2, 3, 4)); }
__global__ void nested_kernel(int* out) { launch({.grid = 1, .block = 1}, {}, nothing_kernel, out); }
__global__ void width_kernel(int* out) { *out = __shfl_sync(0xffffffffu, 1, 0, 12); }
__global__ void trap_kernel(int*) {
  if (threadIdx.x == 1) __trap();
}
struct Unwritten {
  int value[4];
};
__global__ void unwritten_kernel(int* out) {
  out[0] = shared_storage<Unwritten>().value[2];
  out[1] = __shfl_sync(1u, 5, 1);  // lane 1 takes no part
}

struct alignas(16) Matrix {
  uint32_t word[64];
};
__device__ void product() {
  float d[4] = {};
  const uint32_t a[4] = {}, b[2] = {};
  mma_bf16(d, a, b);
}
__global__ void half_warp_kernel(int* out) {
  if (threadIdx.x < 16) product();
  else __syncwarp(0xffff0000u);
  *out = 1;
}
__global__ void left_early_kernel(int*) {
  if (threadIdx.x == 5) return;
  product();
}
__global__ void two_products_kernel(int*) {  // one line each: not the same instruction
  float d[4] = {};
  const uint32_t a[4] = {}, b[2] = {};
  if (threadIdx.x < 16) mma_bf16(d, a, b);
  else mma_tf32(d, a, b);
}
__global__ void matrix_row_kernel(int*) {
  uint32_t r[1];
  ldmatrix(r, shared_storage<Matrix>().word + threadIdx.x);
}
__global__ void barrier_number_kernel(int*) { barrier_sync(static_cast<int>(blockDim.x) / 2, 32); }
__global__ void barrier_size_kernel(int*) { barrier_sync(1, 48); }
__global__ void barrier_sizes_kernel(int*) { barrier_sync(1, threadIdx.x < 32 ? 64 : 96); }
__global__ void barrier_lost_kernel(int*) {
  if (threadIdx.x < 64) barrier_sync(2, 96);
  else __syncthreads();
}
__global__ void copy_out_kernel(int* out) { copy_async<4>(out, out + 1); }
__global__ void copy_askew_kernel(int* out) { copy_async<16>(shared_storage<Matrix>().word, out + 1); }

template <auto kernel>
void run(const SimFault::Problem& p, const SimFault::Args& a, Scratch, Stream stream) {
  launch({.grid = dim3(p.grid.x, p.grid.y, p.grid.z), .block = dim3(p.block.x, p.block.y, p.block.z), .shared_bytes = p.shared_bytes},
         stream, kernel, static_cast<int*>(a.out));
}
KERNEL_VARIANT(SimFault, nothing, 1, any, no_scratch, run<nothing_kernel>);
KERNEL_VARIANT(SimFault, split, 1, any, no_scratch, run<split_kernel>);
KERNEL_VARIANT(SimFault, lost, 1, any, no_scratch, run<lost_kernel>);
KERNEL_VARIANT(SimFault, mixed, 1, any, no_scratch, run<mixed_kernel>);
KERNEL_VARIANT(SimFault, unnamed, 1, any, no_scratch, run<unnamed_kernel>);
KERNEL_VARIANT(SimFault, throws, 1, any, no_scratch, run<throws_kernel>);
KERNEL_VARIANT(SimFault, shared, 1, any, no_scratch, run<shared_kernel>);
KERNEL_VARIANT(SimFault, misaligned, 1, any, no_scratch, run<misaligned_kernel>);
KERNEL_VARIANT(SimFault, nested, 1, any, no_scratch, run<nested_kernel>);
KERNEL_VARIANT(SimFault, width, 1, any, no_scratch, run<width_kernel>);
KERNEL_VARIANT(SimFault, trap, 1, any, no_scratch, run<trap_kernel>);
KERNEL_VARIANT(SimFault, unwritten, 1, any, no_scratch, run<unwritten_kernel>);
KERNEL_VARIANT(SimFault, half_warp, 1, any, no_scratch, run<half_warp_kernel>);
KERNEL_VARIANT(SimFault, left_early, 1, any, no_scratch, run<left_early_kernel>);
KERNEL_VARIANT(SimFault, two_products, 1, any, no_scratch, run<two_products_kernel>);
KERNEL_VARIANT(SimFault, matrix_row, 1, any, no_scratch, run<matrix_row_kernel>);
KERNEL_VARIANT(SimFault, barrier_number, 1, any, no_scratch, run<barrier_number_kernel>);
KERNEL_VARIANT(SimFault, barrier_size, 1, any, no_scratch, run<barrier_size_kernel>);
KERNEL_VARIANT(SimFault, barrier_sizes, 1, any, no_scratch, run<barrier_sizes_kernel>);
KERNEL_VARIANT(SimFault, barrier_lost, 1, any, no_scratch, run<barrier_lost_kernel>);
KERNEL_VARIANT(SimFault, copy_out, 1, any, no_scratch, run<copy_out_kernel>);
KERNEL_VARIANT(SimFault, copy_askew, 1, any, no_scratch, run<copy_askew_kernel>);

}  // namespace
}  // namespace duel
