// What the simulated GPU lacks says so by name when a kernel is compiled for it. Included last: these names are words of CUDA C++ that
// nothing else in a kernel file means.
#pragma once

// clang-format off
#define DUEL_SIM_TEXT(text) _Pragma(#text)
#define DUEL_SIM_LACKS(text) DUEL_SIM_TEXT(GCC error text)

#define __shared__ \
  DUEL_SIM_LACKS("the simulated GPU has no __shared__ variables: put them into one struct and take it with shared_storage<T>()")
#define asm \
  DUEL_SIM_LACKS("the simulated GPU has no inline PTX (asm): give it a named wrapper in kernels/ptx.h with a twin in plain C++") asm
#define __managed__ DUEL_SIM_LACKS("the simulated GPU has no __managed__ variables: pass buffers as kernel arguments")
#define __cluster_dims__(...) DUEL_SIM_LACKS("start clusters with launch_clusters() of kernels/cluster_launch.h (__cluster_dims__)")
#define cudaMemcpyToSymbol DUEL_SIM_LACKS("the simulated GPU has no cudaMemcpyToSymbol: pass a kernel argument") cudaMemcpyToSymbol
#define cudaLaunchKernel \
  DUEL_SIM_LACKS("on the simulated GPU start kernels with launch() of kernels/launch.h (cudaLaunchKernel)") cudaLaunchKernel
#define cudaLaunchKernelEx \
  DUEL_SIM_LACKS("on the simulated GPU start kernels with launch() of kernels/launch.h (cudaLaunchKernelEx)") cudaLaunchKernelEx
#define cudaLaunchCooperativeKernel                                                                                               \
  DUEL_SIM_LACKS("start cooperative grids with launch_cooperative() of kernels/cooperative_launch.h (cudaLaunchCooperativeKernel)") \
  cudaLaunchCooperativeKernel
#define cudaTextureObject_t DUEL_SIM_LACKS("the simulated GPU has no textures (cudaTextureObject_t): read global memory") int
#define cudaSurfaceObject_t DUEL_SIM_LACKS("the simulated GPU has no surfaces (cudaSurfaceObject_t): use global memory") int
#define clock64 DUEL_SIM_LACKS("the simulated GPU has no clock64(): simulated time means nothing") clock64
#define __nanosleep \
  DUEL_SIM_LACKS("the simulated GPU has no __nanosleep: a thread gives way only at a barrier or a warp collective") __nanosleep
#define __pipeline_memcpy_async \
  DUEL_SIM_LACKS("the simulated GPU has no __pipeline_memcpy_async: asynchronous copies go through kernels/ptx.h") __pipeline_memcpy_async
#define nvcuda DUEL_SIM_LACKS("the simulated GPU has no nvcuda::wmma: matrix instructions go through kernels/ptx.h") nvcuda
#define cooperative_groups \
  DUEL_SIM_LACKS("the simulated GPU has no cooperative groups: use __syncthreads(), __syncwarp(), the *_sync calls and grid_sync()") cooperative_groups
// clang-format on
