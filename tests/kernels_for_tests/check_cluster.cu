// As check_probe.cu, for clusters of two blocks: each kernel has one fault, on the line that a comment marks with its name. The grid is
// given in blocks.
#include "kernels/cluster_launch.h"
#include "kernels/ptx/cluster.h"
#include "tests/kernels_for_tests/check_kernel.h"

namespace duel {
namespace {

template <auto kernel>
void run_pair(const CheckProbe::Problem& p, const CheckProbe::Args& a, Scratch, Stream stream) {
  launch_clusters({.grid = dim3(p.grid.x), .block = dim3(p.block.x), .shared_bytes = p.shared_bytes}, dim3(2), stream, kernel,
                  static_cast<const float*>(a.x), static_cast<float*>(a.y));
}
#define PAIR_PROBE(name)                      \
  constexpr auto run_##name = run_pair<name>; \
  KERNEL_VARIANT(CheckProbe, name, 1, any, no_scratch, run_##name)

struct Pair {
  float value[256];
  MBarrier full;
};

// Each block writes its values, and reads the other's.
template <bool first, bool middle, bool last>
__device__ void swap_values(const float* x, float* y) {
  Pair& shared = shared_storage<Pair>();
  const unsigned t = threadIdx.x;
  if (first) cluster_sync();
  in_cluster(shared.value, cluster_rank() ^ 1)[t] = x[t];  // cluster_too_early   cluster_race, other
  if (middle) cluster_sync();
  y[blockIdx.x * blockDim.x + t] = shared.value[t];  // cluster_race
  if (last) cluster_sync();
}
__global__ void cluster_too_early(const float* x, float* y) { swap_values<false, true, true>(x, y); }
PAIR_PROBE(cluster_too_early);
__global__ void cluster_race(const float* x, float* y) { swap_values<true, false, true>(x, y); }
PAIR_PROBE(cluster_race);
__global__ void cluster_clean(const float* x, float* y) { swap_values<true, true, false>(x, y); }  // no fault: nobody is read at the end
PAIR_PROBE(cluster_clean);

template <bool last>
__device__ void read_other(const float* x, float* y) {
  Pair& shared = shared_storage<Pair>();
  const unsigned t = threadIdx.x;
  shared.value[t] = x[t];
  cluster_sync();
  y[blockIdx.x * blockDim.x + t] = in_cluster(shared.value, cluster_rank() ^ 1)[t ^ 32];  // cluster_gone
  if (last) cluster_sync();
}
__global__ void cluster_gone(const float* x, float* y) { read_other<false>(x, y); }
PAIR_PROBE(cluster_gone);
__global__ void cluster_stays(const float* x, float* y) { read_other<true>(x, y); }  // no fault
PAIR_PROBE(cluster_stays);

__global__ void cluster_block_barrier(const float* x, float* y) {  // __syncthreads() is not enough between blocks
  Pair& shared = shared_storage<Pair>();
  const unsigned t = threadIdx.x;
  cluster_sync();
  shared.value[t] = x[t];  // cluster_block_barrier, other
  __syncthreads();
  y[blockIdx.x * blockDim.x + t] = in_cluster(shared.value, cluster_rank() ^ 1)[t];  // cluster_block_barrier
  cluster_sync();
}
PAIR_PROBE(cluster_block_barrier);

__global__ void cluster_past_end(const float* x, float* y) {
  Pair& shared = shared_storage<Pair>();
  const unsigned t = threadIdx.x;
  shared.value[t] = x[t];
  cluster_sync();
  if (blockIdx.x == 0 && t == 3) y[0] = in_cluster(shared.value, 1)[258];  // cluster_past_end
  cluster_sync();
}
PAIR_PROBE(cluster_past_end);

// Block 0 hands values to block 1 through an mbarrier of it.
template <bool waits>
__device__ void hand_over(const float* x, float* y) {
  Pair& shared = shared_storage<Pair>();
  const unsigned t = threadIdx.x;
  if (t == 0) mbarrier_init(shared.full, static_cast<int>(blockDim.x));
  cluster_sync();
  if (cluster_rank() == 0) {
    in_cluster(shared.value, 1)[t] = x[t];  // cluster_no_wait, other
    mbarrier_arrive_at(shared.full, 1);
  } else {
    if (waits) mbarrier_wait_cluster(shared.full, 0);
    y[blockIdx.x * blockDim.x + t] = shared.value[t];  // cluster_no_wait
  }
  cluster_sync();
}
__global__ void cluster_no_wait(const float* x, float* y) { hand_over<false>(x, y); }
PAIR_PROBE(cluster_no_wait);
__global__ void cluster_handed(const float* x, float* y) { hand_over<true>(x, y); }  // no fault
PAIR_PROBE(cluster_handed);

// Block 0 brings 128 bytes to both.
template <bool waits>
__device__ void multicast(const TensorMap& map, float* y) {
  Pair& shared = shared_storage<Pair>();
  const unsigned t = threadIdx.x;
  if (t == 0) {
    mbarrier_init(shared.full, 1);
    fence_proxy_async();
    mbarrier_arrive_expect(shared.full, 128);
  }
  cluster_sync();
  if (t == 0 && cluster_rank() == 0) tensor_load_multicast(shared.value, map, shared.full, {0}, 3);
  if (!waits) cluster_sync();
  if (waits) mbarrier_wait(shared.full, 0);
  if (t < 32) y[blockIdx.x * blockDim.x + t] = shared.value[t];  // multicast_no_wait
  if (!waits) mbarrier_wait(shared.full, 0);
  cluster_sync();
}
__global__ void multicast_waits(const __grid_constant__ TensorMap map, float* y) { multicast<true>(map, y); }
__global__ void multicast_does_not(const __grid_constant__ TensorMap map, float* y) { multicast<false>(map, y); }
template <auto kernel>
void run_multicast(const CheckProbe::Problem& p, const CheckProbe::Args& a, Scratch, Stream stream) {
  BoxedTensor t;
  t.rank = 1, t.data = a.x, t.size[0] = 32, t.box[0] = 32;
  launch_clusters({.grid = dim3(p.grid.x), .block = dim3(p.block.x), .shared_bytes = p.shared_bytes}, dim3(2), stream, kernel,
                  make_tensor_map(t), static_cast<float*>(a.y));
}
constexpr auto run_multicast_clean = run_multicast<multicast_waits>, run_multicast_no_wait = run_multicast<multicast_does_not>;
KERNEL_VARIANT(CheckProbe, multicast_clean, 1, any, no_scratch, run_multicast_clean);  // no fault
KERNEL_VARIANT(CheckProbe, multicast_no_wait, 1, any, no_scratch, run_multicast_no_wait);

// A product of each block on its way, while another block writes to its operand.
struct Factors {
  alignas(1024) float a[64 * 8], b[64 * 8];
};
template <bool waits>
__device__ void multiply(const float* x, float* y) {
  Factors& shared = shared_storage<Factors>();
  const unsigned t = threadIdx.x;
  for (unsigned i = t; i < 64 * 8; i += blockDim.x) shared.a[i] = shared.b[i] = x[i % 256];
  fence_proxy_async();
  cluster_sync();
  const MatrixDescriptor a = matrix_descriptor(shared.a, 16, 256, Swizzle::bytes32),
                         b = matrix_descriptor(shared.b, 16, 256, Swizzle::bytes32);
  float d[32];
  for (float& v : d) v = 0;
  wgmma_fence(d);
  wgmma_tf32<64>(d, a, b);
  wgmma_commit();
  if (waits) wgmma_wait<0>(d);
  cluster_sync();
  if (t == 5) in_cluster(shared.b, cluster_rank() ^ 1)[7] = 0;  // cluster_operand
  cluster_sync();
  if (!waits) wgmma_wait<0>(d);
  if (t < 64) y[blockIdx.x * 64 + t] = d[0];
}
__global__ void cluster_operand(const float* x, float* y) { multiply<false>(x, y); }
PAIR_PROBE(cluster_operand);
__global__ void cluster_product(const float* x, float* y) { multiply<true>(x, y); }  // no fault
PAIR_PROBE(cluster_product);

}  // namespace
}  // namespace duel
