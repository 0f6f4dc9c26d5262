#pragma once
#error "the simulated GPU has no <cooperative_groups.h>: use __syncthreads(), __syncwarp(), the *_sync calls and grid_sync()"
