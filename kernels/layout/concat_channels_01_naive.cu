// concat_channels, rung 1: one thread an element of y. Bounded by memory and the division that finds the row.
#include "kernels/launch.h"
#include "kernels/layout/layout.h"
#include "kernels/layout/word.h"

namespace duel {
namespace {

bool supports(const ConcatChannelsProblem&) { return true; }

template <class W>
__global__ void concat_naive(ConcatChannelsProblem p, const W* a, const W* b, W* y) {
  const int64_t width = p.ca + p.cb, count = p.rows * width;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t row = i / width, c = i % width;
    y[i] = c < p.ca ? a[row * p.ca + c] : b[row * p.cb + c - p.ca];
  }
}

void run(const ConcatChannelsProblem& p, const ConcatChannels::Args& a, Scratch, Stream stream) {
  with_word(p.dtype, [&](auto tag) {
    using W = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.rows * (p.ca + p.cb), 256), .block = 256}, stream, concat_naive<W>, p, static_cast<const W*>(a.a),
           static_cast<const W*>(a.b), static_cast<W*>(a.y));
  });
}

KERNEL_VARIANT(ConcatChannels, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
