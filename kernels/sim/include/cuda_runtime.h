// Stands in for the CUDA Toolkit's header when a .cu file that includes it is compiled for the simulated GPU.
#pragma once
#include "kernels/sim/cuda.h"
