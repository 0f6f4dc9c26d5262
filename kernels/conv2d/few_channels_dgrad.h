// conv2d_dgrad (= transposed convolution) with few channels of gx (G's last layer): c ≤ 4, f32 and bf16, any window and stride.
//
// As a matrix product by phases gx has four columns at most, so a value of gy read would serve four products. The other way round it serves
// all of the window: a pixel of gy times w is r·s·c values, products[pixel][r,s,c] = Σ_k gy[pixel][k] · w[k][r,s,c], and w has that order
// already. What each pixel of gx is the sum of (col2im) is then added up from shared memory. Each product is of use: none by an inserted
// zero, and at a strip's border only rows of taps that reach into it, as far as a thread's columns allow.
//
// A block owns a strip of rows of one gx and goes down gy a few rows at a time; products of the rows that later ones of gx still need stay
// in a ring. A thread multiplies 8 pixels by 8 columns. gy comes by asynchronous copies, 16 channels at a time, the next while one is
// multiplied. Sums run over k in order, then over the taps.
//
// Bounded by the f32 units and shared memory, which are in balance, and in f32 not far below them by reading gy.
#pragma once
#include "kernels/conv2d/few_channels_tiles.h"
#include "kernels/conv2d/jobs.h"
#include "kernels/tile/divide.h"
#include "kernels/tile/pipeline.h"

