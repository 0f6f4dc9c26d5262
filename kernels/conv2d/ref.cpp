// The reference: the dumbest loops that can be right, added up in double. Oracle, fallback and textbook.
#include "kernels/conv2d/conv2d.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const Conv2dProblem& p) { return is_floating(p.dtype); }

// Index of x's pixel under output row p and tap r; outside the image when not in [0, size).
int row_of(const Conv2dProblem& d, int p, int r) { return p * d.u - d.top + r; }
int col_of(const Conv2dProblem& d, int q, int s) { return q * d.v - d.left + s; }
bool inside(const Conv2dProblem& d, int row, int col) { return row >= 0 && row < d.h && col >= 0 && col < d.w; }

// Calls f(x index at c = 0, w index at k = c = 0, y index at k = 0) for each tap inside the image. w's index needs k·r·s·c added.
template <class F>
void each_tap(const Conv2dProblem& d, int n, F&& f) {
  for (int p = 0; p < d.p; ++p)
    for (int q = 0; q < d.q; ++q)
      for (int r = 0; r < d.r; ++r)
        for (int s = 0; s < d.s; ++s) {
          const int row = row_of(d, p, r), col = col_of(d, q, s);
          if (!inside(d, row, col)) continue;
          f(((int64_t{n} * d.h + row) * d.w + col) * d.c, (int64_t{r} * d.s + s) * d.c, ((int64_t{n} * d.p + p) * d.q + q) * d.k);
        }
}

template <class T>
void fwd(const Conv2dProblem& d, const T* x, const T* w, T* y) {
  const int64_t filter = int64_t{d.r} * d.s * d.c;
#pragma omp parallel for schedule(static)
  for (int n = 0; n < d.n; ++n) {
    std::vector<double> sum(static_cast<size_t>(d.p) * d.q * d.k, 0.0);
    const int64_t base = int64_t{n} * d.p * d.q * d.k;
    each_tap(d, n, [&](int64_t xi, int64_t wi, int64_t yi) {
      for (int k = 0; k < d.k; ++k)
        for (int c = 0; c < d.c; ++c) sum[yi - base + k] += static_cast<double>(x[xi + c]) * static_cast<double>(w[k * filter + wi + c]);
    });
    for (size_t i = 0; i < sum.size(); ++i) y[base + i] = static_cast<T>(sum[i]);
  }
}

template <class T>
void dgrad(const Conv2dProblem& d, const T* gy, const T* w, T* gx) {
  const int64_t filter = int64_t{d.r} * d.s * d.c;
#pragma omp parallel for schedule(static)
  for (int n = 0; n < d.n; ++n) {
    std::vector<double> sum(static_cast<size_t>(d.h) * d.w * d.c, 0.0);
    const int64_t base = int64_t{n} * d.h * d.w * d.c;
    each_tap(d, n, [&](int64_t xi, int64_t wi, int64_t yi) {
      for (int k = 0; k < d.k; ++k)
        for (int c = 0; c < d.c; ++c) sum[xi - base + c] += static_cast<double>(gy[yi + k]) * static_cast<double>(w[k * filter + wi + c]);
    });
    for (size_t i = 0; i < sum.size(); ++i) gx[base + i] = static_cast<T>(sum[i]);
  }
}

template <class T>
void wgrad(const Conv2dProblem& d, const T* x, const T* gy, accumulator_t<T>* gw) {
  const int64_t filter = int64_t{d.r} * d.s * d.c;
  std::vector<double> sum(static_cast<size_t>(d.w_count()), 0.0);
#pragma omp parallel for schedule(static)  // each k is one thread's own; the images are added in order
  for (int k = 0; k < d.k; ++k)
    for (int n = 0; n < d.n; ++n)
      each_tap(d, n, [&](int64_t xi, int64_t wi, int64_t yi) {
        for (int c = 0; c < d.c; ++c) sum[k * filter + wi + c] += static_cast<double>(x[xi + c]) * static_cast<double>(gy[yi + k]);
      });
  for (size_t i = 0; i < sum.size(); ++i) gw[i] = static_cast<accumulator_t<T>>(sum[i]);
}

void run_fwd(const Conv2dProblem& d, const Conv2dFwd::Args& a, Scratch, Stream) {
  with_floating(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    fwd(d, static_cast<const T*>(a.x), static_cast<const T*>(a.w), static_cast<T*>(a.y));
  });
}
void run_dgrad(const Conv2dProblem& d, const Conv2dDgrad::Args& a, Scratch, Stream) {
  with_floating(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    dgrad(d, static_cast<const T*>(a.gy), static_cast<const T*>(a.w), static_cast<T*>(a.gx));
  });
}
void run_wgrad(const Conv2dProblem& d, const Conv2dWgrad::Args& a, Scratch, Stream) {
  with_floating(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    wgrad(d, static_cast<const T*>(a.x), static_cast<const T*>(a.gy), static_cast<accumulator_t<T>*>(a.gw));
  });
}

KERNEL_VARIANT(Conv2dFwd, ref, reference_rank, supports, no_scratch, run_fwd);
KERNEL_VARIANT(Conv2dDgrad, ref, reference_rank, supports, no_scratch, run_dgrad);
KERNEL_VARIANT(Conv2dWgrad, ref, reference_rank, supports, no_scratch, run_wgrad);

}  // namespace
}  // namespace duel
