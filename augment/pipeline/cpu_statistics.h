// statistics.h, sample by sample on the CPU.
#pragma once
#include <algorithm>

#include "augment/pipeline/statistics.h"
#include "augment/pipeline/types.h"

namespace duel {

template <class T>
void image_statistics(const AugmentProblem& p, const T* x, ImageStatistics& s) {
  const int pixels = p.h * p.w;
  for (int place = 0; place < places_of(p.c); ++place) {
    const T* channel = x + place;
    if constexpr (sizeof(T) == 1) {
      int histogram[256] = {};
      for (int i = 0; i < pixels; ++i) ++histogram[channel[int64_t{i} * p.c]];
      statistics_of_histogram(histogram, pixels, place, s);
    } else {
      double sum = 0;
      float low = static_cast<float>(channel[0]), high = low;
      for (int i = 0; i < pixels; ++i) {
        const float v = static_cast<float>(channel[int64_t{i} * p.c]);
        sum += static_cast<double>(v), low = std::min(low, v), high = std::max(high, v);
      }
      statistics_of_floats(p, sum, low, high, pixels, place, s);
    }
  }
}

// A sample, drawn or replayed, ready for its pixels.
struct Prepared {
  Applied applied;
  ImageStatistics statistics;
};
template <class T>
void prepare_sample(const AugmentProblem& p, const float* record, const T* x, Prepared& out) {
  const bool look = p.recipe.needs_statistics();
  if (look) image_statistics(p, x, out.statistics);
  compose(p, record, look ? &out.statistics : nullptr, out.applied);
}
}  // namespace duel
