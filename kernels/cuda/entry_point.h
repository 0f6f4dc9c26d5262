// A function of the driver, which is reached through the runtime: nothing links libcuda.
#pragma once
#include <cuda.h>
#include <cuda_runtime.h>

#include <string>

#include "kernels/launch.h"

namespace duel {

// `name` as it was in CUDA 12.0; `what` it is for, in the error of a driver that lacks it.
template <class Function>
Function entry_point(const char* name, const char* what) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult result{};
#if CUDART_VERSION >= 12050
  CUDA_CHECK(cudaGetDriverEntryPointByVersion(name, &function, 12000, cudaEnableDefault, &result));
#else
  CUDA_CHECK(cudaGetDriverEntryPoint(name, &function, cudaEnableDefault, &result));
#endif
  if (result != cudaDriverEntryPointSuccess || !function)
    fail(Failure::device, std::string("[cuda] this driver has no ") + what + " (" + name + "): it must support CUDA 12");
  return reinterpret_cast<Function>(function);
}

}  // namespace duel
