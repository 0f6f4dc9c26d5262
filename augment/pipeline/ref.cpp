// The reference: sample by sample, pixel by pixel. Its arithmetic is that of every row (each operation rounded once), since a threshold
// between two nearly equal values would answer differently in double; tests hold it against double where there is no threshold.
#include "augment/pipeline/cpu_blur.h"
#include "augment/pipeline/cpu_statistics.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const AugmentProblem& p) { return augment_types(p); }

void apply(const AugmentProblem& p, const float* records, const void* images, void* results, Scratch scratch) {
  with_augment_types(p, [&](auto from, auto to) {
    using X = typename decltype(from)::type;
    using Y = typename decltype(to)::type;
    const X* x = static_cast<const X*>(images);
    Y* y = static_cast<Y*>(results);
    for (int n = 0; n < p.n; ++n, x += int64_t{p.h} * p.w * p.c) {
      Prepared sample;
      const float* record = records + int64_t{n} * p.record_size();
      prepare_sample(p, record, x, sample);
      const float* blurred = p.recipe.has(AugOp::blur) ? blur_sample(p, record, x, n, static_cast<float*>(scratch.data)) : nullptr;
      AugmentProblem unit = p;  // blurred images are in [0, 1]
      unit.is_signed = false;
      const int pass = channels_a_pass(p.c);
      for (int i = 0; i < p.p; ++i)
        for (int j = 0; j < p.q; ++j)
          for (int ch = 0; ch < p.c; ch += pass) {
            float v[3];
            if (blurred) augment_pixel(unit, sample.applied, &sample.statistics, Image<float>{blurred, p.w, p.c}, i, j, ch, pass, v);
            else augment_pixel(p, sample.applied, &sample.statistics, Image<X>{x, p.w, p.c}, i, j, ch, pass, v);
            for (int k = 0; k < pass; ++k) *y++ = static_cast<Y>(v[k]);
          }
    }
  });
}

void augment(const AugmentProblem& p, const AugmentImages::Args& a, Scratch scratch, Stream) {
  float* records = static_cast<float*>(a.record);
  for (int n = 0; n < p.n; ++n) draw_record(p, a.epoch, a.ids, a.strength, n, records + int64_t{n} * p.record_size());
  apply(p, records, a.x, a.y, scratch);
}
void replay(const AugmentProblem& p, const ReplayAugmentation::Args& a, Scratch scratch, Stream) {
  apply(p, static_cast<const float*>(a.record), a.x, a.y, scratch);
}

size_t scratch(const AugmentProblem& p) { return blur_floats(p) * sizeof(float); }

KERNEL_VARIANT(AugmentImages, ref, reference_rank, supports, scratch, augment);
KERNEL_VARIANT(ReplayAugmentation, ref, reference_rank, supports, scratch, replay);

}  // namespace
}  // namespace duel
