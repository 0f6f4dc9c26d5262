// The reference: pixel by pixel, in double.
#include "augment/color/color_matrix.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const ColorMatrixProblem& p) { return is_floating(p.dtype); }

void run(const ColorMatrixProblem& p, const ColorMatrix::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < p.pixels(); ++i)
      map_color<double>(p, static_cast<const float*>(a.color) + i / p.inner * 12, static_cast<const T*>(a.x) + i * p.c,
                        static_cast<T*>(a.y) + i * p.c);
  });
}

KERNEL_VARIANT(ColorMatrix, ref, reference_rank, supports, no_scratch, run);

}  // namespace
}  // namespace duel
