// Counters side by side: 64 of them go through the ten rounds and into numbers as vector lanes, then their 256 numbers are stored.
#include "kernels/parallel.h"
#include "kernels/random/distributions.h"
#include "kernels/registry.h"

namespace duel {
namespace {

constexpr int lanes = 64;

bool supports(const RandomProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::bf16; }

// Numbers for `lanes` counters: out[j][i] is element j of counter i.
template <class D>
void draw_lanes(const D& draw, const uint32_t* __restrict block, const uint32_t* __restrict sample, uint32_t step, uint32_t stream,
                uint32_t key0, uint32_t key1, float (&__restrict out)[4][lanes]) {
#pragma omp simd
  for (int i = 0; i < lanes; ++i) {
    const DrawnFour d = draw(philox({block[i], sample[i], step, stream}, key0, key1));
    out[0][i] = d.v[0];
    out[1][i] = d.v[1];
    out[2][i] = d.v[2];
    out[3][i] = d.v[3];
  }
}

template <class T, class D>
void fill(const RandomProblem& p, const D& draw, uint32_t step, T* __restrict y) {
  const int64_t blocks = chunks_of(p.inner, 4);  // a sample
  const uint32_t key0 = static_cast<uint32_t>(p.seed), key1 = static_cast<uint32_t>(static_cast<uint64_t>(p.seed) >> 32);
  parallel_chunks(p.n * blocks, 4096, [&](int64_t begin, int64_t end, int64_t) {
    alignas(64) uint32_t block[lanes], sample[lanes];
    alignas(64) float out[4][lanes];
    int64_t s = begin / blocks, b = begin % blocks;
    for (int64_t at = begin; at < end; at += lanes) {
      int64_t s0 = s, b0 = b;
      if (b + lanes <= blocks) {
        for (int i = 0; i < lanes; ++i) block[i] = static_cast<uint32_t>(b) + static_cast<uint32_t>(i);
        for (int i = 0; i < lanes; ++i) sample[i] = static_cast<uint32_t>(p.first + s);
        if ((b += lanes) == blocks) b = 0, ++s;
      } else {
        for (int i = 0; i < lanes; ++i) {  // past the end too: those lanes are computed and dropped
          block[i] = static_cast<uint32_t>(b);
          sample[i] = static_cast<uint32_t>(p.first + s);
          if (++b == blocks) b = 0, ++s;
        }
      }
      draw_lanes(draw, block, sample, step, static_cast<uint32_t>(p.stream), key0, key1, out);
      const int count = static_cast<int>(std::min<int64_t>(lanes, end - at));
      if (p.inner % 4 == 0) {  // blocks lie side by side
        T* __restrict to = y + at * 4;
        if (count == lanes)
          for (int i = 0; i < lanes; ++i)
            for (int j = 0; j < 4; ++j) to[i * 4 + j] = static_cast<T>(out[j][i]);
        else
          for (int i = 0; i < count; ++i)
            for (int j = 0; j < 4; ++j) to[i * 4 + j] = static_cast<T>(out[j][i]);
      } else {
        for (int i = 0; i < count; ++i) {
          for (int64_t j = 0, e = b0 * 4; j < 4 && e < p.inner; ++j, ++e) y[s0 * p.inner + e] = static_cast<T>(out[j][i]);
          if (++b0 == blocks) b0 = 0, ++s0;
        }
      }
    }
  });
}

void run(const RandomProblem& p, const RandomFill::Args& a, Scratch, Stream) {
  const uint32_t step = static_cast<uint32_t>(*static_cast<const int32_t*>(a.step));
  with_draw(p, [&](auto draw) {
    if (p.dtype == DType::bf16) fill(p, draw, step, static_cast<bf16*>(a.y));
    else fill(p, draw, step, static_cast<float*>(a.y));
  });
}

KERNEL_VARIANT(RandomFill, lanes, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
