// The reference: one dot product after another, added up in double.
#include "kernels/gemm/gemm.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const GemmProblem& p) { return p.valid(); }

template <class T, class C>
void product(const GemmProblem& p, const T* a, const T* b, C* c) {
  const int64_t m = p.m, n = p.n, k = p.k;
#pragma omp parallel for schedule(static)
  for (int64_t row = 0; row < p.batch * m; ++row) {
    const int64_t member = row / m, i = row % m;
    const T *from_a = a + member * m * k, *from_b = b + member * k * n;
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < k; ++l)
        sum += static_cast<double>(from_a[p.ta ? l * m + i : i * k + l]) * static_cast<double>(from_b[p.tb ? j * k + l : l * n + j]);
      c[row * n + j] = static_cast<C>(sum);
    }
  }
}

void run(const GemmProblem& p, const Gemm::Args& args, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *a = static_cast<const T*>(args.a), *b = static_cast<const T*>(args.b);
    if (p.out == p.dtype) product(p, a, b, static_cast<T*>(args.c));
    else product(p, a, b, static_cast<float*>(args.c));
  });
}

KERNEL_VARIANT(Gemm, ref, reference_rank, supports, no_scratch, run);

}  // namespace
}  // namespace duel
