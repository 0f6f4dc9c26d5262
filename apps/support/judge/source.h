// Where the images come from that a measure looks at: a data set, a folder of pictures, a generator, or features that were extracted
// before.
#pragma once
#include <optional>
#include <string>

#include "apps/support/generate/generated.h"
#include "apps/support/metrics/features.h"
#include "engine/data/dataset.h"
#include "kernels/device.h"

namespace duel {

struct Source {
  std::string name;                    // as it was asked for, with its split
  Dataset images;                      // n is 0 where there are only features
  bool labelled = false;               // the labels of `images` say something
  std::optional<FeatureSet> features;  // of a features file
  bool is_features() const { return features.has_value(); }
  int64_t n() const { return features ? features->n : images.n; }
};

// What a generator is to make, on the default device.
struct Generation {
  int64_t n = 10000, seed = 1;
  std::string which = "last";  // checkpoint of its run: last or best
  Device device;
  Generated (*by)(const std::string& file, int64_t n, int64_t seed, Device device);  // generated_by (generators/any.h)
};

struct SourceOptions {
  std::string split = "train";  // of a data set: train or test
  int size = 0, channels = 0;   // to bring the images to, as training does; 0 keeps what is there
  int margin = 0;       // background around each image, to be taken away: 2 where 28×28 became 32×32 for a network; 0: a generator's own
  int64_t seed = 1;     // of synthetic data and of what is held out
  bool or_all = false;  // where test images are wanted and the data set has none of its own, all it has
  double holdout = 0;   // share of the training images held out for testing where a data set has no test images of its own
  std::optional<Generation> generation;  // given where a generator may stand for its images
};

// `spec` is
//   a data set as load_data() takes it; NAME@train and NAME@test choose a split, whatever options.split says
//   a folder of pictures: a sub-folder a class, or flat, with or without a labels.csv (labels_csv.h)
//   a file of features, NAME.safetensors
//   a run of gan, cgan or vae, or a checkpoint of one, where options.generation is given: images as `generate` writes them for that n and
//   seed, then without the margin that training added, and of options.channels and options.size
// The metadata of a .safetensors file tells what it is.
// Throws Error(data) on what cannot be read, Error(usage) on options that do not fit it.
Source open_source(const std::string& spec, const SourceOptions& options);

// Without so many pixels on each side. Throws Error(usage) where nothing would be left.
Dataset without_margin(const Dataset& data, int margin);

// `n` samples of it, drawn by the seed; all of them, in their order, where n is what it has.
void draw(Source& source, int64_t n, int64_t seed);

// Brings images and images to one size: where one side has 28×28 and the other 32×32, which is 28×28 in a network's padding, the padding is
// taken away. Every other difference throws Error(data), saying --size. Features are left alone.
void match_sizes(Source& a, Source& b);
// The same for one side, where the other is h × w and cannot change. True where something was taken away.
bool take_padding_away(Source& source, int h, int w);

// Renames the labels of `from` to those of `to`, by name, or where a name is a number, by number. Throws Error(data) on a class that `to`
// does not have.
void match_labels(Dataset& from, const std::vector<std::string>& to);
std::vector<int32_t> matched_labels(const std::vector<int32_t>& labels, const std::vector<std::string>& from,
                                    const std::vector<std::string>& to, const std::string& source);

}  // namespace duel
