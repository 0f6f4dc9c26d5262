#pragma once
#error "the simulated GPU has no <cuda_fp16.h>: dtypes are those of kernels/dtype.h (f32, bf16, f64, i32, u8)"
