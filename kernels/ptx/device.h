// What the wrappers stand on: CUDA C++, of the toolkit or of the simulated GPU; nothing in host code.
#pragma once
#ifdef DUEL_SIM
#include "kernels/sim/cuda.h"
#elif defined(__CUDACC__)
#include <cuda_runtime.h>
#endif
#include "kernels/dtype.h"
