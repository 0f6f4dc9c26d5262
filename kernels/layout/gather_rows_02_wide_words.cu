// gather_rows, rung 2: the widest word that rows begin and end on, 16 bytes where they can be, instead of one element, and a multiplication
// instead of the division that finds the row. Bounded by memory: the named rows read once, y written once; each word's thread reads its
// index as well, from cache.
#include "kernels/layout/layout.h"
#include "kernels/layout/wide_words.h"

namespace duel {
namespace {

using namespace wide_words;

int word_of(const GatherRowsProblem& p) { return widest(p.dtype, p.cols, 0, 0); }

bool supports(const GatherRowsProblem& p) { return countable(p.dtype, p.count * p.cols, word_of(p)); }

template <class W>
__global__ void gather_wide_words(Divisor width, int words, const W* table, const int32_t* index, W* y) {
  each(words, [&](int i) {
    const int row = width.quotient(i), column = i - row * width.divisor;
    move(y + i, table + (int64_t{index[row]} * width.divisor + column));
  });
}

void run(const GatherRowsProblem& p, const GatherRows::Args& a, Scratch, Stream stream) {
  if (p.count == 0) return;
  const int bytes = word_of(p), words = count(p.dtype, p.count * p.cols, bytes);
  with_word_of(bytes, [&](auto tag) {
    using W = typename decltype(tag)::type;
    launch(shape(words), stream, gather_wide_words<W>, Divisor(count(p.dtype, p.cols, bytes)), words, static_cast<const W*>(a.table),
           static_cast<const int32_t*>(a.index), static_cast<W*>(a.y));
  });
}

KERNEL_VARIANT(GatherRows, wide_words, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
