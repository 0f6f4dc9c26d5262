// cast on the CPU: one loop a pair of types.
#include "kernels/parallel.h"
#include "kernels/pointwise/functions.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const CastProblem&) { return true; }

template <class To, class From>
void convert(const From* __restrict x, To* __restrict y, int64_t count) {
#pragma GCC ivdep  // not omp simd: its copies of the temporary bf16 would keep g++ from vectorising
  for (int64_t i = 0; i < count; ++i) y[i] = cast_value<To>(x[i]);
}

void run(const CastProblem& p, const Cast::Args& args, Scratch, Stream) {
  with_dtype(p.from, [&](auto from) {
    with_dtype(p.to, [&](auto to) {
      const auto* x = static_cast<const typename decltype(from)::type*>(args.x);
      auto* y = static_cast<typename decltype(to)::type*>(args.y);
      parallel_chunks(p.n, [&](int64_t begin, int64_t end, int64_t) { convert(x + begin, y + begin, end - begin); });
    });
  });
}

KERNEL_VARIANT(Cast, openmp, 10, supports, no_scratch, run);

}  // namespace
}  // namespace duel
