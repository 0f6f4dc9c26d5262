// The reference: one element at a time, in f64, with the C library's functions, rounded to the element type at the end.
#include <cmath>
#include <limits>

#include "kernels/pointwise/functions.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports_unary(const UnaryProblem& p) { return is_floating(p.dtype); }
bool supports_binary(const BinaryProblem& p) { return is_floating(p.dtype); }
bool supports_cast(const CastProblem&) { return true; }

void run_unary(const UnaryProblem& p, const Unary::Args& args, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = static_cast<const T*>(args.x);
    T* y = static_cast<T*>(args.y);
    // The constants that a row of this dtype works with: comparisons must fall the same way.
    const double a = static_cast<accumulator_t<T>>(p.a), b = static_cast<accumulator_t<T>>(p.b);
    with_unary_fn(p.fn, [&](auto fn) {
      for (int64_t i = 0; i < p.count(); ++i)
        y[i] = static_cast<T>(unary_value<decltype(fn)::value>(static_cast<double>(x[spread_index(p.from, i, p.inner, p.c)]), a, b));
    });
  });
}

void run_binary(const BinaryProblem& p, const Binary::Args& args, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *a = static_cast<const T*>(args.a), *b = static_cast<const T*>(args.b);
    T* y = static_cast<T*>(args.y);
    with_binary_fn(p.fn, [&](auto fn) {
      for (int64_t i = 0; i < p.count(); ++i)
        y[i] = static_cast<T>(binary_value<decltype(fn)::value>(static_cast<double>(a[spread_index(p.a_spread, i, p.inner, p.c)]),
                                                                static_cast<double>(b[spread_index(p.b_spread, i, p.inner, p.c)])));
    });
  });
}

// By way of f64, which holds every value of every other type.
template <class To>
To from_double(double x) {
  if constexpr (std::is_integral_v<To>) {
    if (std::isnan(x)) return 0;
    const double whole = std::nearbyint(x);
    if (whole <= std::numeric_limits<To>::min()) return std::numeric_limits<To>::min();
    if (whole >= std::numeric_limits<To>::max()) return std::numeric_limits<To>::max();
    return static_cast<To>(whole);
  } else {
    return static_cast<To>(x);
  }
}

void run_cast(const CastProblem& p, const Cast::Args& args, Scratch, Stream) {
  with_dtype(p.from, [&](auto from) {
    with_dtype(p.to, [&](auto to) {
      using From = typename decltype(from)::type;
      using To = typename decltype(to)::type;
      for (int64_t i = 0; i < p.n; ++i)
        static_cast<To*>(args.y)[i] = from_double<To>(static_cast<double>(static_cast<const From*>(args.x)[i]));
    });
  });
}

KERNEL_VARIANT(Unary, ref, reference_rank, supports_unary, no_scratch, run_unary);
KERNEL_VARIANT(Binary, ref, reference_rank, supports_binary, no_scratch, run_binary);
KERNEL_VARIANT(Cast, ref, reference_rank, supports_cast, no_scratch, run_cast);

}  // namespace
}  // namespace duel
