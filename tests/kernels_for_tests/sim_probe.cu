// Kernels with answers that the test knows, each about one thing that a GPU does.
#include "tests/kernels_for_tests/sim_probe.h"

#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

bool any(const SimProbe::Problem&) { return true; }
LaunchShape shape(const SimProbe::Problem& p, size_t shared_bytes = 0) {
  return {.grid = dim3(p.grid.x, p.grid.y, p.grid.z), .block = dim3(p.block.x, p.block.y, p.block.z), .shared_bytes = shared_bytes};
}

__device__ unsigned thread_number() { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }
__device__ unsigned block_number() { return blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z); }
__device__ unsigned block_size() { return blockDim.x * blockDim.y * blockDim.z; }

// out[global thread] = its coordinates, six digits in base 16.
__global__ void index_kernel(unsigned* out) {
  out[static_cast<size_t>(block_number()) * block_size() + thread_number()] =
      threadIdx.x | threadIdx.y << 4 | threadIdx.z << 8 | blockIdx.x << 12 | blockIdx.y << 16 | blockIdx.z << 20;
}
void run_index(const SimProbe::Problem& p, const SimProbe::Args& a, Scratch, Stream stream) {
  launch(shape(p), stream, index_kernel, static_cast<unsigned*>(a.out));
}
KERNEL_VARIANT(SimProbe, index, 1, any, no_scratch, run_index);

// out[block] = sum of its floats, halving the block at each barrier.
struct TreeStorage {
  float value[1024];
};
__global__ void tree_kernel(const float* in, float* out) {
  TreeStorage& shared = shared_storage<TreeStorage>();
  const unsigned t = threadIdx.x;
  shared.value[t] = in[blockIdx.x * blockDim.x + t];
  __syncthreads();
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    if (t < half) shared.value[t] += shared.value[t + half];
    __syncthreads();
  }
  if (t == 0) out[blockIdx.x] = shared.value[0];
}
void run_tree(const SimProbe::Problem& p, const SimProbe::Args& a, Scratch, Stream stream) {
  launch(shape(p, sizeof(TreeStorage)), stream, tree_kernel, static_cast<const float*>(a.in), static_cast<float*>(a.out));
}
KERNEL_VARIANT(SimProbe, tree, 1, any, no_scratch, run_tree);

// The same through ptx.h: every thread gets the sum and the maximum; out[2·global thread].
struct SumStorage {
  float value[32];
};
__global__ void block_sum_kernel(const float* in, float* out) {
  SumStorage& shared = shared_storage<SumStorage>();
  const unsigned i = block_number() * block_size() + thread_number();
  out[2 * i] = block_sum(in[i], shared.value);
  out[2 * i + 1] = block_max(in[i], shared.value);
}
void run_block_sum(const SimProbe::Problem& p, const SimProbe::Args& a, Scratch, Stream stream) {
  launch(shape(p, sizeof(SumStorage)), stream, block_sum_kernel, static_cast<const float*>(a.in), static_cast<float*>(a.out));
}
KERNEL_VARIANT(SimProbe, block_sum, 1, any, no_scratch, run_block_sum);

__global__ void shuffle_kernel(double* out) {
  const int lane = static_cast<int>(threadIdx.x % 32);
  double* mine = out + threadIdx.x * shuffle_results;
  const unsigned all = 0xffffffffu;
  mine[0] = __shfl_sync(all, lane, 5);
  mine[1] = __shfl_sync(all, static_cast<double>(lane) + 0.5, lane + 1, 8);
  mine[2] = __shfl_up_sync(all, static_cast<float>(lane), 3);
  mine[3] = __shfl_down_sync(all, static_cast<unsigned>(lane), 3, 16);
  mine[4] = static_cast<double>(__shfl_xor_sync(all, static_cast<long long>(lane) << 40, 6) >> 40);
  mine[5] = __shfl_xor_sync(all, lane, 12, 8);  // reaches back into an earlier segment, never forward
  mine[6] = __reduce_add_sync(all, static_cast<unsigned>(lane));
  mine[7] = __reduce_min_sync(all, lane - 7);
}
void run_shuffle(const SimProbe::Problem& p, const SimProbe::Args& a, Scratch, Stream stream) {
  launch(shape(p), stream, shuffle_kernel, static_cast<double*>(a.out));
}
KERNEL_VARIANT(SimProbe, shuffle, 1, any, no_scratch, run_shuffle);

