// Maximum pooling on the CPU, and its two linear companions; see cpu_lanes.h. Bounded by memory.
#include "kernels/pool2d/cpu_lanes.h"
#include "kernels/registry.h"

namespace duel {
namespace {

using namespace pool_lanes;

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
    max_pool(p, static_cast<const T*>(a.x), static_cast<T*>(a.y), static_cast<int32_t*>(a.tap));
  });
}
void run_scatter(const Pool2dProblem& p, const MaxPool2dScatter::Args& a, Scratch, Stream) {
  with_type(p, [&](auto tag) {
    using T = typename decltype(tag)::type;
    scatter(p, static_cast<const T*>(a.gy), static_cast<const int32_t*>(a.tap), static_cast<T*>(a.gx));
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
