#pragma once
#error "the simulated GPU has no <curand_kernel.h>: random numbers are Philox, kernels/random/"