__global__ void vote_kernel(unsigned* out) {
  const unsigned lane = threadIdx.x % 32;
  unsigned* mine = out + threadIdx.x * vote_results;
  if (lane < 20) {  // the two parts of the warp go their own ways, in masks that do not meet
    mine[0] = __ballot_sync(0x000fffffu, lane % 3 == 0);
    mine[1] = static_cast<unsigned>(__all_sync(0x000fffffu, lane < 20));
    mine[2] = __match_any_sync(0x000fffffu, lane / 8);
  } else {
    mine[0] = __ballot_sync(0xfff00000u, lane % 3 == 0);
    mine[1] = static_cast<unsigned>(__any_sync(0xfff00000u, lane == 3));
    mine[2] = __reduce_or_sync(0xfff00000u, 1u << lane);
  }
  __syncwarp();
  mine[3] = __ballot_sync(0xffffffffu, lane & 1);
  mine[4] = static_cast<unsigned>(__syncthreads_count(lane < 3));
  mine[5] = static_cast<unsigned>(__syncthreads_and(lane < 32) != 0);
  mine[6] = static_cast<unsigned>(__syncthreads_and(threadIdx.x != 40) != 0);
  mine[7] = static_cast<unsigned>(__syncthreads_or(threadIdx.x == 40) != 0);
  mine[8] = static_cast<unsigned>(__syncthreads_or(threadIdx.x == 4000) != 0);
}
void run_vote(const SimProbe::Problem& p, const SimProbe::Args& a, Scratch, Stream stream) {
  launch(shape(p), stream, vote_kernel, static_cast<unsigned*>(a.out));
}
KERNEL_VARIANT(SimProbe, vote, 1, any, no_scratch, run_vote);

// Totals that every thread of every block contributes to; all are whole numbers, so their order does not show.
struct AtomicTotals {
  int sum, least, most;
  unsigned bits, tickets;
  float real;
  double wide;
  unsigned long long count, locked;
};
__global__ void atomic_kernel(AtomicTotals* totals) {
  const int i = static_cast<int>(block_number() * block_size() + thread_number());
  atomicAdd(&totals->sum, i);
  atomicMin(&totals->least, 100 - i);
  atomicMax(&totals->most, i);
  atomicOr(&totals->bits, 1u << (i % 32));
  atomicInc(&totals->tickets, 999u);
  atomicAdd(&totals->real, 1.0f);
  atomicAdd(&totals->wide, 0.5);
  atomicAdd(&totals->count, 1ull);
  unsigned long long seen = totals->locked, expected;
  do {
    expected = seen;
    seen = atomicCAS(&totals->locked, expected, expected + 2);
  } while (seen != expected);
}
void run_atomic(const SimProbe::Problem& p, const SimProbe::Args& a, Scratch, Stream stream) {
  launch(shape(p), stream, atomic_kernel, static_cast<AtomicTotals*>(a.out));
}
KERNEL_VARIANT(SimProbe, atomic, 1, any, no_scratch, run_atomic);

// 100 KiB of shared memory: out = in, each block's part turned round by one element, through 16-byte accesses.
struct LargeStorage {
  float value[shared_probe_floats];
};
__global__ void shared_kernel(const float* in, float* out) {
  LargeStorage& shared = shared_storage<LargeStorage>();
  const float* from = in + static_cast<size_t>(blockIdx.x) * shared_probe_floats;
  float* to = out + static_cast<size_t>(blockIdx.x) * shared_probe_floats;
  for (unsigned i = 4 * threadIdx.x; i < shared_probe_floats; i += 4 * blockDim.x)
    store_vec(shared.value + i, load_stream<float4>(from + i));
  __syncthreads();
  for (unsigned i = 4 * threadIdx.x; i < shared_probe_floats; i += 4 * blockDim.x) {
    Pack<float, 4> turned;
    for (unsigned j = 0; j < 4; ++j) turned.at[j] = shared.value[(i + j + 1) % shared_probe_floats];
    store_stream(to + i, turned);
  }
}
void run_shared(const SimProbe::Problem& p, const SimProbe::Args& a, Scratch, Stream stream) {
  launch(shape(p, sizeof(LargeStorage)), stream, shared_kernel, static_cast<const float*>(a.in), static_cast<float*>(a.out));
}
KERNEL_VARIANT(SimProbe, shared, 1, any, no_scratch, run_shared);

