// Average pooling on the CPU and its adjoint; see cpu_lanes.h. Bounded by memory.
#include <omp.h>

#include "kernels/pool2d/cpu_lanes.h"
#include "kernels/registry.h"

namespace duel {
namespace {

using namespace pool_lanes;

// Adds first and divides once, so that sums of integers stay exact.
template <class T>
void add(const T* __restrict from, float* __restrict sum, int count) {
  for (int i = 0; i < count; ++i) sum[i] += static_cast<float>(from[i]);
}
template <class T>
void add_divided(const T* __restrict from, float* __restrict sum, int count, float divisor) {
  for (int i = 0; i < count; ++i) sum[i] += static_cast<float>(from[i]) / divisor;
}
template <class T>
void store_divided(const float* __restrict from, T* __restrict to, int count, float divisor) {
  if (divisor == 1) return store(from, to, count);
  for (int i = 0; i < count; ++i) to[i] = static_cast<T>(from[i] / divisor);
}

template <class T>
void average(const Pool2dProblem& d, const T* x, T* y) {
  each_row(d.n, d.p, int64_t{d.q} * d.c, [&](int n, int p) {
    alignas(64) float sum[lanes];
    for (int q = 0; q < d.q; ++q)
      each_portion(d, [&](int c, int count) {
        std::fill_n(sum, count, 0.f);
        taps_of_window(d, n, p, q, [&](int, int64_t xi) { add(x + xi + c, sum, count); });
        store_divided(sum, y + ((int64_t{n} * d.p + p) * d.q + q) * d.c + c, count, static_cast<float>(d.divisor(p, q)));
      });
  });
}

// Does every pixel lie in one window, and none is left over? Then the pixel rows under a row of windows are all the same.
bool tiles_the_image(const Pool2dProblem& d) {
  return d.u == d.r && d.v == d.s && d.top == 0 && d.left == 0 && d.p * d.u >= d.h && d.q * d.v >= d.w;
}

template <class T>
void average_grad(const Pool2dProblem& d, const T* gy, T* gx) {
  const bool same = d.over != PoolOver::inside;
  const float last = same ? static_cast<float>(d.divisor(0, 0)) : 1;
  const int64_t width = int64_t{d.w} * d.c;
  const auto pixel_row = [&](int n, int row) {
    alignas(64) float sum[lanes];
    for (int col = 0; col < d.w; ++col)
      each_portion(d, [&](int c, int count) {
        std::fill_n(sum, count, 0.f);
        windows_of_pixel(d, n, row, col, [&](int, int p, int q, int64_t yi) {
          if (same) add(gy + yi + c, sum, count);
          else add_divided(gy + yi + c, sum, count, static_cast<float>(d.divisor(p, q)));
        });
        store_divided(sum, gx + ((int64_t{n} * d.h + row) * d.w + col) * d.c + c, count, last);
      });
  };
  const int bands = (d.h + d.u - 1) / d.u;
  if (!tiles_the_image(d) || d.n * bands < omp_get_max_threads()) return each_row(d.n, d.h, width, pixel_row);
  each_row(d.n, bands, width * d.u, [&](int n, int band) {
    const int first = band * d.u, end = std::min(d.h, first + d.u);
    pixel_row(n, first);
    T* const done = gx + (int64_t{n} * d.h + first) * width;
    for (int row = first + 1; row < end; ++row) std::copy_n(done, width, done + (row - first) * width);
  });
}

void run_avg(const Pool2dProblem& p, const AvgPool2d::Args& a, Scratch, Stream) {
  with_type(p, [&](auto tag) {
    using T = typename decltype(tag)::type;
    average(p, static_cast<const T*>(a.x), static_cast<T*>(a.y));
  });
}
void run_avg_grad(const Pool2dProblem& p, const AvgPool2dGrad::Args& a, Scratch, Stream) {
  with_type(p, [&](auto tag) {
    using T = typename decltype(tag)::type;
    average_grad(p, static_cast<const T*>(a.gy), static_cast<T*>(a.gx));
  });
}

KERNEL_VARIANT(AvgPool2d, openmp, 10, supports, no_scratch, run_avg);
KERNEL_VARIANT(AvgPool2dGrad, openmp, 10, supports, no_scratch, run_avg_grad);

}  // namespace
}  // namespace duel
