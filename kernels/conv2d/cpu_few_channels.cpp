// conv2d_fwd with few input channels (D's first layer): each value of x times a vector of output channels, four pixels at a time.
//
// Against the row of rank 2: a window is read where it lies in the padded input, and a y too big for the caches is written past them, which
// saves reading it first. In bf16, pairs of values meet pairs of weights, with the processor's own bf16 products. Bounded by
// multiply-adds.
#include <omp.h>

#include "kernels/conv2d/few_channels.h"
#include "kernels/registry.h"

namespace duel {
namespace {

using namespace few_channels;

constexpr int64_t streamed_bytes = 16 << 20;  // of y: less than that is better left in a cache

// What one type's tile is made of. A group is values of x that are next to each other and enter a sum together.
struct F32 {
  using Value = float;
  static constexpr int group = 1;
  // Four pixels, `step` values apart in x, and `width` output channels.
  template <int width, bool streams>
  static void run_tile(int taps, const int* offsets, const float* x, int step, const float* __restrict w, float* __restrict y,
                       int64_t y_step) {
    constexpr int vectors = width / lanes;
    Vector sums[tile][vectors] = {};
    for (int j = 0; j < taps; ++j, w += width) {
      const float* at = x + offsets[j];
      Vector weights[vectors];
      for (int v = 0; v < vectors; ++v) weights[v] = load(w + v * lanes);
#pragma GCC unroll 4
      for (int i = 0; i < tile; ++i) {
        const Vector value = broadcast(at[i * step]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sums[i][v] = multiply_add(value, weights[v], sums[i][v]);
      }
    }
#pragma GCC unroll 4
    for (int i = 0; i < tile; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v)
        streams ? stream(y + i * y_step + v * lanes, sums[i][v]) : store(y + i * y_step + v * lanes, sums[i][v]);
  }
};

#ifdef __AVX512F__
struct Bf16 {  // the level has no bf16 products, so the processor is asked: has_bf16_products()
  using Value = bf16;
  static constexpr int group = 2;
  template <int width, bool streams>
  __attribute__((target("avx512bf16"))) static void run_tile(int taps, const int* offsets, const bf16* x, int step,
                                                             const bf16* __restrict w, bf16* __restrict y, int64_t y_step) {
    constexpr int vectors = width / lanes;
    __m512 sums[tile][vectors];
    for (int i = 0; i < tile; ++i)
      for (int v = 0; v < vectors; ++v) sums[i][v] = _mm512_setzero_ps();
    for (int j = 0; j < taps; j += group, w += width * group) {
      const bf16* at = x + offsets[j];
      __m512i weights[vectors];
      for (int v = 0; v < vectors; ++v) weights[v] = _mm512_loadu_si512(w + v * lanes * group);
#pragma GCC unroll 4
      for (int i = 0; i < tile; ++i) {
        int pair;
        std::memcpy(&pair, at + i * step, sizeof pair);
        const __m512i value = _mm512_set1_epi32(pair);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sums[i][v] = _mm512_dpbf16_ps(sums[i][v], (__m512bh)value, (__m512bh)weights[v]);
      }
    }
#pragma GCC unroll 4
    for (int i = 0; i < tile; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        __m256i* to = reinterpret_cast<__m256i*>(y + i * y_step + v * lanes);
        const __m256i rounded = (__m256i)_mm512_cvtneps_pbh(sums[i][v]);
        streams ? _mm256_stream_si256(to, rounded) : _mm256_storeu_si256(to, rounded);
      }
  }
};
bool has_bf16_products() { return __builtin_cpu_supports("avx512bf16"); }
#else
bool has_bf16_products() { return false; }
#endif

bool supports(const Conv2dProblem& d) {
  if (!is_few(d) || d.q < tile) return false;
  return d.dtype == DType::f32 || (d.dtype == DType::bf16 && has_bf16_products() && d.s * d.c % 2 == 0);
}

struct Pieces {
  size_t weights, offsets, band;  // bytes: w as [block of k][r·s·c / group][k in the block][group]; where taps lie; a thread's band of x
  explicit Pieces(const Conv2dProblem& d) {
    const Bands bands(d);
    weights = aligned(static_cast<size_t>(d.w_count()) * size_of(d.dtype));
    offsets = aligned(static_cast<size_t>(bands.taps) * sizeof(int));
    band = aligned(static_cast<size_t>(bands.values(d)) * size_of(d.dtype));
  }
};
size_t scratch(const Conv2dProblem& d) {
  const Pieces pieces(d);
  return pieces.weights + pieces.offsets + pieces.band * static_cast<size_t>(omp_get_max_threads());
}

template <class Tile, bool streams>
void fwd(const Conv2dProblem& d, const Conv2dFwd::Args& a, char* scratch) {
  using T = typename Tile::Value;
  const T *x = static_cast<const T*>(a.x), *w = static_cast<const T*>(a.w);
  T* const y = static_cast<T*>(a.y);
  const Bands bands(d);
  const Pieces pieces(d);
  T* const weights = reinterpret_cast<T*>(scratch);
  int* const offsets = reinterpret_cast<int*>(scratch + pieces.weights);
  char* const threads = scratch + pieces.weights + pieces.offsets;
  bands.offsets(d, offsets);
  each_block(d.k, [&](auto width, int first) {
    T* to = weights + int64_t{first} * bands.taps;
    for (int j = 0; j < bands.taps; j += Tile::group)
      for (int k = 0; k < width; ++k, to += Tile::group) std::copy_n(w + int64_t{first + k} * bands.taps + j, Tile::group, to);
  });
#pragma omp parallel for schedule(static)
  for (int task = 0; task < d.n * bands.per_image; ++task) {
    T* const band = reinterpret_cast<T*>(threads + pieces.band * static_cast<size_t>(omp_get_thread_num()));
    const int n = task / bands.per_image, begin = task % bands.per_image * bands.rows, count = std::min(bands.rows, d.p - begin);
    bands.pad(d, x + int64_t{n} * d.h * d.w * d.c, begin, count, band);
    each_block(d.k, [&](auto width, int first) {
      for (int p = 0; p < count; ++p)
        for (int q = 0; q < d.q; q += tile) {
          const int at = std::min(q, d.q - tile);  // the last tile may do pixels again
          Tile::template run_tile<width, streams>(bands.taps, offsets, band + int64_t{p} * d.u * bands.row + at * d.v * d.c, d.v * d.c,
                                                  weights + int64_t{first} * bands.taps,
                                                  y + ((int64_t{n} * d.p + begin + p) * d.q + at) * d.k + first, d.k);
        }
    });
    if (streams) stream_end();
  }
}
template <class Tile>
void fwd(const Conv2dProblem& d, const Conv2dFwd::Args& a, Scratch scratch) {
  const bool streams = d.y_count() * static_cast<int64_t>(size_of(d.dtype)) >= streamed_bytes && reinterpret_cast<uintptr_t>(a.y) % 64 == 0;
  (streams ? fwd<Tile, true> : fwd<Tile, false>)(d, a, static_cast<char*>(scratch.data));
}

void run(const Conv2dProblem& d, const Conv2dFwd::Args& a, Scratch scratch, Stream) {
#ifdef __AVX512F__
  if (d.dtype == DType::bf16) return fwd<Bf16>(d, a, scratch);
#endif
  fwd<F32>(d, a, scratch);
}

KERNEL_VARIANT(Conv2dFwd, few_channels, has_fma ? 3 : 1, supports, scratch, run);

}  // namespace
}  // namespace duel
