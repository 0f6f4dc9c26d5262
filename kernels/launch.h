// The one way to start a kernel, on the GPU and on the simulated GPU. This header is all that a .cu file includes of either.
//
//   launch({.grid = blocks, .block = 256, .shared_bytes = sizeof(Tiles)}, stream, my_kernel, args…);
//
// Errors name the op and variant of the row that is running. A kernel takes shared memory through shared_storage<T>() only, one typed
// struct a kernel, whose size the launch passes; it indexes through threadIdx and its kin, and takes from ptx.h what has no plain C++
// spelling. That is all that the simulated device needs.
#pragma once
#ifdef DUEL_SIM
#include "kernels/sim/cuda.h"
#else
#include <cuda_runtime.h>
#endif

#include "kernels/device.h"
#include "kernels/dtype.h"
#include "kernels/registry.h"

namespace duel {

struct LaunchShape {
  dim3 grid, block;
  size_t shared_bytes = 0;
};

// Blocks that cover `count` items at `per_block` each.
constexpr unsigned blocks_for(int64_t count, int64_t per_block) { return static_cast<unsigned>((count + per_block - 1) / per_block); }

// Grid of a grid-stride loop: enough blocks to fill any card, never more than the items need.
constexpr unsigned stride_blocks(int64_t count, int64_t per_block) {
  const int64_t blocks = (count + per_block - 1) / per_block;
  return static_cast<unsigned>(blocks < 1 ? 1 : blocks > 4096 ? 4096 : blocks);
}

#ifdef DUEL_SIM

template <class... P, class... A>
void launch(const LaunchShape& shape, Stream, void (*kernel)(P...), A&&... args) {
  duel_count_launch();
  auto body = [&]() DUEL_SIM_UNCHECKED { kernel(static_cast<P>(args)...); };
  sim::run_grid(shape.grid, shape.block, shape.shared_bytes, body);
}
inline int compute_capability() { return duel_pretended_capability() ? duel_pretended_capability() : 90; }  // see below
inline bool has_warpgroup_matrices() { return compute_capability() == 90; }
template <class T>
DUEL_SIM_INLINE T& shared_storage() {
  return *static_cast<T*>(sim::shared_memory(sizeof(T), alignof(T)));
}

#else

[[noreturn]] void fail_cuda(cudaError_t error, const char* call, const char* file, int line);  // names the current row
#define CUDA_CHECK(call)                                                                     \
  do {                                                                                       \
    const cudaError_t duel_error = (call);                                                   \
    if (duel_error != cudaSuccess) ::duel::fail_cuda(duel_error, #call, __FILE__, __LINE__); \
  } while (0)

// Of the GPU, 90 for 9.0, for a row's supports(). Without a GPU nothing runs and nothing needs refusing: 90 as well.
int compute_capability();
// Whether the GPU has wgmma and its kin, and this build's machine code may use them: compute capability 9.0, compiled for 90a.
bool has_warpgroup_matrices();

template <class... P, class... A>
void launch(const LaunchShape& shape, Stream stream, void (*kernel)(P...), A&&... args) {
  duel_count_launch();
  if (shape.shared_bytes > 48 * 1024)  // above this a kernel has to ask
    CUDA_CHECK(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(shape.shared_bytes)));
  cudaLaunchConfig_t config{};
  config.gridDim = shape.grid;
  config.blockDim = shape.block;
  config.dynamicSmemBytes = shape.shared_bytes;
  config.stream = static_cast<cudaStream_t>(stream.handle);
  CUDA_CHECK(cudaLaunchKernelEx(&config, kernel, static_cast<P>(args)...));
}

template <class T>
__device__ T& shared_storage() {
  extern __shared__ __align__(1024) unsigned char duel_shared_bytes[];
  return *reinterpret_cast<T*>(duel_shared_bytes);
}

#endif

}  // namespace duel
