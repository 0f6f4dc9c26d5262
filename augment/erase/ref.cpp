// The reference: element by element.
#include "augment/erase/erase.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const EraseProblem& p) { return is_floating(p.dtype); }

void run(const EraseProblem& p, const EraseBoxes::Args& a, Scratch, Stream) {
  const int32_t* box = static_cast<const int32_t*>(a.box);
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = static_cast<const T*>(a.x);
    T* y = static_cast<T*>(a.y);
    for (int i = 0; i < p.n; ++i)
      for (int h = 0; h < p.h; ++h)
        for (int w = 0; w < p.w; ++w)
          for (int ch = 0; ch < p.c; ++ch, ++x, ++y) *y = in_box(box + 4 * i, h, w) ? static_cast<T>(p.value) : *x;
  });
}

KERNEL_VARIANT(EraseBoxes, ref, reference_rank, supports, no_scratch, run);

}  // namespace
}  // namespace duel
