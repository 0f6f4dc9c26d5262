#include <cuda_runtime.h>

#include <string>

#include "kernels/launch.h"

namespace duel {

void fail_cuda(cudaError_t error, const char* call, const char* file, int line) {
  const Row* row = duel_current_row();
  std::string text = row ? std::string("[") + row->op + ":" + row->name + "] " : std::string("[cuda] ");
  text += std::string(call) + " failed: " + cudaGetErrorString(error) + " (" + cudaGetErrorName(error) + ") at " + file + ":" +
          std::to_string(line);
  cudaGetLastError();  // so that an error which the device survives is not reported again by the next call
  if (error == cudaErrorMemoryAllocation) {
    size_t free = 0, total = 0;
    if (cudaMemGetInfo(&free, &total) == cudaSuccess)
      text += "; " + std::to_string(free >> 20) + " of " + std::to_string(total >> 20) + " MiB are free: use a smaller batch";
    fail(Failure::memory, text);
  }
  if (error == cudaErrorNoKernelImageForDevice) text += "; configure with -DDUEL_CUDA_ARCHITECTURES set to this GPU's";
  if (error == cudaErrorIllegalAddress || error == cudaErrorMisalignedAddress || error == cudaErrorLaunchFailure)
    text +=
        "; some kernel before this call is to blame: CUDA_LAUNCH_BLOCKING=1 names it, and --device sim runs the same kernels on the host";
  fail(Failure::device, text);
}

}  // namespace duel
