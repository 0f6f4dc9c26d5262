// CUDA C++ for the simulated GPU: what launch.h includes in place of <cuda_runtime.h> when a .cu file is compiled as plain C++.
// Written from the CUDA C++ Programming Guide and the PTX ISA; no file of the CUDA Toolkit is needed or used.
#pragma once
// Standard headers come before the names below, some of which they use as identifiers of their own.
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#define __global__
#ifdef DUEL_SIM_CHECKED
#define __device__ __attribute__((always_inline))
#else
#define __device__
#endif
#define __host__
#define __constant__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__  // libstdc++ writes __attribute__((__noinline__)), so it can only be nothing
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)  // a hint to a register allocator
#define __maxnreg__(...)
#ifndef __restrict__
#define __restrict__ __restrict
#endif

#include "kernels/capability.h"
#include "kernels/sim/arithmetic.h"
#include "kernels/sim/atomics.h"
#include "kernels/sim/runtime.h"
#include "kernels/sim/vector_types.h"
#include "kernels/sim/warp.h"

// Last, in a block of its own.
#include "kernels/sim/lacks.h"
