// Flips on the CPU, row of pixels by row of pixels: a row is either copied whole or written backwards, a pixel at a time, with the number
// of channels known to the compiler where it is that of an image.
#include <algorithm>
#include <cstring>

#include "augment/flip/flip.h"
#include "kernels/layout/word.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const HorizontalFlipProblem&) { return true; }

// y's pixels are x's from the last to the first. Channels = 0: as many as `c` says.
template <int Channels, class W>
void mirror(const W* __restrict x, W* __restrict y, int64_t width, int64_t c) {
  if constexpr (Channels == 1) {
#pragma omp simd
    for (int64_t w = 0; w < width; ++w) y[w] = x[width - 1 - w];
  } else {
    const int64_t step = Channels ? Channels : c;
    for (int64_t w = 0; w < width; ++w) std::memcpy(y + w * step, x + (width - 1 - w) * step, static_cast<size_t>(step) * sizeof(W));
  }
}

template <int Channels, class W>
void flip(const HorizontalFlipProblem& p, const W* x, const int32_t* coin, W* y) {
  const int64_t row_length = int64_t{p.w} * p.c, rows_a_chunk = std::max<int64_t>(1, chunk_elements / row_length);
  parallel_chunks(int64_t{p.n} * p.h, rows_a_chunk, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t row = begin; row < end; ++row) {
      const W* from = x + row * row_length;
      W* to = y + row * row_length;
      if (coin[row / p.h]) mirror<Channels>(from, to, p.w, p.c);
      else std::memcpy(to, from, static_cast<size_t>(row_length) * sizeof(W));
    }
  });
}

void run(const HorizontalFlipProblem& p, const HorizontalFlip::Args& a, Scratch, Stream) {
  if (p.count() == 0) return;
  with_word(p.dtype, [&](auto tag) {
    using W = typename decltype(tag)::type;
    const W* x = static_cast<const W*>(a.x);
    const int32_t* coin = static_cast<const int32_t*>(a.coin);
    W* y = static_cast<W*>(a.y);
    if (p.c == 1) flip<1>(p, x, coin, y);
    else if (p.c == 3) flip<3>(p, x, coin, y);
    else if (p.c == 4) flip<4>(p, x, coin, y);
    else flip<0>(p, x, coin, y);
  });
}

KERNEL_VARIANT(HorizontalFlip, openmp, 10, supports, no_scratch, run);

}  // namespace
}  // namespace duel
