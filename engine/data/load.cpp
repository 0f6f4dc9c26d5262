// load_data: from what a user types to a data set in memory.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "engine/data/batches.h"
#include "engine/data/cifar.h"
#include "engine/data/dataset.h"
#include "engine/data/idx.h"
#include "engine/data/image_folder.h"
#include "engine/data/shapes.h"
#include "engine/io/bounded_reader.h"

namespace duel {
namespace {

bool is_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}
std::string data_home() {
  const char* home = std::getenv("DUEL_DATA");
  return home ? home : "";
}

DataSplits load_fashion_mnist() {
  constexpr const char* debian = "/usr/share/datasets/fashion-mnist";
  const std::string own = data_home().empty() ? "" : data_home() + "/fashion-mnist";
  const std::string folder = !own.empty() && is_folder(own) ? own : debian;
  if (!is_folder(folder))
    fail(Failure::data,
         fmt::format(
             "fashion-mnist is not there: neither '{}' nor $DUEL_DATA/fashion-mnist{} is a folder; apt-get install dataset-fashion-mnist",
             debian, own.empty() ? "" : fmt::format(" ('{}')", printable(own))));
  DataSplits splits = load_idx_folder(folder, "fashion-mnist");
  splits.train.classes = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"};
  splits.test.classes = splits.train.classes;
  return splits;
}

DataSplits load_shapes(const std::string& kind, const LoadOptions& options) {
  if (kind == "misleading" && options.channels == 1)
    fail(Failure::usage, "shapes:misleading tells its classes by hue, and grey images have none; take --channels 3, or shapes");
  ShapesOptions o{.n = options.synthetic_train,
                  .size = options.size ? options.size : 32,
                  .channels = options.channels ? options.channels : 3,
                  .seed = options.seed,
                  .correlated = kind == "correlated",
                  .telling_background = kind == "misleading" ? .95 : 0};
  DataSplits splits;
  splits.train = make_shapes(o);
  o.n = options.synthetic_test;
  o.seed = ~options.seed;
  o.telling_background = 0;  // what misled in training is no help here
  if (o.n > 0) splits.test = make_shapes(o);
  return splits;
}

DataSplits load_folder(const std::string& folder, const LoadOptions& options) {
  if (has_idx_files(folder))
    return load_idx_folder(folder, printable(std::filesystem::path(folder + "/.").parent_path().filename().string(), 60));
  if (has_cifar_files(folder)) return load_cifar_folder(folder);
  if (has_images(folder)) return load_image_folder(folder, options);
  std::error_code error;
  std::filesystem::directory_iterator(folder, error);
  if (error) fail(Failure::data, fmt::format("cannot read folder '{}': {}; make it readable", printable(folder), error.message()));
  fail(Failure::data,
       fmt::format(
           "'{}' holds no data set: four IDX files (train-images-idx3-ubyte …), CIFAR's binary files (data_batch_1.bin … or train.bin) or "
           "PNG and JPEG files in one sub-folder a class are read",
           printable(folder)));
}

DataSplits load_any(const std::string& spec, const LoadOptions& options) {
  if (spec == "fashion-mnist") return load_fashion_mnist();
  if (spec == "shapes") return load_shapes("", options);
  if (spec == "shapes:correlated") return load_shapes("correlated", options);
  if (spec == "shapes:misleading") return load_shapes("misleading", options);
  if (is_folder(spec)) return load_folder(spec, options);
  const std::string below = data_home() + "/" + spec;
  if (!spec.empty() && !data_home().empty() && is_folder(below)) return load_folder(below, options);
  std::error_code error;
  if (std::filesystem::exists(spec, error))
    fail(Failure::data, fmt::format("'{}' is a file: name the folder it lies in, or unpack it if it is an archive", printable(spec)));
  fail(Failure::data,
       fmt::format("no data set '{}': it is neither fashion-mnist, shapes, shapes:correlated or shapes:misleading, nor a folder here{}",
                   printable(spec),
                   data_home().empty() ? " (with DUEL_DATA set, folders below that are found by name)"
                                       : fmt::format(" or in '{}'", printable(data_home()))));
}

// The same share of each class, drawn by the seed.
void hold_out(DataSplits* splits, const std::string& spec, const LoadOptions& options) {
  const std::vector<int32_t> order = permutation(splits->train.n, options.seed, 0);
  std::vector<int64_t> count(splits->train.classes.size()), taken(splits->train.classes.size());
  for (const int32_t label : splits->train.labels) ++count[static_cast<size_t>(label)];
  std::vector<int32_t> train, test;
  for (const int32_t i : order) {
    const size_t label = static_cast<size_t>(splits->train.labels[static_cast<size_t>(i)]);
    const bool out = taken[label] < std::llround(options.holdout * static_cast<double>(count[label]));
    taken[label] += out;
    (out ? test : train).push_back(i);
  }
  if (train.empty() || test.empty())
    fail(Failure::data,
         fmt::format("'{}' has {}, too few to hold out {:g} % of each class for testing: at least {} in some class are needed",
                     printable(spec), counted(splits->train.n, "image"), 100 * options.holdout,
                     static_cast<int64_t>(std::ceil(0.5 / options.holdout))));
  std::sort(train.begin(), train.end());
  std::sort(test.begin(), test.end());
  splits->test = subset(splits->train, test);
  splits->train = subset(splits->train, train);
}

}  // namespace

DataSplits load_data(const std::string& spec, const LoadOptions& options) {
  if (options.size < 0 || options.size > ImageLimits{}.side)
    fail(Failure::usage, fmt::format("image size {}; 1 to {}, or 0 to keep what is there", options.size, ImageLimits{}.side));
  if (options.channels != 0 && options.channels != 1 && options.channels != 3)
    fail(Failure::usage, fmt::format("--channels {}: images have 1 or 3; 0 keeps what is there", options.channels));
  if (!(options.holdout >= 0 && options.holdout < 1))
    fail(Failure::usage, fmt::format("a held-out share of {}; from 0 to below 1", options.holdout));
  DataSplits splits = load_any(spec, options);
  if (splits.test.n == 0 && options.holdout > 0) hold_out(&splits, spec, options);
  for (Dataset* d : {&splits.train, &splits.test}) {
    if (d->n == 0) continue;
    if (options.channels && d->c != options.channels) *d = with_channels(*d, options.channels);
    if (options.size && (d->h != options.size || d->w != options.size)) *d = fit(*d, options.size);
  }
  return splits;
}

}  // namespace duel
