// The reference: element by element, by index.
#include "augment/flip/flip.h"
#include "kernels/layout/word.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const HorizontalFlipProblem&) { return true; }

void run(const HorizontalFlipProblem& p, const HorizontalFlip::Args& a, Scratch, Stream) {
  const int32_t* coin = static_cast<const int32_t*>(a.coin);
  with_word(p.dtype, [&](auto tag) {
    using W = typename decltype(tag)::type;
    const W* x = static_cast<const W*>(a.x);
    W* y = static_cast<W*>(a.y);
    const auto at = [&](int i, int h, int w, int c) { return ((int64_t{i} * p.h + h) * p.w + w) * p.c + c; };
    for (int i = 0; i < p.n; ++i)
      for (int h = 0; h < p.h; ++h)
        for (int w = 0; w < p.w; ++w)
          for (int c = 0; c < p.c; ++c) y[at(i, h, w, c)] = x[at(i, h, coin[i] ? p.w - 1 - w : w, c)];
  });
}

KERNEL_VARIANT(HorizontalFlip, ref, reference_rank, supports, no_scratch, run);

}  // namespace
}  // namespace duel
