// Warping on the CPU: rows of the result in parallel, the reads of a pixel worked out once for all its channels. The adjoint goes sample by
// sample, each in the order of its outputs.
#include <algorithm>

#include "augment/warp/pixel.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const WarpProblem& p) { return is_floating(p.dtype); }
constexpr int at_once = 4;  // channels a pass

template <class T>
void warp_row(const WarpProblem& p, const Sampling& s, const Map& map, const T* x, int i, T* y) {
  using A = accumulator_t<T>;
  const Taps taps = taps_of(p, map);
  for (int j = 0; j < p.q; ++j)
    for (int from = 0; from < p.c; from += at_once) {
      const int channels = std::min(at_once, p.c - from);
      A sum[at_once] = {};
      each_sample<A>(map, taps, i, j, StayPut{}, [&](Point at, A weight) {
        each_tap<A>(s, p.h, p.w, at, weight, [&](int row, int column, A w) {
          const T* pixel = x + (int64_t{row} * p.w + column) * p.c + from;
          for (int k = 0; k < channels; ++k) sum[k] += w * (row < 0 ? A(s.fill) : static_cast<A>(pixel[k]));
        });
      });
      for (int k = 0; k < channels; ++k) y[j * p.c + from + k] = static_cast<T>(sum[k]);
    }
}

void warp(const WarpProblem& p, const WarpImages::Args& a, Scratch, Stream) {
  if (p.result() == 0) return;
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = static_cast<const T*>(a.x);
    T* y = static_cast<T*>(a.y);
    const int64_t image = p.source() / p.n, row = int64_t{p.q} * p.c;
    parallel_chunks(int64_t{p.n} * p.p, std::max<int64_t>(1, chunk_elements / 4 / row), [&](int64_t begin, int64_t end, int64_t) {
      for (int64_t at = begin; at < end; ++at)
        warp_row(p, p.sampling(), map_of(static_cast<const float*>(a.map), at / p.p), x + at / p.p * image, static_cast<int>(at % p.p),
                 y + at * row);
    });
  });
}

template <class T>
void spread_sample(const WarpProblem& p, const Map& map, const T* gy, accumulator_t<T>* sums, T* gx) {
  using A = accumulator_t<T>;
  const Sampling s = p.sampling();
  const Taps taps = taps_of(p, map);
  const int64_t image = int64_t{p.h} * p.w * p.c;
  std::fill_n(sums, image, A(0));
  for (int i = 0; i < p.p; ++i)
    for (int j = 0; j < p.q; ++j, gy += p.c)
      each_sample<A>(map, taps, i, j, StayPut{}, [&](Point at, A weight) {
        each_tap<A>(s, p.h, p.w, at, weight, [&](int row, int column, A w) {
          if (row < 0) return;
          A* to = sums + (int64_t{row} * p.w + column) * p.c;
          for (int ch = 0; ch < p.c; ++ch) to[ch] += w * static_cast<A>(gy[ch]);
        });
      });
  for (int64_t i = 0; i < image; ++i) gx[i] = static_cast<T>(sums[i]);
}

void adjoint(const WarpProblem& p, const WarpImagesAdjoint::Args& a, Scratch scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t image = int64_t{p.h} * p.w * p.c, result = int64_t{p.p} * p.q * p.c;
    auto* sums = static_cast<accumulator_t<T>*>(scratch.data);
    parallel_chunks(p.n, 1, [&](int64_t sample, int64_t end, int64_t) {
      for (; sample < end; ++sample)
        spread_sample(p, map_of(static_cast<const float*>(a.map), sample), static_cast<const T*>(a.gy) + sample * result,
                      sums + sample * image, static_cast<T*>(a.gx) + sample * image);
    });
  });
}
size_t adjoint_scratch(const WarpProblem& p) { return static_cast<size_t>(p.source()) * size_of(accumulator_of(p.dtype)); }

KERNEL_VARIANT(WarpImages, openmp, 10, supports, no_scratch, warp);
KERNEL_VARIANT(WarpImagesAdjoint, openmp, 10, supports, adjoint_scratch, adjoint);

}  // namespace
}  // namespace duel
