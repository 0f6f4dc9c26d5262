#include "apps/support/gan/data.h"

#include <algorithm>

namespace duel {
namespace {

// The first `count` images as floats, without the margin.
std::vector<float> inner_values(const ImageData& data, const Dataset& from, int count) {
  const int m = data.train.margin;
  std::vector<float> values;
  for (int i = 0; i < count; ++i)
    for (int y = m; y < from.h - m; ++y) {
      const uint8_t* row = from.images.data() + ((static_cast<size_t>(i) * from.h + y) * from.w + m) * from.c;
      for (int x = 0; x < (from.w - 2 * m) * from.c; ++x) values.push_back(to_signed(row[x]));
    }
  return values;
}

std::vector<float> without_margin(const ImageData& data, const std::vector<float>& samples) {
  const int m = data.train.margin, h = data.train.h, w = data.train.w, c = data.train.c;
  std::vector<float> values;
  for (size_t i = 0; i < samples.size(); i += static_cast<size_t>(h) * w * c)
    for (int y = m; y < h - m; ++y) {
      const float* row = samples.data() + i + (static_cast<size_t>(y) * w + m) * c;
      values.insert(values.end(), row, row + static_cast<size_t>(w - 2 * m) * c);
    }
  return values;
}

}  // namespace

int channels_of(const GanSettings& settings) {
  if (settings.channels) return settings.channels;
  if (settings.data == "fashion-mnist") return 1;  // known without its files
  return load_data(settings.data, {.size = settings.size, .synthetic_train = 1, .synthetic_test = 0}).train.c;
}

ImageData load_gan_data(GanSettings& settings) {
  // A twentieth is held out where a data set has no test images of its own, so that the sample check has something to hold against.
  ImageData data = load_images({.data = settings.data,
                                .size = settings.size,
                                .channels = settings.channels,
                                .images = settings.images,
                                .seed = settings.seed,
                                .batch = settings.batch});
  settings.channels = data.train.c;
  return data;
}

Compared compared(const ImageData& data, const std::vector<float>& samples, int most_test, int most_train) {
  return {without_margin(data, samples),
          inner_values(data, data.test, std::min(data.test.n, most_test)),
          inner_values(data, data.train, std::min(data.train.n, most_train)),
          data.train.h - 2 * data.train.margin,
          data.train.w - 2 * data.train.margin,
          data.train.c};
}

SampleCheck check_against(const ImageData& data, const std::vector<float>& samples) {
  const Compared all = compared(data, samples, 256, 10000);
  return check_samples(all.samples, all.test, all.train, int64_t{all.h} * all.w * all.c);
}

}  // namespace duel
