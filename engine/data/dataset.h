// Labelled images in memory, and where they come from.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "engine/io/image.h"

namespace duel {

struct Dataset {
  std::string name;
  int n = 0, h = 0, w = 0, c = 0;
  std::vector<uint8_t> images;       // n·h·w·c, NHWC
  std::vector<int32_t> labels;       // n, each in [0, classes.size())
  std::vector<std::string> classes;  // names fit to print
  int margin = 0;                    // background that fit() put around each image: 2 where 28×28 became 32×32
  size_t sample_bytes() const { return static_cast<size_t>(h) * static_cast<size_t>(w) * static_cast<size_t>(c); }
};
struct DataSplits {
  Dataset train, test;
};  // test.n is 0 where there is none

struct LoadOptions {
  int size = 0;        // height and width wanted; 0 keeps what is there
  int channels = 0;    // 1 or 3; 0 keeps what is there
  uint64_t seed = 1;   // of synthetic data and of held-out samples
  double holdout = 0;  // share of the training samples to hold out for testing where a data set has no test split of its own
  int synthetic_train = 20000, synthetic_test = 4000;
};

// `spec` is
//   fashion-mnist         $DUEL_DATA/fashion-mnist, else /usr/share/datasets/fashion-mnist (Debian's dataset-fashion-mnist)
//   shapes                synthetic, drawn here; shapes:correlated gives each class a colour of its own
//   shapes:misleading     the hue of the background tells the class in 95 % of the training images and in no test image
//   a folder, or a folder below $DUEL_DATA, holding
//     four IDX files (train- and t10k-, images and labels; gzipped or not)
//     CIFAR-10's or CIFAR-100's binary files
//     PNG and JPEG files: each sub-folder is a class; below train/ and test/ where there are both
// Throws Error(data) naming the path and what to do; Error(usage) on options that make no sense.
DataSplits load_data(const std::string& spec, const LoadOptions& options = {});

// To size × size. 28 → 32 is padded with the background 0, which becomes −1; everything else is cut to its middle square and resized with
// antialiasing.
Dataset fit(const Dataset& data, int size);
Image fit(const Image& image, int size);
int margin_of_fit(int h, int w, int size);                 // what it pads with on each side: 2 or 0
Dataset with_channels(const Dataset& data, int channels);  // 1 → 3 repeats, 3 → 1 takes the luma

// Samples `indices`, in this order.
Dataset subset(const Dataset& data, std::span<const int32_t> indices);
// One number for the images, their shape and their labels: the same data set, in the same order, or another one.
uint64_t fingerprint(const Dataset& data);
Image image_of(const Dataset& data, int index);
// The same into buffers of indices.size()·h·w·c bytes and indices.size() labels (either may be nullptr).
void gather(const Dataset& data, std::span<const int32_t> indices, uint8_t* images, int32_t* labels);

// Networks see [−1, 1]: 0 ↔ −1, 255 ↔ 1. Going back clamps and rounds to nearest; NaN becomes 0.
inline float to_signed(uint8_t pixel) { return static_cast<float>(pixel) / 127.5f - 1.f; }
inline uint8_t to_pixel(float value) {
  const float scaled = (value + 1.f) * 127.5f + .5f;
  return scaled > 0.f ? scaled < 255.f ? static_cast<uint8_t>(scaled) : 255 : 0;
}
void to_signed(std::span<const uint8_t> pixels, float* out);
void to_pixels(std::span<const float> values, uint8_t* out);

}  // namespace duel
