// The barrier of a whole grid, started by launch_cooperative() (kernels/cooperative_launch.h).
//
//   grid_sync();    every thread of the grid comes; then all see what the others wrote before, device memory included
//
// No thread may return before a barrier that others still come to.
#pragma once
#include "kernels/ptx/device.h"
#ifdef DUEL_SIM
#include "kernels/sim/grid.h"
#elif defined(__CUDACC__)
#include <cooperative_groups.h>
#endif

namespace duel {

#ifdef DUEL_SIM

DUEL_SIM_INLINE void grid_sync(sim::Site site = sim::Site::here()) { sim::grid_sync(site); }

#elif defined(__CUDACC__)

__device__ inline void grid_sync() { cooperative_groups::this_grid().sync(); }

#endif

}  // namespace duel
