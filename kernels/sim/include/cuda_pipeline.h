#pragma once
#error "the simulated GPU has no <cuda_pipeline.h>: asynchronous copies go through kernels/ptx.h"
