// Counters side by side: 64 of them go through the ten rounds and into numbers as vector lanes, then their 256 numbers are stored.
#pragma once
#include "kernels/parallel.h"
#include "kernels/random/distributions.h"

namespace duel {

constexpr int draw_width = 64;

// Numbers for draw_width counters: out[j][i] is element j of counter i.
template <class D>
void draw_lanes(const D& draw, const uint32_t* __restrict block, const uint32_t* __restrict sample, uint32_t step, uint32_t stream,
                uint32_t key0, uint32_t key1, float (&__restrict out)[4][draw_width]) {
#pragma omp simd
  for (int i = 0; i < draw_width; ++i) {
    const DrawnFour d = draw(philox({block[i], sample[i], step, stream}, key0, key1));
    out[0][i] = d.v[0];
    out[1][i] = d.v[1];
    out[2][i] = d.v[2];
    out[3][i] = d.v[3];
  }
}

struct DrawnRange {
  int64_t n, inner, first, seed;  // n samples of `inner` elements, numbered from `first`
  int stream;
};

// store(index, value) for every element of [n, inner], from many threads; `store` must vectorise.
template <class D, class Store>
void draw_all(const DrawnRange& p, const D& draw, uint32_t step, const Store& store) {
  const int64_t blocks = chunks_of(p.inner, 4);  // a sample
  const uint32_t key0 = static_cast<uint32_t>(p.seed), key1 = static_cast<uint32_t>(static_cast<uint64_t>(p.seed) >> 32);
  parallel_chunks(p.n * blocks, 4096, [&](int64_t begin, int64_t end, int64_t) {
    alignas(64) uint32_t block[draw_width], sample[draw_width];
    alignas(64) float out[4][draw_width];
    int64_t s = begin / blocks, b = begin % blocks;
    for (int64_t at = begin; at < end; at += draw_width) {
      int64_t s0 = s, b0 = b;
      if (b + draw_width <= blocks) {
        for (int i = 0; i < draw_width; ++i) block[i] = static_cast<uint32_t>(b) + static_cast<uint32_t>(i);
        for (int i = 0; i < draw_width; ++i) sample[i] = static_cast<uint32_t>(p.first + s);
        if ((b += draw_width) == blocks) b = 0, ++s;
      } else {
        for (int i = 0; i < draw_width; ++i) {  // past the end too: those lanes are computed and dropped
          block[i] = static_cast<uint32_t>(b);
          sample[i] = static_cast<uint32_t>(p.first + s);
          if (++b == blocks) b = 0, ++s;
        }
      }
      draw_lanes(draw, block, sample, step, static_cast<uint32_t>(p.stream), key0, key1, out);
      const int count = static_cast<int>(std::min<int64_t>(draw_width, end - at));
      if (p.inner % 4 == 0) {                       // blocks lie side by side
        alignas(64) float numbers[draw_width * 4];  // in their order first: stored from out[][] at once, nothing would vectorise
        for (int i = 0; i < draw_width; ++i)
          for (int j = 0; j < 4; ++j) numbers[i * 4 + j] = out[j][i];
        if (count == draw_width) {
#pragma omp simd
          for (int i = 0; i < draw_width * 4; ++i) store(at * 4 + i, numbers[i]);
        } else {
          for (int i = 0; i < count * 4; ++i) store(at * 4 + i, numbers[i]);
        }
      } else {
        for (int i = 0; i < count; ++i) {
          for (int64_t j = 0, e = b0 * 4; j < 4 && e < p.inner; ++j, ++e) store(s0 * p.inner + e, out[j][i]);
          if (++b0 == blocks) b0 = 0, ++s0;
        }
      }
    }
  });
}

}  // namespace duel