// Threads that have returned count as arrived at every barrier, and no longer count in a mask.
__global__ void early_exit_kernel(unsigned* out) {
  out[threadIdx.x] = 7;
  if (threadIdx.x >= 40) return;
  __syncthreads();
  out[threadIdx.x] = __ballot_sync(0xffffffffu, 1);
}
void run_early_exit(const SimProbe::Problem& p, const SimProbe::Args& a, Scratch, Stream stream) {
  launch(shape(p), stream, early_exit_kernel, static_cast<unsigned*>(a.out));
}
KERNEL_VARIANT(SimProbe, early_exit, 1, any, no_scratch, run_early_exit);

__global__ void arithmetic_kernel(const float* in, unsigned* out) {
  const float a = in[0], b = in[1], c = in[2], big = in[3], nan = in[4];
  const unsigned u = __float_as_uint(a), v = __float_as_uint(b);
  out[0] = __float_as_uint(mul_rn(a, b));
  out[1] = __float_as_uint(add_rn(mul_rn(a, b), c));  // two roundings
  out[2] = __float_as_uint(fma_rn(a, b, c));          // one
  out[3] = __float_as_uint(__fdiv_rn(a, b));
  out[4] = __float_as_uint(__fsqrt_rn(a));
  out[5] = static_cast<unsigned>(__float2int_rn(2.5f * a / a));
  out[6] = static_cast<unsigned>(__float2int_rz(big));
  out[7] = static_cast<unsigned>(__float2int_rz(-big));
  out[8] = static_cast<unsigned>(__float2int_rn(nan));
  out[9] = __float2uint_rz(-big);
  out[10] = __float2uint_rz(big);
  out[11] = __umulhi(u, v);
  out[12] = static_cast<unsigned>(__mulhi(static_cast<int>(u), static_cast<int>(v) - 2147483647));
  out[13] = __brev(u);
  out[14] = static_cast<unsigned>(__popc(u) | __clz(static_cast<int>(u)) << 8 | __ffs(static_cast<int>(u)) << 16);
  out[15] = __byte_perm(u, v, 0x9172u);
  out[16] = __funnelshift_l(u, v, 35);
  out[17] = __funnelshift_r(u, v, 3);
  out[18] = __float_as_uint(min(nan, b));
  out[19] = __float_as_uint(max(a, nan));
  out[20] = static_cast<unsigned>(min(-3, 5));
  out[21] = max(3u, 0xfffffff0u);
  out[22] = __float_as_uint(__saturatef(nan));
  out[23] = __float_as_uint(static_cast<float>(bf16(a)));
}
void run_arithmetic(const SimProbe::Problem& p, const SimProbe::Args& a, Scratch, Stream stream) {
  launch(shape(p), stream, arithmetic_kernel, static_cast<const float*>(a.in), static_cast<unsigned*>(a.out));
}
KERNEL_VARIANT(SimProbe, arithmetic, 1, any, no_scratch, run_arithmetic);

// Wrong on purpose, and legal: out[thread] = when the thread's turn came. out[threads of the grid] counts.
__global__ void ticket_kernel(int* out) {
  const unsigned threads = gridDim.x * blockDim.x, i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = atomicAdd(out + threads, 1);
}
void run_ticket(const SimProbe::Problem& p, const SimProbe::Args& a, Scratch, Stream stream) {
  launch(shape(p), stream, ticket_kernel, static_cast<int*>(a.out));
}
KERNEL_VARIANT(SimProbe, ticket, 1, any, no_scratch, run_ticket);

}  // namespace
}  // namespace duel
