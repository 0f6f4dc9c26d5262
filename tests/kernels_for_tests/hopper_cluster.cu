// Blocks that run together: ranks, each other's shared memory, the barrier of a cluster, mbarriers of another block, multicast.
#include "kernels/cluster_launch.h"
#include "kernels/ptx/cluster.h"
#include "tests/kernels_for_tests/hopper_kernel.h"

namespace duel {
namespace {

struct Exchange {
  alignas(1024) float value[256];
  MBarrier full, empty;
};

template <auto kernel, class Out>
void run_cluster(const HopperProbe::Problem& p, const HopperProbe::Args& a, Scratch, Stream stream) {
  const auto blocks = static_cast<unsigned>(p.number);
  launch_clusters({.grid = dim3(2 * blocks, 2), .block = p.threads, .shared_bytes = sizeof(Exchange)}, dim3(blocks), stream, kernel,
                  static_cast<const float*>(a.a), static_cast<Out*>(a.out));
}
#define CLUSTER_PROBE(name, Out)                      \
  constexpr auto run_##name = run_cluster<name, Out>; \
  KERNEL_VARIANT(HopperProbe, name, 1, has_hopper, no_scratch, run_##name)

// out[block · 2 + (0, 1)] = rank, size.
__global__ void cluster_ranks(const float*, int* out) {
  if (threadIdx.x) return;
  const unsigned block = blockIdx.y * gridDim.x + blockIdx.x;
  out[2 * block] = cluster_rank(), out[2 * block + 1] = cluster_size();
}
CLUSTER_PROBE(cluster_ranks, int);

// Each block reads what the next one of its cluster wrote, and gives it back doubled: out[block, t] = 2 · a[block, t].
__global__ void cluster_ring(const float* a, float* out) {
  Exchange& shared = shared_storage<Exchange>();
  const unsigned t = threadIdx.x, block = blockIdx.y * gridDim.x + blockIdx.x;
  const int next = (cluster_rank() + 1) % cluster_size();
  shared.value[t] = a[block * blockDim.x + t];
  cluster_sync();
  const float seen = in_cluster(shared.value, next)[t];
  cluster_arrive();
  const float twice = 2 * seen;  // between arriving and waiting
  cluster_wait();
  in_cluster(shared.value, next)[t ^ 1] = twice;
  cluster_sync();
  out[block * blockDim.x + t] = shared.value[t ^ 1];
}
CLUSTER_PROBE(cluster_ring, float);

// Block 0 of each cluster hands out two rounds of values, through an mbarrier of each reader; readers tell an mbarrier of block 0.
__global__ void cluster_mbarriers(const float* a, float* out) {
  Exchange& shared = shared_storage<Exchange>();
  const unsigned t = threadIdx.x, block = blockIdx.y * gridDim.x + blockIdx.x;
  const int threads = static_cast<int>(blockDim.x);
  if (t == 0) mbarrier_init(shared.full, threads), mbarrier_init(shared.empty, cluster_size() * threads);
  cluster_sync();
  for (int round = 0; round < 2; ++round) {
    if (cluster_rank() == 0) {
      mbarrier_wait_cluster(shared.empty, round ^ 1);
      for (int rank = 0; rank < cluster_size(); ++rank) {
        in_cluster(shared.value, rank)[t] = a[round * threads + static_cast<int>(t)] + static_cast<float>(rank);
        mbarrier_arrive_at(shared.full, rank);
      }
    }
    mbarrier_wait_cluster(shared.full, round);
    out[(block * 2 + static_cast<unsigned>(round)) * blockDim.x + t] = shared.value[t ^ 3];
    mbarrier_arrive_at(shared.empty, 0);
  }
  cluster_sync();
}
CLUSTER_PROBE(cluster_mbarriers, float);

// One thread of block 0 brings a box of 8 × 32 floats to all blocks but the last, and one of its own to that one.
__global__ void multicast_box(const __grid_constant__ TensorMap map, float* out) {
  Exchange& shared = shared_storage<Exchange>();
  const unsigned block = blockIdx.y * gridDim.x + blockIdx.x;
  if (threadIdx.x == 0) {
    mbarrier_init(shared.full, 1);
    fence_proxy_async();
    mbarrier_arrive_expect(shared.full, 1024);
  }
  cluster_sync();
  const int last = cluster_size() - 1;
  if (threadIdx.x == 0 && cluster_rank() == 0) {
    tensor_load_multicast(shared.value, map, shared.full, {0, 0}, (1u << last) - 1);
    tensor_load_multicast(shared.value, map, shared.full, {0, 4}, 1u << last);
  }
  mbarrier_wait(shared.full, 0);
  for (unsigned i = threadIdx.x; i < 256; i += blockDim.x) out[block * 256 + i] = shared.value[i];
  cluster_sync();
}
void run_multicast(const HopperProbe::Problem& p, const HopperProbe::Args& a, Scratch, Stream stream) {
  BoxedTensor t;
  t.rank = 2, t.data = a.a, t.size[0] = 32, t.size[1] = 16, t.stride[1] = 128, t.box[0] = 32, t.box[1] = 8;
  const auto blocks = static_cast<unsigned>(p.number);
  launch_clusters({.grid = dim3(2 * blocks, 2), .block = p.threads, .shared_bytes = sizeof(Exchange)}, dim3(blocks), stream, multicast_box,
                  make_tensor_map(t), static_cast<float*>(a.out));
}
KERNEL_VARIANT(HopperProbe, multicast, 1, has_hopper, no_scratch, run_multicast);

// Each block multiplies matrices of ones, times its rank + 1 and times 2: out[block, t] is the first sum of a thread.
struct Factors {
  alignas(1024) float a[64 * 8], b[64 * 8];
};
__global__ void cluster_products(float* out) {
  Factors& shared = shared_storage<Factors>();
  const unsigned block = blockIdx.y * gridDim.x + blockIdx.x;
  for (unsigned i = threadIdx.x; i < 64 * 8; i += blockDim.x) shared.a[i] = static_cast<float>(cluster_rank() + 1), shared.b[i] = 2;
  fence_proxy_async();
  __syncthreads();
  const MatrixDescriptor a = matrix_descriptor(shared.a, 16, 256, Swizzle::bytes32),
                         b = matrix_descriptor(shared.b, 16, 256, Swizzle::bytes32);
  float d[32];
  for (float& v : d) v = 0;
  wgmma_fence(d);
  wgmma_tf32<64>(d, a, b);
  wgmma_commit();
  wgmma_wait<0>(d);
  out[block * blockDim.x + threadIdx.x] = d[0];
}
void run_products(const HopperProbe::Problem& p, const HopperProbe::Args& a, Scratch, Stream stream) {
  const auto blocks = static_cast<unsigned>(p.number);
  launch_clusters({.grid = dim3(2 * blocks, 2), .block = p.threads, .shared_bytes = sizeof(Factors)}, dim3(blocks), stream,
                  cluster_products, static_cast<float*>(a.out));
}
KERNEL_VARIANT(HopperProbe, cluster_products, 1, has_hopper, no_scratch, run_products);

// __syncthreads() and named barriers are each block's own: blocks of a cluster pass different numbers of them.
__global__ void cluster_own_barriers(const float* a, float* out) {
  Exchange& shared = shared_storage<Exchange>();
  const unsigned t = threadIdx.x, block = blockIdx.y * gridDim.x + blockIdx.x;
  shared.value[t] = a[block * blockDim.x + t];
  for (int round = 0; round < 2 * (cluster_rank() + 1); ++round) {
    __syncthreads();
    const float v = shared.value[t ^ 32];
    barrier_sync(1, static_cast<int>(blockDim.x));
    shared.value[t] = v + 1;
  }
  out[block * blockDim.x + t] = shared.value[t];
}
CLUSTER_PROBE(cluster_own_barriers, float);

}  // namespace
}  // namespace duel
