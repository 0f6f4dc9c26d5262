// Maximum pooling on the CPU, and its two linear companions; see cpu_lanes.h. Bounded by memory. Where windows of 2 × 2 tile the image, as
// in most nets, all four taps of a window are seen at once, with no pass a tap; results too large for a cache go past it.
#include "kernels/cpu_stream.h"
#include "kernels/pool2d/cpu_lanes.h"
#include "kernels/registry.h"

namespace duel {
namespace {

using namespace pool_lanes;

bool tiles_of_four(const Pool2dProblem& d) {
  return d.r == 2 && d.s == 2 && d.u == 2 && d.v == 2 && d.top == 0 && d.left == 0 && d.h == 2 * d.p && d.w == 2 * d.q;
}

// f(y index, x index of the first tap, how many channels) for each window and portion of channels.
template <class F>
void each_four(const Pool2dProblem& d, F&& f) {
  each_row(d.n, d.p, int64_t{d.q} * d.c, [&](int n, int p) {
    for (int q = 0; q < d.q; ++q)
      each_portion(d, [&](int c, int count) {
        f(((int64_t{n} * d.p + p) * d.q + q) * d.c + c, ((int64_t{n} * d.h + 2 * p) * d.w + 2 * q) * d.c + c, count);
      });
    vectors::stream_end();
  });
}

template <class T>
void max_of_four(const Pool2dProblem& d, const T* x, T* y, int32_t* tap) {
  const int64_t below = int64_t{d.w} * d.c;
  const bool y_streams = streams<T>(d.y_count()), tap_streams = streams<int32_t>(d.y_count());
  each_four(d, [&](int64_t yi, int64_t xi, int count) {
    alignas(64) T best_line[lanes];
    alignas(64) int32_t tap_line[lanes];
    const T* __restrict x0 = x + xi, * __restrict x1 = x0 + d.c, * __restrict x2 = x0 + below, * __restrict x3 = x2 + d.c;
    T* __restrict to = y_streams ? best_line : y + yi;
    int32_t* __restrict where = tap_streams ? tap_line : tap + yi;
#pragma GCC ivdep
    for (int i = 0; i < count; ++i) {
      float best = static_cast<float>(x0[i]);
      int32_t at = 0;
      const auto meets = [&](float value, int32_t t) {  // two selects: with | and & between the comparisons g++ does not vectorise
        const bool wins = !(value <= best), stays = best != best;
        const float next = wins ? value : best;
        const int32_t next_at = wins ? t : at;
        best = stays ? best : next, at = stays ? at : next_at;
      };
      meets(static_cast<float>(x1[i]), 1), meets(static_cast<float>(x2[i]), 2), meets(static_cast<float>(x3[i]), 3);
      to[i] = static_cast<T>(best), where[i] = at;
    }
    if (y_streams) stream_line(best_line, y + yi, count);
    if (tap_streams) stream_line(tap_line, tap + yi, count);
  });
}

template <class T>
void scatter_to_four(const Pool2dProblem& d, const T* gy, const int32_t* tap, T* gx) {
  const int64_t offsets[] = {0, d.c, int64_t{d.w} * d.c, int64_t{d.w} * d.c + d.c};
  const bool gx_streams = streams<T>(d.x_count());
  each_four(d, [&](int64_t yi, int64_t xi, int count) {
    alignas(64) T line[lanes];
    const T* __restrict from = gy + yi;
    const int32_t* __restrict named = tap + yi;
    for (int t = 0; t < 4; ++t) {
      T* own = gx + xi + offsets[t];
      T* __restrict to = gx_streams ? line : own;
#pragma GCC ivdep
      for (int i = 0; i < count; ++i) to[i] = static_cast<T>(named[i] == t ? static_cast<float>(from[i]) : 0.f);
      if (gx_streams) stream_line(line, own, count);
    }
  });
}

template <class T>
void max_pool(const Pool2dProblem& d, const T* x, T* y, int32_t* tap) {
  each_row(d.n, d.p, int64_t{d.q} * d.c, [&](int n, int p) {
    alignas(64) float best[lanes];
    alignas(64) int32_t where[lanes];
    for (int q = 0; q < d.q; ++q)
      each_portion(d, [&](int c, int count) {
        bool first = true;
        taps_of_window(d, n, p, q, [&](int t, int64_t xi) {
          const T* __restrict from = x + xi + c;
          if (first) {
            first = false;
            for (int i = 0; i < count; ++i) best[i] = static_cast<float>(from[i]), where[i] = t;
            return;
          }
#pragma GCC ivdep
          for (int i = 0; i < count; ++i) {
            const float value = static_cast<float>(from[i]);
            const bool wins = (value > best[i]) | ((value != value) & (best[i] == best[i]));
            best[i] = wins ? value : best[i], where[i] = wins ? t : where[i];
          }
        });
        const int64_t yi = ((int64_t{n} * d.p + p) * d.q + q) * d.c + c;
        store(best, y + yi, count);
        std::copy_n(where, count, tap + yi);
      });
  });
}

template <class T>
void scatter(const Pool2dProblem& d, const T* gy, const int32_t* tap, T* gx) {
  each_row(d.n, d.h, int64_t{d.w} * d.c, [&](int n, int row) {
    alignas(64) float sum[lanes];
    for (int col = 0; col < d.w; ++col)
      each_portion(d, [&](int c, int count) {
        std::fill_n(sum, count, 0.f);
        windows_of_pixel(d, n, row, col, [&](int t, int, int, int64_t yi) {
          const T* __restrict from = gy + yi + c;
          const int32_t* __restrict named = tap + yi + c;
#pragma GCC ivdep
          for (int i = 0; i < count; ++i) sum[i] += named[i] == t ? static_cast<float>(from[i]) : 0.f;
        });
        store(sum, gx + ((int64_t{n} * d.h + row) * d.w + col) * d.c + c, count);
      });
  });
}

template <class T>
void gather(const Pool2dProblem& d, const T* x, const int32_t* tap, T* y) {
  each_row(d.n, d.p, int64_t{d.q} * d.c, [&](int n, int p) {
    alignas(64) float picked[lanes];
    for (int q = 0; q < d.q; ++q)
      each_portion(d, [&](int c, int count) {
        const int64_t yi = ((int64_t{n} * d.p + p) * d.q + q) * d.c + c;
        std::fill_n(picked, count, 0.f);
        taps_of_window(d, n, p, q, [&](int t, int64_t xi) {
          const T* __restrict from = x + xi + c;
          const int32_t* __restrict named = tap + yi;
#pragma GCC ivdep
          for (int i = 0; i < count; ++i) picked[i] = named[i] == t ? static_cast<float>(from[i]) : picked[i];
        });
        store(picked, y + yi, count);
      });
  });
}

void run_max(const Pool2dProblem& p, const MaxPool2d::Args& a, Scratch, Stream) {
  with_type(p, [&](auto tag) {
    using T = typename decltype(tag)::type;
    (tiles_of_four(p) ? max_of_four<T> : max_pool<T>)(p, static_cast<const T*>(a.x), static_cast<T*>(a.y), static_cast<int32_t*>(a.tap));
  });
}
void run_scatter(const Pool2dProblem& p, const MaxPool2dScatter::Args& a, Scratch, Stream) {
  with_type(p, [&](auto tag) {
    using T = typename decltype(tag)::type;
    (tiles_of_four(p) ? scatter_to_four<T> : scatter<T>)(p, static_cast<const T*>(a.gy), static_cast<const int32_t*>(a.tap),
                                                         static_cast<T*>(a.gx));
  });
}
void run_gather(const Pool2dProblem& p, const MaxPool2dGather::Args& a, Scratch, Stream) {
  with_type(p, [&](auto tag) {
    using T = typename decltype(tag)::type;
    gather(p, static_cast<const T*>(a.x), static_cast<const int32_t*>(a.tap), static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(MaxPool2d, openmp, 10, supports, no_scratch, run_max);
KERNEL_VARIANT(MaxPool2dScatter, openmp, 10, supports, no_scratch, run_scatter);
KERNEL_VARIANT(MaxPool2dGather, openmp, 10, supports, no_scratch, run_gather);

}  // namespace
}  // namespace duel
