// slice_channels, rung 2: the widest word that rows of x and of y and the slice begin and end on, 16 bytes where they can be, instead of
// one element, and a multiplication instead of the division that finds the row. Bounded by memory: the slice read once, y written once.
#include "kernels/layout/layout.h"
#include "kernels/layout/wide_words.h"

namespace duel {
namespace {

using namespace wide_words;

int word_of(const SliceChannelsProblem& p) { return widest(p.dtype, p.c, p.from, p.count); }

bool supports(const SliceChannelsProblem& p) { return countable(p.dtype, p.rows * p.c, word_of(p)); }

template <class W>
__global__ void slice_wide_words(Divisor width, int of_x, int from, int words, const W* x, W* y) {
  each(words, [&](int i) {
    const int row = width.quotient(i), column = i - row * width.divisor;
    move(y + i, x + (row * of_x + from + column));
  });
}

void run(const SliceChannelsProblem& p, const SliceChannels::Args& a, Scratch, Stream stream) {
  if (p.rows * p.count == 0) return;
  const int bytes = word_of(p), words = count(p.dtype, p.rows * p.count, bytes);
  with_word_of(bytes, [&](auto tag) {
    using W = typename decltype(tag)::type;
    launch(shape(words), stream, slice_wide_words<W>, Divisor(count(p.dtype, p.count, bytes)), count(p.dtype, p.c, bytes),
           count(p.dtype, p.from, bytes), words, static_cast<const W*>(a.x), static_cast<W*>(a.y));
  });
}

KERNEL_VARIANT(SliceChannels, wide_words, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
