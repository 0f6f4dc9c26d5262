// Clusters of blocks on the simulated GPU: what kernels/ptx/cluster.h and kernels/cluster_launch.h call there.
#pragma once
#include "kernels/sim/runtime.h"
#include "kernels/tensor_map.h"

namespace duel::sim {

// As launch_grid(), with so many blocks together.
void launch_clusters(dim3 grid, dim3 block, dim3 cluster, size_t shared_bytes, void (*thread)(void* body), void* body);

int cluster_rank();
int cluster_size();
void* in_cluster(const void* at, int rank, Site site);
void cluster_arrive(Site site);
void cluster_wait(Site site);
void mbarrier_arrive_at(void* at, int rank, Site site);  // at: in the own block
void tensor_multicast(void* to, const TensorMap& map, const int* at, int rank, void* barrier, unsigned mask, Site site);

}  // namespace duel::sim
