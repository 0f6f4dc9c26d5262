// Starts a kernel as launch() does, with one attribute more: what cluster_launch.h and cooperative_launch.h share on a GPU.
#pragma once
#include "kernels/launch.h"
#ifndef DUEL_SIM

namespace duel {

template <class... P, class... A>
void launch_with(cudaLaunchAttribute attribute, const LaunchShape& shape, Stream stream, void (*kernel)(P...), A&&... args) {
  duel_count_launch();
  if (shape.shared_bytes > 48 * 1024)
    CUDA_CHECK(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(shape.shared_bytes)));
  cudaLaunchConfig_t config{};
  config.gridDim = shape.grid;
  config.blockDim = shape.block;
  config.dynamicSmemBytes = shape.shared_bytes;
  config.stream = static_cast<cudaStream_t>(stream.handle);
  config.attrs = &attribute;
  config.numAttrs = 1;
  CUDA_CHECK(cudaLaunchKernelEx(&config, kernel, static_cast<P>(args)...));
}

}  // namespace duel
#endif
