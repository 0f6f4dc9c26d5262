// dropout, rung 1: one thread a counter, that is four elements of one sample, read and stored one by one.
// Bounded by memory; the coins (20 wide multiplications a counter) come next.
#include "kernels/dropout/dropout.h"
#include "kernels/launch.h"
#include "kernels/random/distributions.h"

namespace duel {
namespace {

bool supports(const DropoutProblem& p) { return is_floating(p.dtype); }

struct Counters {
  int64_t n, inner, first;
  uint64_t seed;
  uint32_t stream;
};

template <class T>
__global__ void dropout_naive(Counters p, BernoulliDraw keep, accumulator_t<T> scale, const int32_t* step, const T* x, T* y) {
  const int64_t blocks = (p.inner + 3) / 4;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.n * blocks; i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t sample = i / blocks, block = i % blocks;
    const DrawnFour d = keep(philox_words(p.seed, p.stream, static_cast<uint32_t>(*step), static_cast<uint64_t>(p.first + sample),
                                          static_cast<uint64_t>(block)));
    const int64_t at = sample * p.inner + block * 4, left = p.inner - block * 4;
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (j < left) y[at + j] = d.v[j] != 0 ? static_cast<T>(static_cast<accumulator_t<T>>(x[at + j]) * scale) : static_cast<T>(0.f);
  }
}

void run(const DropoutProblem& p, const Dropout::Args& a, Scratch, Stream stream) {
  const Counters counters{p.n, p.inner, p.first, static_cast<uint64_t>(p.seed), static_cast<uint32_t>(p.stream)};
  const BernoulliDraw keep = bernoulli_draw(1 - p.p);
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.n * ((p.inner + 3) / 4), 256), .block = 256}, stream, dropout_naive<T>, counters, keep,
           static_cast<accumulator_t<T>>(1 / (1 - p.p)), static_cast<const int32_t*>(a.step), static_cast<const T*>(a.x),
           static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(Dropout, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
