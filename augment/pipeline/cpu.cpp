// The CPU: samples are prepared in parallel, then rows of the result, line by line where the recipe allows (cpu_lines.h).
#include <algorithm>

#include "augment/pipeline/cpu_blur.h"
#include "augment/pipeline/cpu_lines.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const AugmentProblem& p) { return augment_types(p); }
size_t scratch(const AugmentProblem& p) { return static_cast<size_t>(p.n) * sizeof(Prepared) + blur_floats(p) * sizeof(float); }

template <class X, class Y>
void augment_row(const AugmentProblem& p, const Prepared& sample, const X* x, int i, Y* y) {
  if (fits_lines(p, sample.applied)) return p.c == 3 ? augment_lines<3>(p, sample, x, i, y) : augment_lines<1>(p, sample, x, i, y);
  const int pass = channels_a_pass(p.c);
  for (int j = 0; j < p.q; ++j)
    for (int ch = 0; ch < p.c; ch += pass) {
      float v[3];
      augment_pixel(p, sample.applied, &sample.statistics, Image<X>{x, p.w, p.c}, i, j, ch, pass, v);
      for (int k = 0; k < pass; ++k) *y++ = static_cast<Y>(v[k]);
    }
}

template <class Record>
void apply(const AugmentProblem& p, Record&& record_of, const void* images, void* results, Scratch scratch) {
  if (p.n == 0) return;
  Prepared* prepared = static_cast<Prepared*>(scratch.data);
  with_augment_types(p, [&](auto from, auto to) {
    using X = typename decltype(from)::type;
    using Y = typename decltype(to)::type;
    const X* x = static_cast<const X*>(images);
    Y* y = static_cast<Y*>(results);
    const int64_t image = int64_t{p.h} * p.w * p.c, row = int64_t{p.q} * p.c;
    const bool blurs = p.recipe.has(AugOp::blur);
    float* room = reinterpret_cast<float*>(prepared + p.n);
    parallel_chunks(p.n, 4, [&](int64_t n, int64_t end, int64_t) {
      for (; n < end; ++n) {
        const float* record = record_of(n);
        prepare_sample(p, record, x + n * image, prepared[n]);
        if (blurs) blur_sample(p, record, x + n * image, n, room);
      }
    });
    AugmentProblem unit = p;  // blurred images are in [0, 1]
    unit.is_signed = false;
    parallel_chunks(int64_t{p.n} * p.p, std::max<int64_t>(1, chunk_elements / 4 / row), [&](int64_t at, int64_t end, int64_t) {
      for (; at < end; ++at) {
        const int64_t n = at / p.p;
        const int i = static_cast<int>(at % p.p);
        if (blurs) augment_row(unit, prepared[n], room + (2 * n + 1) * image, i, y + at * row);
        else augment_row(p, prepared[n], x + n * image, i, y + at * row);
      }
    });
  });
}

void augment(const AugmentProblem& p, const AugmentImages::Args& a, Scratch scratch, Stream) {
  float* records = static_cast<float*>(a.record);
  apply(
      p,
      [&](int64_t n) {
        float* record = records + n * p.record_size();
        draw_record(p, a.epoch, a.ids, a.strength, n, record);
        return record;
      },
      a.x, a.y, scratch);
}
void replay(const AugmentProblem& p, const ReplayAugmentation::Args& a, Scratch scratch, Stream) {
  apply(
      p, [&](int64_t n) { return static_cast<const float*>(a.record) + n * p.record_size(); }, a.x, a.y, scratch);
}

KERNEL_VARIANT(AugmentImages, openmp, 10, supports, scratch, augment);
KERNEL_VARIANT(ReplayAugmentation, openmp, 10, supports, scratch, replay);

}  // namespace
}  // namespace duel
