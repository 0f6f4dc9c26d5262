// What contrast, equalize and autocontrast have to know of a source image.
#pragma once
#include "augment/pipeline/applied.h"

namespace duel {

constexpr int statistics_places = 4;  // a channel beyond the fourth is not looked at

HD inline int places_of(int c) { return c < statistics_places ? c : statistics_places; }

// One channel of u8, from how often each byte occurs in its `count` pixels. The table is that of torchvision's (and PIL's) equalize.
HD inline void statistics_of_histogram(const int* histogram, int count, int place, ImageStatistics& s) {
  int64_t sum = 0;
  int low = 255, high = 0;
  for (int b = 0; b < 256; ++b) {
    sum += int64_t{b} * histogram[b];
    if (histogram[b]) low = b < low ? b : low, high = b;
  }
  s.mean[place] = static_cast<float>(static_cast<double>(sum) / (255.0 * count));
  s.low[place] = static_cast<float>(low) / 255.f, s.high[place] = static_cast<float>(high) / 255.f;
  const int step = (count - histogram[high]) / 255;  // in integers, as there
  int before = 0;
  for (int b = 0; b < 256; ++b) {
    const int level = step == 0 ? b : (before + step / 2) / step;
    s.equalized[place][b] = static_cast<float>(level < 255 ? level : 255) / 255.f;
    before += histogram[b];
  }
  if (place == 0) s.bytes = true;
}

// Of floats: mean, least and greatest, brought to [0, 1].
HD inline void statistics_of_floats(const AugmentProblem& p, double sum, float low, float high, int count, int place, ImageStatistics& s) {
  const auto unit = [&](float v) { return p.is_signed ? mul_rn(add_rn(v, 1.f), .5f) : v; };
  s.mean[place] = unit(static_cast<float>(sum / count)), s.low[place] = unit(low), s.high[place] = unit(high);
  if (place == 0) s.bytes = false;
}

}  // namespace duel
