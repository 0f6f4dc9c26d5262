// random_fill, rung 1: one thread a counter, that is four elements of one sample, stored one by one.
// Bounded by integer multiplication (20 wide ones a counter) for uniform, by the polynomials for normal; and by the stores, each of which
// touches all sectors of a warp's elements for a quarter of them.
#include "kernels/launch.h"
#include "kernels/random/distributions.h"

namespace duel {
namespace {

bool supports(const RandomProblem& p) { return is_floating(p.dtype); }

struct Counters {
  int64_t n, inner, first;
  uint64_t seed;
  uint32_t stream;
};

template <class T, class D>
__global__ void fill_naive(Counters p, D draw, const int32_t* step, T* y) {
  const int64_t blocks = (p.inner + 3) / 4;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.n * blocks; i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t sample = i / blocks, block = i % blocks;
    const DrawnFour d = draw(philox_words(p.seed, p.stream, static_cast<uint32_t>(*step), static_cast<uint64_t>(p.first + sample),
                                          static_cast<uint64_t>(block)));
    T* to = y + sample * p.inner + block * 4;
    const int64_t left = p.inner - block * 4;
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (j < left) to[j] = static_cast<T>(d.v[j]);
  }
}

void run(const RandomProblem& p, const RandomFill::Args& a, Scratch, Stream stream) {
  const Counters counters{p.n, p.inner, p.first, static_cast<uint64_t>(p.seed), static_cast<uint32_t>(p.stream)};
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    with_draw(p, [&](auto draw) {
      launch({.grid = stride_blocks(p.n * ((p.inner + 3) / 4), 256), .block = 256}, stream, fill_naive<T, decltype(draw)>, counters, draw,
             static_cast<const int32_t*>(a.step), static_cast<T*>(a.y));
    });
  });
}

KERNEL_VARIANT(RandomFill, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
