// The reference: every element into its result, in order, in f64.
#include <limits>

#include "kernels/reduce/reduce.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const ReduceProblem& p) { return is_floating(p.dtype); }

void run(const ReduceProblem& p, const Reduce::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = static_cast<const T*>(a.x);
    const bool sum = p.fn == ReduceFn::sum;
    std::vector<double> total(static_cast<size_t>(p.results()), sum ? 0.0 : -std::numeric_limits<double>::infinity());
    for (int64_t i = 0; i < p.count(); ++i) {
      const double value = static_cast<double>(x[i]);
      const int64_t result = p.keep == Keep::scalar    ? 0
                             : p.keep == Keep::channel ? i % p.c
                             : p.keep == Keep::sample  ? i / p.inner
                                                       : i / p.inner * p.c + i % p.c;
      double& t = total[static_cast<size_t>(result)];
      if (sum) t += value;
      else if (value > t || value != value) t = value;  // once NaN, no comparison with it succeeds
    }
    for (size_t i = 0; i < total.size(); ++i) static_cast<accumulator_t<T>*>(a.y)[i] = static_cast<accumulator_t<T>>(total[i]);
  });
}

KERNEL_VARIANT(Reduce, ref, reference_rank, supports, no_scratch, run);

}  // namespace
}  // namespace duel
