#pragma once
#error "the simulated GPU has no <cooperative_groups.h>: use __syncthreads(), __syncwarp() and the *_sync calls"
