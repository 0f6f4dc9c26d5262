// Starts a kernel whose blocks run in clusters (kernels/ptx/cluster.h; compute capability 9.0): as launch(), with so many blocks together,
// up to eight. Each side of the grid is a multiple of the cluster's.
//
//   launch_clusters({.grid = 64, .block = 256, .shared_bytes = sizeof(Tiles)}, 2, stream, my_kernel, args…);
#pragma once
#include "kernels/launch_attribute.h"
#ifdef DUEL_SIM
#include "kernels/sim/cluster.h"
#endif

namespace duel {

#ifdef DUEL_SIM

template <class... P, class... A>
void launch_clusters(const LaunchShape& shape, dim3 cluster, Stream, void (*kernel)(P...), A&&... args) {
  duel_count_launch();
  auto body = [&]() DUEL_SIM_UNCHECKED { kernel(static_cast<P>(args)...); };
  using Body = decltype(body);
  sim::launch_clusters(
      shape.grid, shape.block, cluster, shape.shared_bytes, [](void* b) DUEL_SIM_UNCHECKED { (*static_cast<Body*>(b))(); }, &body);
}

#else

template <class... P, class... A>
void launch_clusters(const LaunchShape& shape, dim3 cluster, Stream stream, void (*kernel)(P...), A&&... args) {
  cudaLaunchAttribute together{};
  together.id = cudaLaunchAttributeClusterDimension;
  together.val.clusterDim.x = cluster.x, together.val.clusterDim.y = cluster.y, together.val.clusterDim.z = cluster.z;
  launch_with(together, shape, stream, kernel, static_cast<A&&>(args)...);
}

#endif

}  // namespace duel
