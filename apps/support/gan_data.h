// The images a GAN trains on, at the network's size, and batches of them.
#pragma once
#include "apps/support/gan_settings.h"
#include "apps/support/sample_check.h"
#include "engine/data/batches.h"
#include "engine/data/dataset.h"
#include "engine/tensor.h"

namespace duel {

struct GanData {
  Dataset train, test;  // test.n is 0 where there is none
  int margin = 0;       // background that fit() added around each image: 2 where 28×28 became 32×32
};

// The channels of the images that load_gan_data() would give.
int channels_of(const GanSettings& settings);

// Loads settings.data at settings.size; settings.channels 0 becomes the data's. Throws Error(data) when there are fewer images than a
// batch.
GanData load_gan_data(GanSettings& settings);

// Puts the next batch of `order` into `real`, f32 [batch,size,size,channels] in [−1, 1].
void load_batch(const GanData& data, Shuffler& order, Tensor& real);

// 256 generated images against 256 test and 10,000 training images (fewer where the data set has fewer), without the margin.
// samples: f32 values [256,size,size,channels].
SampleCheck check_against(const GanData& data, const std::vector<float>& samples);

}  // namespace duel
