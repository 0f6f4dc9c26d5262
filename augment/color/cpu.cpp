// Chunks of pixels in parallel.
#include "augment/color/color_matrix.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const ColorMatrixProblem& p) { return is_floating(p.dtype); }

void run(const ColorMatrixProblem& p, const ColorMatrix::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = static_cast<const T*>(a.x);
    T* y = static_cast<T*>(a.y);
    parallel_chunks(p.pixels(), std::max<int64_t>(1, chunk_elements / p.c), [&](int64_t begin, int64_t end, int64_t) {
      while (begin < end) {  // the pixels of one sample
        const int64_t sample = begin / p.inner, stop = std::min(end, (sample + 1) * p.inner);
        const float* m = static_cast<const float*>(a.color) + sample * 12;
        for (; begin < stop; ++begin) map_color<accumulator_t<T>>(p, m, x + begin * p.c, y + begin * p.c);
      }
    });
  });
}

KERNEL_VARIANT(ColorMatrix, openmp, 10, supports, no_scratch, run);

}  // namespace
}  // namespace duel
