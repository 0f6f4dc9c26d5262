// Device code that has no plain C++ spelling, under names of its own, each with its twin on the simulated device. A kernel reaches an
// instruction through a wrapper here or not at all: inline PTX does not compile for the simulated device.
#pragma once
#include "kernels/ptx/arithmetic.h"
#include "kernels/ptx/async_copy.h"
#include "kernels/ptx/barrier.h"
#include "kernels/ptx/bulk_copy.h"
#include "kernels/ptx/matrix.h"
#include "kernels/ptx/mbarrier.h"
#include "kernels/ptx/reduce.h"
#include "kernels/ptx/vector.h"
#include "kernels/ptx/warpgroup.h"
