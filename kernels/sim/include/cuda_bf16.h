#pragma once
#error "the simulated GPU has no <cuda_bf16.h>: use duel::bf16 of kernels/dtype.h"
