// blur.h, sample by sample on the CPU.
#pragma once
#include "augment/pipeline/blur.h"

namespace duel {

// Scratch of two float images a sample, where the recipe blurs.
inline size_t blur_floats(const AugmentProblem& p) { return p.recipe.has(AugOp::blur) ? 2 * static_cast<size_t>(p.source()) : 0; }

// What sample n's pixels are read from: its source blurred, in [0, 1]. `room` has blur_floats(p).
template <class X>
const float* blur_sample(const AugmentProblem& p, const float* record, const X* x, int64_t n, float* room) {
  const int64_t image = int64_t{p.h} * p.w * p.c;
  const BlurKernel kernel = blur_kernel(record + record_head + blur_slot(p.recipe) * slot_floats);
  float *half = room + 2 * n * image, *done = half + image;
  int64_t at = 0;
  for (int i = 0; i < p.h; ++i)
    for (int j = 0; j < p.w; ++j)
      for (int ch = 0; ch < p.c; ++ch) half[at++] = blur_element<true>(p, kernel, x, i, j, ch);
  at = 0;
  for (int i = 0; i < p.h; ++i)
    for (int j = 0; j < p.w; ++j)
      for (int ch = 0; ch < p.c; ++ch) done[at++] = blur_element<false>(p, kernel, half, i, j, ch);
  return done;
}

}  // namespace duel
