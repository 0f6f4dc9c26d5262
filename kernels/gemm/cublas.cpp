// gemm by cuBLAS: a unit of measurement. f32 in pedantic mode, that is without TF32; bf16 with f32 sums.
// cuBLAS counts columns first, and a row-major C is a column-first Cᵀ = op(B)ᵀ·op(A)ᵀ: the operands change places, nothing is transposed.
#include <cublas_v2.h>

#include "kernels/gemm/gemm.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const GemmProblem& p) { return p.valid(); }
size_t scratch_bytes(const GemmProblem&) { return size_t{32} << 20; }  // the workspace NVIDIA recommends from Hopper on

void check(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    fail(Failure::device, std::string("[gemm] ") + what + ": " + cublasGetStatusString(status) + "; gemm:naive runs without cuBLAS");
}

cublasHandle_t handle() {
  static const cublasHandle_t handle = [] {
    cublasHandle_t made = nullptr;
    check(cublasCreate(&made), "cublasCreate");
    return made;
  }();
  return handle;
}

cudaDataType type_of(DType t) { return t == DType::f64 ? CUDA_R_64F : t == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F; }

void run(const GemmProblem& p, const Gemm::Args& a, Scratch scratch, Stream stream) {
  const float one_f32 = 1, zero_f32 = 0;
  const double one_f64 = 1, zero_f64 = 0;
  const bool f64 = p.dtype == DType::f64;
  const cublasComputeType_t compute = f64                      ? CUBLAS_COMPUTE_64F_PEDANTIC
                                      : p.dtype == DType::bf16 ? CUBLAS_COMPUTE_32F
                                                               : CUBLAS_COMPUTE_32F_PEDANTIC;
  check(cublasSetStream(handle(), static_cast<cudaStream_t>(stream.handle)), "cublasSetStream");  // also resets the workspace
  check(cublasSetWorkspace(handle(), scratch.data, scratch.bytes), "cublasSetWorkspace");
  duel_count_launch();
  check(cublasGemmStridedBatchedEx(handle(), p.tb ? CUBLAS_OP_T : CUBLAS_OP_N, p.ta ? CUBLAS_OP_T : CUBLAS_OP_N, p.n, p.m, p.k,
                                   f64 ? static_cast<const void*>(&one_f64) : &one_f32, a.b, type_of(p.dtype), p.tb ? p.k : p.n,
                                   int64_t{p.k} * p.n, a.a, type_of(p.dtype), p.ta ? p.m : p.k, int64_t{p.m} * p.k,
                                   f64 ? static_cast<const void*>(&zero_f64) : &zero_f32, a.c, type_of(p.out), p.n, int64_t{p.m} * p.n,
                                   p.batch, compute, CUBLAS_GEMM_DEFAULT),
        "cublasGemmStridedBatchedEx");
}

KERNEL_VARIANT(Gemm, cublas, baseline_rank, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
