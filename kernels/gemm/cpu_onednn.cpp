// gemm on the CPU: oneDNN's matrix product, on row-major operands as they lie.
#ifdef DUEL_ONEDNN
#include "kernels/gemm/gemm.h"
#include "kernels/onednn.h"

namespace duel {
namespace {

std::shared_ptr<const onednn::MatmulPlan> plan_of(const GemmProblem& p) {
  return onednn::matmul_plan({.batch = p.batch, .m = p.m, .n = p.n, .k = p.k, .ta = p.ta, .tb = p.tb, .dtype = p.dtype, .out = p.out});
}
bool supports(const GemmProblem& p) { return p.valid() && p.dtype != DType::f64 && plan_of(p) != nullptr; }
size_t scratch_bytes(const GemmProblem& p) {
  const auto plan = plan_of(p);
  return plan ? plan->scratch_bytes() : 0;
}

void run(const GemmProblem& p, const Gemm::Args& a, Scratch scratch, Stream) {
  onednn::guarded([&] { plan_of(p)->run(a.a, a.b, a.c, scratch.data); });
}

KERNEL_VARIANT(Gemm, onednn, 2, supports, scratch_bytes, run, Sums::by_threads);

}  // namespace
}  // namespace duel
#endif
