#include "apps/support/images/data.h"

#include <fmt/format.h>

#include "engine/data/sampling.h"
#include "engine/io/file.h"
#include "engine/ops.h"

namespace duel {

ImageData load_images(const ImageOptions& o) {
  DataSplits splits =
      load_data(o.data, {.size = o.size, .channels = o.channels, .seed = static_cast<uint64_t>(o.seed), .holdout = o.holdout});
  if (o.images < 0 || o.images > splits.train.n)
    fail(Failure::usage,
         fmt::format("--images {}, but {} has {}; 0 takes all", o.images, o.data, counted(splits.train.n, "training image")));
  if (o.images > 0) {
    const int classes = static_cast<int>(splits.train.classes.size());
    const std::vector<int64_t> before = class_counts(splits.train.labels, classes);
    splits.train = subset(splits.train, take_stratified(splits.train.labels, classes, o.images, static_cast<uint64_t>(o.seed)));
    const std::vector<int64_t> after = class_counts(splits.train.labels, classes);
    for (size_t c = 0; c < after.size(); ++c)
      if (before[c] > 0 && after[c] == 0)
        fail(Failure::usage, fmt::format("--images {} leaves no image of class '{}'; take more", o.images, splits.train.classes[c]));
  }
  ImageData data;
  if (splits.train.n < o.batch)
    fail(Failure::data, fmt::format("{}: {}, but --batch is {}; use a smaller batch or more images", o.data,
                                    counted(splits.train.n, "training image"), o.batch));
  auto prepare = [&](Dataset d) {
    if (d.n == 0) return d;
    if (o.channels && d.c != o.channels) d = with_channels(d, o.channels);
    return o.size == 0 || (d.h == o.size && d.w == o.size) ? d : fit(d, o.size);
  };
  data.train = prepare(std::move(splits.train)), data.test = prepare(std::move(splits.test));
  return data;
}

void load_batch(const ImageData& data, Shuffler& order, Tensor& x, Tensor labels) {
  static thread_local std::vector<uint8_t> pixels;
  static thread_local std::vector<float> values;
  static thread_local std::vector<int32_t> classes;
  const auto indices = order.next();
  pixels.resize(indices.size() * data.train.sample_bytes()), values.resize(pixels.size()), classes.resize(indices.size());
  gather(data.train, indices, pixels.data(), labels ? classes.data() : nullptr);
  to_signed(pixels, values.data());
  x.assign(static_cast<const void*>(values.data()));
  if (labels) labels.assign(static_cast<const void*>(classes.data()));
}

void load_batches(const ImageData& data, Shuffler& order, int batches, const Tensor& x, const Tensor& labels) {
  const int64_t n = x.shape()[0] / batches;
  for (int i = 0; i < batches; ++i) {
    const auto share = [&](const Tensor& t) { return t ? slice(t, i * n, (i + 1) * n).detach() : Tensor(); };
    Tensor part = share(x);
    load_batch(data, order, part, share(labels));
  }
}

void append(std::vector<float>& values, const Tensor& t) {
  const Tensor f32 = cast(t, DType::f32);
  const size_t before = values.size();
  values.resize(before + static_cast<size_t>(f32.count()));
  f32.copy_out(values.data() + before);
}

}  // namespace duel
