// conv2d_wgrad with few input channels (D's first layer): each value of x times a vector of gy, four taps at a time.
//
// Against the row of rank 2: the same sums from x and gy as they lie, and in an order that the problem alone decides: band after band
// within a chunk of bands, then chunk after chunk. Bounded by multiply-adds, and by reading gy.
#include <omp.h>

#include "kernels/conv2d/few_channels.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

using namespace few_channels;

constexpr int64_t most_chunks = 64;

// Where x has one channel, or gy fewer than 64, the library was as fast or faster.
bool supports(const Conv2dProblem& d) { return d.dtype == DType::f32 && is_few(d) && d.c > 1 && d.k >= 64; }

struct Plan {
  Bands bands;
  int taps;                       // rounded up to whole tiles
  int64_t chunk, chunks;          // bands of a chunk, and how many
  size_t offsets, band, partial;  // bytes: where taps lie; a thread's band of x; a chunk's sums [taps][k]
  explicit Plan(const Conv2dProblem& d) : bands(d) {
    const int64_t all = int64_t{d.n} * bands.per_image;
    taps = (bands.taps + tile - 1) / tile * tile;
    chunk = chunks_of(all, most_chunks), chunks = chunks_of(all, chunk);
    offsets = aligned(static_cast<size_t>(taps) * sizeof(int));
    band = aligned(static_cast<size_t>(bands.values(d)) * sizeof(float));
    partial = aligned(static_cast<size_t>(taps) * static_cast<size_t>(d.k) * sizeof(float));
  }
};
size_t scratch(const Conv2dProblem& d) {
  const Plan plan(d);
  return plan.offsets + plan.band * static_cast<size_t>(omp_get_max_threads()) + plan.partial * static_cast<size_t>(plan.chunks);
}

// Adds some output rows' part to the sums [tile][k] of four taps and `width` output channels.
template <int width>  // not inlined: there its pointers would have to share registers
[[gnu::noinline]] void add_rows(const Conv2dProblem& d, int rows, int x_row, const int* offsets, const float* x, const float* __restrict gy,
                                float* __restrict sums) {
  constexpr int vectors = width / lanes;
  Vector sum[tile][vectors];
#pragma GCC unroll 4
  for (int i = 0; i < tile; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[i][v] = load(sums + i * d.k + v * lanes);
  const float* at[tile];
#pragma GCC unroll 4
  for (int i = 0; i < tile; ++i) at[i] = x + offsets[i];
  const int64_t step = int64_t{d.v} * d.c, length = d.q * step;
  for (int64_t begin = 0; begin < int64_t{rows} * d.u * x_row; begin += int64_t{d.u} * x_row)
    for (int64_t j = begin; j < begin + length; j += step, gy += d.k) {
      Vector g[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) g[v] = load(gy + v * lanes);
#pragma GCC unroll 4
      for (int i = 0; i < tile; ++i) {
        const Vector value = broadcast(at[i][j]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sum[i][v] = multiply_add(value, g[v], sum[i][v]);
      }
    }
#pragma GCC unroll 4
  for (int i = 0; i < tile; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) store(sums + i * d.k + v * lanes, sum[i][v]);
}

void run(const Conv2dProblem& d, const Conv2dWgrad::Args& a, Scratch scratch, Stream) {
  const Plan plan(d);
  const Bands& bands = plan.bands;
  const float *x = static_cast<const float*>(a.x), *gy = static_cast<const float*>(a.gy);
  float* const gw = static_cast<float*>(a.gw);
  char* const memory = static_cast<char*>(scratch.data);
  int* const offsets = reinterpret_cast<int*>(memory);
  bands.offsets(d, offsets);
  std::fill(offsets + bands.taps, offsets + plan.taps, 0);  // a whole tile's last taps: their sums are not used
  float* const partials = reinterpret_cast<float*>(memory + plan.offsets);
  const auto partial = [&](int64_t chunk) { return partials + chunk * static_cast<int64_t>(plan.partial / sizeof(float)); };
  char* const threads = memory + plan.offsets + plan.partial * static_cast<size_t>(plan.chunks);
#pragma omp parallel for schedule(static)
  for (int64_t chunk = 0; chunk < plan.chunks; ++chunk) {
    float* const band = reinterpret_cast<float*>(threads + plan.band * static_cast<size_t>(omp_get_thread_num()));
    float* const sums = partial(chunk);
    std::fill_n(sums, int64_t{plan.taps} * d.k, 0.f);
    const int64_t end = std::min((chunk + 1) * plan.chunk, int64_t{d.n} * bands.per_image);
    for (int64_t task = chunk * plan.chunk; task < end; ++task) {
      const int64_t n = task / bands.per_image;
      const int begin = static_cast<int>(task % bands.per_image) * bands.rows, count = std::min(bands.rows, d.p - begin);
      bands.pad(d, x + n * d.h * d.w * d.c, begin, count, band);
      each_block(d.k, [&](auto width, int first) {
        for (int j = 0; j < plan.taps; j += tile)
          add_rows<width>(d, count, bands.row, offsets + j, band, gy + (n * d.p + begin) * d.q * d.k + first,
                          sums + int64_t{j} * d.k + first);
      });
    }
  }
#pragma omp parallel for schedule(static)
  for (int j = 0; j < bands.taps; ++j) {
    float* const total = partial(0) + int64_t{j} * d.k;
    for (int64_t chunk = 1; chunk < plan.chunks; ++chunk) {
      const float* more = partial(chunk) + int64_t{j} * d.k;
#pragma omp simd
      for (int k = 0; k < d.k; ++k) total[k] += more[k];
    }
    for (int k = 0; k < d.k; ++k) gw[int64_t{k} * bands.taps + j] = total[k];
  }
}

KERNEL_VARIANT(Conv2dWgrad, few_channels, has_fma ? 3 : 1, supports, scratch, run);

}  // namespace
}  // namespace duel
