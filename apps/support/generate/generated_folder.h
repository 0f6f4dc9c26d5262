// Generated images as a folder of pictures with their labels, which any program can read: 000000.png …, and labels.csv with a line
// `file,label` each. Each picture has in its text what it is: the generator's checkpoint, its number among that seed's, and its class.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/io/image.h"

namespace duel {

struct GeneratedImages {
  int64_t n = 0;
  int h = 0, w = 0, c = 0;
  std::vector<int32_t> labels;       // one an image; empty: no labels.csv is written
  std::vector<std::string> classes;  // names of the labels
  nlohmann::ordered_json about;      // what made them, for the text in each PNG; null: there is none
  // Values in [−1, 1] of images [from, to), NHWC.
  std::function<std::vector<float>(int64_t from, int64_t to)> values;
};

constexpr const char* synthetic_keyword = "synthetic";  // of the text in a PNG that no camera saw: JSON, what made it
std::vector<uint8_t> synthetic_png(const Image& image, const nlohmann::ordered_json& about);

// Calls f with each picture and its number, in order. Values are asked for in batches that fit, the same ones whatever becomes of them.
void each_picture(const GeneratedImages& images, const std::function<void(int64_t, const Image&)>& f);

// Throws Error(usage) where `folder` is there and not empty (nothing is overwritten) or the images have two channels or four, which a PNG
// of ours cannot hold; Error(data) when it cannot be written.
void write_generated(const std::string& folder, const GeneratedImages& images);

// Labels of n images, class by class, as equal in number as can be; all of class `label` where that is not negative.
std::vector<int32_t> balanced_labels(int64_t n, int classes, int label = -1);

}  // namespace duel
