// Starts a kernel whose blocks run in clusters (kernels/ptx/cluster.h; compute capability 9.0): as launch(), with so many blocks together,
// up to eight. Each side of the grid is a multiple of the cluster's.
//
//   launch_clusters({.grid = 64, .block = 256, .shared_bytes = sizeof(Tiles)}, 2, stream, my_kernel, args…);
#pragma once
#include "kernels/launch.h"
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
  duel_count_launch();
  if (shape.shared_bytes > 48 * 1024)
    CUDA_CHECK(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(shape.shared_bytes)));
  cudaLaunchAttribute together{};
  together.id = cudaLaunchAttributeClusterDimension;
  together.val.clusterDim.x = cluster.x, together.val.clusterDim.y = cluster.y, together.val.clusterDim.z = cluster.z;
  cudaLaunchConfig_t config{};
  config.gridDim = shape.grid;
  config.blockDim = shape.block;
  config.dynamicSmemBytes = shape.shared_bytes;
  config.stream = static_cast<cudaStream_t>(stream.handle);
  config.attrs = &together;
  config.numAttrs = 1;
  CUDA_CHECK(cudaLaunchKernelEx(&config, kernel, static_cast<P>(args)...));
}

#endif

}  // namespace duel
