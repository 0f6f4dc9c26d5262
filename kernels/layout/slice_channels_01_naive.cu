// slice_channels, rung 1: one thread an element of y. Bounded by memory and the division that finds the row.
#include "kernels/launch.h"
#include "kernels/layout/layout.h"
#include "kernels/layout/word.h"

namespace duel {
namespace {

bool supports(const SliceChannelsProblem&) { return true; }

template <class W>
__global__ void slice_naive(SliceChannelsProblem p, const W* x, W* y) {
  const int64_t count = p.rows * p.count;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x)
    y[i] = x[i / p.count * p.c + p.from + i % p.count];
}

void run(const SliceChannelsProblem& p, const SliceChannels::Args& a, Scratch, Stream stream) {
  with_word(p.dtype, [&](auto tag) {
    using W = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.rows * p.count, 256), .block = 256}, stream, slice_naive<W>, p, static_cast<const W*>(a.x),
           static_cast<W*>(a.y));
  });
}

KERNEL_VARIANT(SliceChannels, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
