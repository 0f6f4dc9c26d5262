// horizontal_flip, rung 1: one thread an element of y. Bounded by memory; a mirrored row is read backwards, pixel by pixel, from the same
// cache lines. Three divisions an element find the sample and the place in its row.
#include "augment/flip/flip.h"
#include "kernels/launch.h"
#include "kernels/layout/word.h"

namespace duel {
namespace {

bool supports(const HorizontalFlipProblem&) { return true; }

template <class W>
__global__ void flip_naive(HorizontalFlipProblem p, const W* x, const int32_t* coin, W* y) {
  const int64_t count = p.count(), row_length = int64_t{p.w} * p.c;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t row = i / row_length, in_row = i - row * row_length;
    const int64_t w = in_row / p.c, c = in_row - w * p.c;
    y[i] = coin[row / p.h] ? x[row * row_length + (p.w - 1 - w) * p.c + c] : x[i];
  }
}

void run(const HorizontalFlipProblem& p, const HorizontalFlip::Args& a, Scratch, Stream stream) {
  with_word(p.dtype, [&](auto tag) {
    using W = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, flip_naive<W>, p, static_cast<const W*>(a.x),
           static_cast<const int32_t*>(a.coin), static_cast<W*>(a.y));
  });
}

KERNEL_VARIANT(HorizontalFlip, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
