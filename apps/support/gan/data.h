// The images a GAN trains on, and its samples held against them.
#pragma once
#include "apps/support/gan/sample_check.h"
#include "apps/support/gan/settings.h"
#include "apps/support/images/data.h"

namespace duel {

// The channels of the images that load_gan_data() would give.
int channels_of(const GanSettings& settings);
// Loads settings.data at settings.size; settings.channels 0 becomes the data's. Throws Error(data) when there are fewer images than a
// batch.
ImageData load_gan_data(GanSettings& settings);

// Generated images beside real ones, as f32 values in [−1, 1] without the margin; each image has h·w·c of them.
struct Compared {
  std::vector<float> samples, test, train;
  int h = 0, w = 0, c = 0;
};
Compared compared(const ImageData& data, const std::vector<float>& samples, int most_test, int most_train);

// 256 generated images against 256 test and 10,000 training images (fewer where the data set has fewer), without the margin.
// samples: f32 values [256,size,size,channels].
SampleCheck check_against(const ImageData& data, const std::vector<float>& samples);

}  // namespace duel
