// The reference: every window, tap by tap, in the order of the formulas; sums in double.
#include <vector>

#include "kernels/pool2d/pool2d.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const Pool2dProblem& p) { return is_floating(p.dtype); }

// Calls f(y index, tap, x index) for each window, channel and tap inside the image, taps ascending.
template <class F>
void each_tap(const Pool2dProblem& d, F&& f) {
  for (int n = 0; n < d.n; ++n)
    for (int p = 0; p < d.p; ++p)
      for (int q = 0; q < d.q; ++q)
        for (int c = 0; c < d.c; ++c)
          for (int r = 0; r < d.r; ++r)
            for (int s = 0; s < d.s; ++s) {
              const int row = d.first_row(p) + r, col = d.first_col(q) + s;
              if (!d.has_row(row) || !d.has_col(col)) continue;
              f(((int64_t{n} * d.p + p) * d.q + q) * d.c + c, r * d.s + s, ((int64_t{n} * d.h + row) * d.w + col) * d.c + c);
            }
}

void run_max(const Pool2dProblem& d, const MaxPool2d::Args& a, Scratch, Stream) {
  with_floating(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = static_cast<const T*>(a.x);
    T* y = static_cast<T*>(a.y);
    int32_t* tap = static_cast<int32_t*>(a.tap);
    for (int64_t i = 0; i < d.y_count(); ++i) tap[i] = -1;
    each_tap(d, [&](int64_t yi, int t, int64_t xi) {
      const double value = static_cast<double>(x[xi]), best = static_cast<double>(y[yi]);
      if (tap[yi] < 0 || value > best || (value != value && best == best)) y[yi] = x[xi], tap[yi] = t;
    });
  });
}

void run_scatter(const Pool2dProblem& d, const MaxPool2dScatter::Args& a, Scratch, Stream) {
  with_floating(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<double> sum(static_cast<size_t>(d.x_count()), 0.0);
    each_tap(d, [&](int64_t yi, int t, int64_t xi) {
      if (static_cast<const int32_t*>(a.tap)[yi] == t) sum[static_cast<size_t>(xi)] += static_cast<double>(static_cast<const T*>(a.gy)[yi]);
    });
    for (size_t i = 0; i < sum.size(); ++i) static_cast<T*>(a.gx)[i] = static_cast<T>(sum[i]);
  });
}

void run_gather(const Pool2dProblem& d, const MaxPool2dGather::Args& a, Scratch, Stream) {
  with_floating(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = static_cast<T*>(a.y);
    for (int64_t i = 0; i < d.y_count(); ++i) y[i] = static_cast<T>(0.f);
    each_tap(d, [&](int64_t yi, int t, int64_t xi) {
      if (static_cast<const int32_t*>(a.tap)[yi] == t) y[yi] = static_cast<const T*>(a.x)[xi];
    });
  });
}

// The divisor of the window that y's element yi comes from.
double divisor(const Pool2dProblem& d, int64_t yi) {
  return d.divisor(static_cast<int>(yi / d.c / d.q % d.p), static_cast<int>(yi / d.c % d.q));
}

void run_avg(const Pool2dProblem& d, const AvgPool2d::Args& a, Scratch, Stream) {
  with_floating(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<double> sum(static_cast<size_t>(d.y_count()), 0.0);
    each_tap(d, [&](int64_t yi, int, int64_t xi) { sum[static_cast<size_t>(yi)] += static_cast<double>(static_cast<const T*>(a.x)[xi]); });
    for (int64_t i = 0; i < d.y_count(); ++i) static_cast<T*>(a.y)[i] = static_cast<T>(sum[static_cast<size_t>(i)] / divisor(d, i));
  });
}

void run_avg_grad(const Pool2dProblem& d, const AvgPool2dGrad::Args& a, Scratch, Stream) {
  with_floating(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<double> sum(static_cast<size_t>(d.x_count()), 0.0);
    const bool same = d.over != PoolOver::inside;  // one divisor for all: divided once, at the end, so that integers stay exact
    each_tap(d, [&](int64_t yi, int, int64_t xi) {
      sum[static_cast<size_t>(xi)] += static_cast<double>(static_cast<const T*>(a.gy)[yi]) / (same ? 1 : divisor(d, yi));
    });
    for (size_t i = 0; i < sum.size(); ++i) static_cast<T*>(a.gx)[i] = static_cast<T>(sum[i] / (same ? d.divisor(0, 0) : 1));
  });
}

KERNEL_VARIANT(MaxPool2d, ref, reference_rank, supports, no_scratch, run_max);
KERNEL_VARIANT(MaxPool2dScatter, ref, reference_rank, supports, no_scratch, run_scatter);
KERNEL_VARIANT(MaxPool2dGather, ref, reference_rank, supports, no_scratch, run_gather);
KERNEL_VARIANT(AvgPool2d, ref, reference_rank, supports, no_scratch, run_avg);
KERNEL_VARIANT(AvgPool2dGrad, ref, reference_rank, supports, no_scratch, run_avg_grad);

}  // namespace
}  // namespace duel
