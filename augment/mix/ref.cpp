// The reference: element by element, by index, in double.
#include "augment/mix/element.h"
#include "augment/mix/mix.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports_mix(const MixSamplesProblem& p) { return mixes(p.dtype); }
bool supports_paste(const PasteBoxesProblem& p) { return mixes(p.dtype); }

void run_mix(const MixSamplesProblem& p, const MixSamples::Args& args, Scratch, Stream) {
  const int32_t* from = static_cast<const int32_t*>(args.from);
  with_mixed(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    const T* x = static_cast<const T*>(args.x);
    for (int64_t i = 0; i < p.n; ++i)
      for (int64_t e = 0; e < p.inner; ++e)
        static_cast<T*>(args.y)[i * p.inner + e] =
            mixed_element<T>(static_cast<double>(static_cast<const A*>(args.a)[i]) * static_cast<double>(x[i * p.inner + e]) +
                             static_cast<double>(static_cast<const A*>(args.b)[i]) * static_cast<double>(x[from[i] * p.inner + e]));
  });
}

void run_paste(const PasteBoxesProblem& p, const PasteBoxes::Args& args, Scratch, Stream) {
  const int32_t *from = static_cast<const int32_t*>(args.from), *erase = static_cast<const int32_t*>(args.erase),
                *paste = static_cast<const int32_t*>(args.paste);
  with_mixed(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = static_cast<const T*>(args.x);
    const auto at = [&](int i, int h, int w, int c) { return ((int64_t{i} * p.h + h) * p.w + w) * p.c + c; };
    for (int i = 0; i < p.n; ++i)
      for (int h = 0; h < p.h; ++h)
        for (int w = 0; w < p.w; ++w)
          for (int c = 0; c < p.c; ++c) {
            double sum = 0;
            if (!in_box(erase + 4 * i, h, w)) sum += static_cast<double>(x[at(i, h, w, c)]);
            if (in_box(paste + 4 * i, h, w)) sum += static_cast<double>(x[at(from[i], h, w, c)]);
            static_cast<T*>(args.y)[at(i, h, w, c)] = mixed_element<T>(sum);
          }
  });
}

KERNEL_VARIANT(MixSamples, ref, reference_rank, supports_mix, no_scratch, run_mix);
KERNEL_VARIANT(PasteBoxes, ref, reference_rank, supports_paste, no_scratch, run_paste);

}  // namespace
}  // namespace duel
