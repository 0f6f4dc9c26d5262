#pragma once
#error "the simulated GPU has no <mma.h>: matrix instructions go through kernels/ptx.h"
