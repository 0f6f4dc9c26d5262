// The reference: pixel by pixel, sums in double.
#include <algorithm>

#include "augment/warp/pixel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const WarpProblem& p) { return is_floating(p.dtype); }

template <class F>
void each_result(const WarpProblem& p, const float* maps, F&& f) {
  for (int n = 0; n < p.n; ++n) {
    const Map map = map_of(maps, n);
    const Taps taps = taps_of(p, map);
    for (int i = 0; i < p.p; ++i)
      for (int j = 0; j < p.q; ++j)
        for (int ch = 0; ch < p.c; ++ch) f(n, map, taps, i, j, ch, ((int64_t{n} * p.p + i) * p.q + j) * p.c + ch);
  }
}

void warp(const WarpProblem& p, const WarpImages::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = static_cast<const T*>(a.x);
    T* y = static_cast<T*>(a.y);
    each_result(p, static_cast<const float*>(a.map), [&](int n, const Map& map, Taps taps, int i, int j, int ch, int64_t at) {
      y[at] = static_cast<T>(warped<double>(p, p.sampling(), map, taps, x + n * (p.source() / p.n), i, j, ch));
    });
  });
}

void adjoint(const WarpProblem& p, const WarpImagesAdjoint::Args& a, Scratch scratch, Stream) {
  double* sums = static_cast<double*>(scratch.data);
  std::fill_n(sums, p.source(), 0.0);
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* gy = static_cast<const T*>(a.gy);
    T* gx = static_cast<T*>(a.gx);
    each_result(p, static_cast<const float*>(a.map), [&](int n, const Map& map, Taps taps, int i, int j, int ch, int64_t at) {
      double* own = sums + n * (p.source() / p.n);
      spread<double>(p, p.sampling(), map, taps, static_cast<double>(gy[at]), i, j, ch, [&](int64_t to, double v) { own[to] += v; });
    });
    for (int64_t i = 0; i < p.source(); ++i) gx[i] = static_cast<T>(sums[i]);
  });
}
size_t adjoint_scratch(const WarpProblem& p) { return static_cast<size_t>(p.source()) * sizeof(double); }

KERNEL_VARIANT(WarpImages, ref, reference_rank, supports, no_scratch, warp);
KERNEL_VARIANT(WarpImagesAdjoint, ref, reference_rank, supports, adjoint_scratch, adjoint);

}  // namespace
}  // namespace duel
