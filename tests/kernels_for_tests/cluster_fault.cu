// Misuse of clusters, as either simulated GPU reports it. The launch's grid is one cluster.
#include "kernels/cluster_launch.h"
#include "kernels/ptx/cluster.h"
#include "tests/kernels_for_tests/sim_probe.h"

namespace duel {
namespace {

bool any(const SimFault::Problem&) { return true; }
template <auto kernel>
void run(const SimFault::Problem& p, const SimFault::Args& a, Scratch, Stream stream) {
  launch_clusters({.grid = dim3(p.grid.x), .block = dim3(p.block.x), .shared_bytes = p.shared_bytes}, dim3(p.grid.x), stream, kernel,
                  static_cast<int*>(a.out));
}
#define FAULT(name) KERNEL_VARIANT(SimFault, name, 1, any, no_scratch, run<name>)

struct Storage {
  alignas(128) int value[512];
  MBarrier barrier;
};

__global__ void cluster_of_nine(int* out) { out[0] = 0; }
FAULT(cluster_of_nine);
__global__ void cluster_too_large(int* out) { out[0] = 0; }
FAULT(cluster_too_large);
void run_uneven(const SimFault::Problem& p, const SimFault::Args& a, Scratch, Stream stream) {
  launch_clusters({.grid = 3, .block = p.block.x}, dim3(2), stream, cluster_of_nine, static_cast<int*>(a.out));
}
KERNEL_VARIANT(SimFault, cluster_uneven, 1, any, no_scratch, run_uneven);

__global__ void cluster_twice(int*) { cluster_arrive(), cluster_arrive(); }
FAULT(cluster_twice);
__global__ void cluster_unannounced(int*) { cluster_wait(); }
FAULT(cluster_unannounced);
__global__ void cluster_lost(int*) {  // one block waits for the others at a barrier of its own
  Storage& shared = shared_storage<Storage>();
  if (threadIdx.x == 0) mbarrier_init(shared.barrier, 1);
  __syncthreads();
  if (cluster_rank() == 1) mbarrier_wait(shared.barrier, 0);
  cluster_sync();
}
FAULT(cluster_lost);
__global__ void cluster_stranger(int* out) { out[0] = *in_cluster(shared_storage<Storage>().value, 2); }
FAULT(cluster_stranger);
__global__ void cluster_not_shared(int* out) { *in_cluster(out, 1) = 0; }
FAULT(cluster_not_shared);

__global__ void cluster_other_mbarrier(int*) {
  Storage& shared = shared_storage<Storage>();
  if (threadIdx.x == 0) mbarrier_init(shared.barrier, 64);
  cluster_sync();
  mbarrier_arrive(*in_cluster(&shared.barrier, 1));
  cluster_sync();
}
FAULT(cluster_other_mbarrier);

__global__ void multicast(const __grid_constant__ TensorMap map, unsigned mask, bool waits) {
  Storage& shared = shared_storage<Storage>();
  if (threadIdx.x == 0) {
    mbarrier_init(shared.barrier, 1);
    fence_proxy_async();
    mbarrier_arrive_expect(shared.barrier, 128);
  }
  cluster_sync();
  if (threadIdx.x == 0 && cluster_rank() == 0) tensor_load_multicast(shared.value, map, shared.barrier, {0}, mask);
  cluster_sync();
  if (waits || cluster_rank() == 0) mbarrier_wait(shared.barrier, 0);
  if (waits) cluster_sync();
}
template <unsigned mask, bool waits>
void run_mask(const SimFault::Problem& p, const SimFault::Args& a, Scratch, Stream stream) {
  BoxedTensor t;
  t.rank = 1, t.data = a.out, t.size[0] = 32, t.box[0] = 32;
  launch_clusters({.grid = dim3(p.grid.x), .block = dim3(p.block.x), .shared_bytes = p.shared_bytes}, dim3(p.grid.x), stream, multicast,
                  make_tensor_map(t), mask, waits);
}
constexpr auto run_right = run_mask<3, true>, run_none = run_mask<0, true>, run_beyond = run_mask<5, true>, run_short = run_mask<1, true>,
               run_leaves = run_mask<3, false>;
KERNEL_VARIANT(SimFault, multicast_right, 1, any, no_scratch, run_right);
KERNEL_VARIANT(SimFault, multicast_to_none, 1, any, no_scratch, run_none);
KERNEL_VARIANT(SimFault, multicast_beyond, 1, any, no_scratch, run_beyond);
KERNEL_VARIANT(SimFault, multicast_short, 1, any, no_scratch, run_short);  // block 1 waits for bytes that the mask keeps from it
KERNEL_VARIANT(SimFault, multicast_left, 1, any, no_scratch, run_leaves);

__global__ void cluster_arrives_late(int*) {  // block 1 has returned
  Storage& shared = shared_storage<Storage>();
  if (threadIdx.x == 0) mbarrier_init(shared.barrier, 1);
  cluster_sync();
  if (cluster_rank() == 1) return;
  cluster_sync();
  mbarrier_arrive_at(shared.barrier, 1);
}
FAULT(cluster_arrives_late);

}  // namespace
}  // namespace duel
