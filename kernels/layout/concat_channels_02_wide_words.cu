// concat_channels, rung 2: the widest word that rows of a, b and y begin and end on, 16 bytes where they can be, instead of one element,
// and a multiplication instead of the division that finds the row. Bounded by memory: a and b read once, y written once.
#include "kernels/layout/layout.h"
#include "kernels/layout/wide_words.h"

namespace duel {
namespace {

using namespace wide_words;

int word_of(const ConcatChannelsProblem& p) { return widest(p.dtype, p.ca, p.cb, 0); }

bool supports(const ConcatChannelsProblem& p) { return countable(p.dtype, p.rows * (p.ca + p.cb), word_of(p)); }

template <class W>
__global__ void concat_wide_words(Divisor width, int of_a, int words, const W* a, const W* b, W* y) {
  each(words, [&](int i) {
    const int row = width.quotient(i), of_b = width.divisor - of_a, column = i - row * width.divisor;
    move(y + i, column < of_a ? a + (row * of_a + column) : b + (row * of_b + column - of_a));
  });
}

void run(const ConcatChannelsProblem& p, const ConcatChannels::Args& a, Scratch, Stream stream) {
  const int64_t width = p.ca + p.cb;
  if (p.rows * width == 0) return;
  const int bytes = word_of(p), words = count(p.dtype, p.rows * width, bytes);
  with_word_of(bytes, [&](auto tag) {
    using W = typename decltype(tag)::type;
    launch(shape(words), stream, concat_wide_words<W>, Divisor(count(p.dtype, width, bytes)), count(p.dtype, p.ca, bytes), words,
           static_cast<const W*>(a.a), static_cast<const W*>(a.b), static_cast<W*>(a.y));
  });
}

KERNEL_VARIANT(ConcatChannels, wide_words, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
