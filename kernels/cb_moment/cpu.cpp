// cb_moment on the CPU: one element after the other, on all cores.
#include "kernels/cb_moment/functions.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const CbMomentProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::bf16; }

template <class T>
void moments(const CbMomentProblem& p, const T* t, T* y) {
  parallel_chunks(p.n, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i) y[i] = static_cast<T>(cb_moment_value(static_cast<float>(t[i]), p.order));
  });
}

void run(const CbMomentProblem& p, const CbMoment::Args& a, Scratch, Stream) {
  if (p.dtype == DType::bf16) moments(p, static_cast<const bf16*>(a.t), static_cast<bf16*>(a.y));
  else moments(p, static_cast<const float*>(a.t), static_cast<float*>(a.y));
}

KERNEL_VARIANT(CbMoment, openmp, 10, supports, no_scratch, run);

}  // namespace
}  // namespace duel