namespace duel::few_dgrad {

using namespace few_tiles;

constexpr int most_threads = 192, stages = 2;
constexpr int wanted_blocks = 264;        // two a multiprocessor
constexpr size_t most_alone = 224 << 10;  // where two do not fit: windows of 5 × 5 with stride 1

// Of gy a step takes 64 bytes of each pixel, four chunks, which are permuted as in SharedTile: eight pixels' first chunks lie in 32 banks.
constexpr int step_bytes = 64;
HD inline int turn_of(int slot) { return slot / 2 % 4; }

// How a block works. A row of gy is `sets` of eight pixels, `sets` apart; columns of w are `groups` of four and four.
struct Strip {
  int sets, groups, rows, ring;  // rows of gy at a time, and those whose products are kept
  int slots;                     // sets of a step, up to whole eights: the pixels of a thread then have one permutation
  int pitch, row_pitch;          // of a pixel's products, and of a row's
  int strips, height;            // of an image; rows of gx
  size_t shared;                 // bytes
  explicit Strip(const Conv2dProblem& p) : sets((p.q + own - 1) / own), groups((p.r * p.s * p.c + own - 1) / own) {
    // A warp adds up eight neighbouring pixels at once, which v phases share: their products lie 4·v banks apart.
    const int apart = 4 * std::min(p.v, 2);
    pitch = own * groups;
    while (pitch % (2 * apart) != apart) pitch += 4;
    row_pitch = p.q * pitch;  // what a warp writes of the next row follows in the banks on the sets of this one
    while ((row_pitch - sets * pitch) % 32 != 0) row_pitch += 4;
    const int64_t weights = int64_t{(p.k + 3) / 4 * 4} * own * groups;
    const auto size = [&](int count) {
      ring = count + (p.r - 1) / p.u, slots = (count * sets + 7) / 8 * 8;
      return sizeof(float) * static_cast<size_t>(weights + int64_t{ring} * row_pitch) +
             static_cast<size_t>(stages * slots * own * step_bytes);
    };
    const size_t most = size(1) <= most_shared ? most_shared : most_alone;
    for (rows = std::min(p.p, most_threads / (sets * groups)); rows > 1 && size(rows) > most;) --rows;
    shared = size(rows);
    strips = std::clamp(wanted_blocks / p.n, 1, std::max(1, p.p / std::max(2 * rows, 4 * (p.r - 1) / p.u)));
    height = ((p.h + strips - 1) / strips + p.u - 1) / p.u * p.u;
    strips = (p.h + height - 1) / height;
  }
  int threads() const { return (rows * sets * groups + 31) / 32 * 32; }
};

inline bool supports(const Conv2dProblem& p) {
  if (!is_few(p) || int64_t{blocks_for(p.q, own)} * blocks_for(p.r * p.s * p.c, own) > most_threads)
    return false;  // a row of gy is a block's
  const Strip strip(p);
  // Nearly empty sets of pixels or columns are another row's.
  const bool filled = 16 * int64_t{p.q} * p.r * p.s * p.c >= int64_t{strip.sets} * strip.groups * own * own;
  return filled && strip.shared <= most_alone && compute_capability() >= 80;
}

// What follows from a strip's place: its rows of gx, and the rows of gy that they are sums of.
struct Place {
  int n, first, end, p, p_end;
  __device__ Place(const Conv2dProblem& d, const Strip& strip, int block) {
    n = block / strip.strips, first = block % strip.strips * strip.height, end = min(first + strip.height, d.h);
    const int before = first + d.top - d.r + 1;  // p·u is not below this
    p = before > 0 ? (before + d.u - 1) / d.u : 0, p_end = min(d.p, (end - 1 + d.top) / d.u + 1);
  }
};

struct alignas(16) Shared {
  float at[4];  // weights [k][columns], products [ring][q][pitch], and gy of a step, twice
};

// OnLoad: what else is done to gy as it comes (jobs.h); where that is something, k comes in whole chunks. Then: as AsSummed.
template <class T, class OnLoad, class Then>
__global__ void __launch_bounds__(most_threads, 2)
    dgrad_few_channels(Conv2dProblem d, Strip strip, Divisor by_columns, Divisor by_sets, Divisor by_u, Divisor by_v, const T* gy,
                       const T* w, T* gx, OnLoad on_load, Then then) {
  constexpr int step_channels = step_bytes / static_cast<int>(sizeof(T)), elements = chunk_elements<T>;
  const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
  const int columns = own * strip.groups, used = d.r * d.s * d.c, channels = (d.k + 3) / 4 * 4;
  float* const weights = shared_storage<Shared>().at;
  float* const products = weights + channels * columns;
  T* const staged = reinterpret_cast<T*>(products + strip.ring * strip.row_pitch);
  const Place at(d, strip, static_cast<int>(blockIdx.x));

  for (int i = thread; i < channels * columns; i += threads) {
    const int k = by_columns.quotient(i), column = i - k * columns;
    weights[i] = k < d.k && column < used ? static_cast<float>(w[k * used + column]) : 0.f;
  }

  // A thread's pixels are slot, slot + slots, … of a step: neighbouring sets lie side by side.
  const int group = thread % strip.groups, slot = thread / strip.groups, set = slot % strip.sets, row = slot / strip.sets;
  const int k_steps = (channels + step_channels - 1) / step_channels;
  const int steps = max(0, at.p_end - at.p + strip.rows - 1) / strip.rows * k_steps;
  const bool whole = d.k % elements == 0;

  // f(where a piece of gy goes, where it comes from, whether it is there, its first channel), for a step's pieces that are this thread's.
  const int together = whole ? elements : 1;
  const auto each_piece = [&](int step, auto f) {
    const int p0 = at.p + step / k_steps * strip.rows, k0 = step % k_steps * step_channels;
    const int pieces = step_channels / together, shift = 31 - __clz(pieces);
    T* const to = staged + step % stages * strip.slots * own * step_channels;
    for (int r = 0; r < min(strip.rows, at.p_end - p0); ++r)
      for (int i = thread; i < strip.sets * own << shift; i += threads) {
        const int q = i >> shift, k = (i & (pieces - 1)) * together, j = by_sets.quotient(q);
        const int at_slot = r * strip.sets + q - j * strip.sets;
        T* const place = to + (at_slot + strip.slots * j) * step_channels + (k ^ turn_of(at_slot) * elements);
        const bool inside = q < d.q && k0 + k < d.k;
        f(place, inside ? gy + ((at.n * d.p + p0 + r) * d.q + q) * d.k + k0 + k : gy, inside, k0 + k);
      }
  };
  const auto fill = [&](int step) {
    each_piece(step, [&](T* place, const T* from, bool inside, int) {
      if (whole) copy_async<16>(place, from, inside);
      else *place = inside ? *from : T(0.f);
    });
  };
  const auto landed = [&](int step) {
    if constexpr (!std::is_same_v<OnLoad, AsLoaded>)
      each_piece(step, [&](T* place, const T*, bool inside, int k) {
        if (inside) on_load(place, at.n, k);
      });
  };

  // gx from row `first` to `end`: a warp adds up eight pixels, four lanes each.
  const auto add_up = [&](int first, int end) {
    const int chunks = (d.w + 7) / 8, lane = thread % 32, c = lane % 4;
    const float bias = c < d.c ? then.bias(c) : 0.f;
    for (int task = thread / 32; task < (end - first) * chunks; task += threads / 32) {
      const int h = first + task / chunks, x = task % chunks * 8 + lane / 4;
      if (x >= d.w || c >= d.c) continue;
      const int last_q = by_v.quotient(x + d.left), from_s = x + d.left - last_q * d.v;  // of the first tap that meets
      const int skipped = max(0, last_q - d.q + 1), taps = min((d.s - from_s + d.v - 1) / d.v, last_q + 1);
      const int last_p = by_u.quotient(h + d.top);
      float sum = 0;
      for (int r = h + d.top - last_p * d.u, p = last_p; r < d.r && p >= at.p; r += d.u, --p) {
        if (p >= at.p_end) continue;
        const float* from =
            products + p % strip.ring * strip.row_pitch + (last_q - skipped) * strip.pitch + (r * d.s + from_s + skipped * d.v) * d.c + c;
        for (int t = skipped; t < taps; ++t, from += d.v * d.c - strip.pitch) sum += *from;
      }
      gx[((at.n * d.h + h) * d.w + x) * d.c + c] = static_cast<T>(then.finished(sum, bias));
    }
  };

  float sums[own][own] = {};
  int done = at.first;  // rows of gx
  pipeline<stages>(steps, fill, landed, [&](int step) {
    const int p0 = at.p + step / k_steps * strip.rows, k0 = step % k_steps * step_channels, p = p0 + row;
    // Of the window's rows those that lie in the strip.
    const int low = max(0, at.first + d.top - p * d.u) * d.s * d.c, high = min(d.r, at.end + d.top - p * d.u) * d.s * d.c;
    const int first = 4 * group, second = 4 * (strip.groups + group);
    const bool mine = row < strip.rows && p < at.p_end && ((high > first && first + 4 > low) || (high > second && second + 4 > low));
    if (mine) {
      const T* from = staged + (step % stages * strip.slots * own + slot) * step_channels;
      const float* column = weights + k0 * columns + first;
#pragma unroll 1
      for (int k = 0; k < min(step_channels, channels - k0); k += 4) {
        float g[own][4];
#pragma unroll
        for (int j = 0; j < own; ++j) read_four(g[j], from + strip.slots * j * step_channels + (k ^ turn_of(slot) * elements));
#pragma unroll
        for (int e = 0; e < 4; ++e, column += columns) {
          const auto left = read_floats<4>(column), right = read_floats<4>(column + 4 * strip.groups);
#pragma unroll
          for (int j = 0; j < own; ++j)
#pragma unroll
            for (int l = 0; l < 4; ++l) {
              sums[j][l] = fma_rn(g[j][e], left.at[l], sums[j][l]);
              sums[j][4 + l] = fma_rn(g[j][e], right.at[l], sums[j][4 + l]);
            }
        }
      }
    }
    if ((step + 1) % k_steps != 0) return;
    if (mine)
#pragma unroll
      for (int j = 0; j < own; ++j) {
        const int q = set + strip.sets * j;
        float* const to = products + p % strip.ring * strip.row_pitch + q * strip.pitch;
        if (q < d.q) {
          store_vec(to + first, Pack<float, 4>{{sums[j][0], sums[j][1], sums[j][2], sums[j][3]}});
          store_vec(to + second, Pack<float, 4>{{sums[j][4], sums[j][5], sums[j][6], sums[j][7]}});
        }
#pragma unroll
        for (int l = 0; l < own; ++l) sums[j][l] = 0;
      }
    __syncthreads();
    const int end = min(at.end, (p0 + strip.rows) * d.u - d.top);  // rows that need no later row of gy
    add_up(done, max(done, end));
    done = max(done, end);
  });
  add_up(done, at.end);
}

template <class T, class OnLoad = AsLoaded, class Then = AsSummed>
void start(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Stream stream, const OnLoad& on_load = {}, const Then& then = {}) {
  const Strip strip(p);
  launch({.grid = static_cast<unsigned>(p.n * strip.strips), .block = static_cast<unsigned>(strip.threads()), .shared_bytes = strip.shared},
         stream, dgrad_few_channels<T, OnLoad, Then>, p, strip, Divisor(own * strip.groups), Divisor(strip.sets), Divisor(p.u),
         Divisor(p.v), static_cast<const T*>(a.gy), static_cast<const T*>(a.w), static_cast<T*>(a.gx), on_load, then);
}

}  // namespace duel::few_dgrad
