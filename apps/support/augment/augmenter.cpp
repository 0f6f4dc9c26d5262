#include "apps/support/augment/augmenter.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "apps/support/command/signals.h"
#include "kernels/error.h"

namespace duel {
namespace {

bool alike(const Image& a, const Image& b) { return a.h == b.h && a.w == b.w && a.c == b.c; }

struct Waiting {
  std::vector<size_t> items;
  std::vector<Image> images;
};

void augment_all(const Pictures& pictures, const AugmentJob& job, Waiting& batch, const EachCopied& f) {
  if (batch.items.empty()) return;
  const int64_t n = static_cast<int64_t>(batch.items.size());
  std::vector<const Image*> images;
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < n; ++i) {
    images.push_back(&batch.images[static_cast<size_t>(i)]);
    ids.push_back(pictures.items[batch.items[static_cast<size_t>(i)]].id);
  }
  const Tensor x = tensor_of(images), who = Tensor::from_bytes({n}, DType::i32, ids.data());
  const AugmentOptions options = job.options();
  std::vector<std::vector<AugmentedCopy>> copies(batch.items.size());
  for (int k = 0; k < job.copies; ++k) {
    const int64_t epoch = job.epoch + k;
    const Augmented a = augment(x, job.recipe, job.rng(), step_counter(static_cast<int>(epoch)), who, options);
    std::vector<Image> made = images_of(a.images);
    std::vector<std::vector<AppliedStep>> steps = read_record(job.recipe, a.record);
    const std::vector<Homography> maps = homographies(maps_of(job.recipe, a.record, x.shape(), options));
    for (size_t i = 0; i < copies.size(); ++i)
      copies[i].push_back({batch.items[i], k, epoch, std::move(made[i]), std::move(steps[i]), maps[i]});
  }
  for (size_t i = 0; i < copies.size(); ++i) f(batch.items[i], batch.images[i], std::move(copies[i]));
  batch = {};
}

}  // namespace

std::vector<Image> images_of(const Tensor& values) {
  std::vector<float> v(static_cast<size_t>(values.count()));
  values.copy_out(v.data());
  const Shape& s = values.shape();
  const size_t one = static_cast<size_t>(s[1] * s[2] * s[3]);
  std::vector<Image> images;
  for (size_t from = 0; from < v.size(); from += one) {
    Image& image = images.emplace_back(Image{static_cast<int>(s[1]), static_cast<int>(s[2]), static_cast<int>(s[3]), {}});
    for (size_t i = from; i < from + one; ++i)
      image.pixels.push_back(v[i] > 0 ? static_cast<uint8_t>(std::lround(std::min(v[i], 1.f) * 255.f)) : uint8_t{0});
  }
  return images;
}

Tensor tensor_of(const std::vector<const Image*>& images) {
  std::vector<uint8_t> pixels;
  for (const Image* image : images) pixels.insert(pixels.end(), image->pixels.begin(), image->pixels.end());
  const Image& first = *images.at(0);
  return Tensor::from_bytes({static_cast<int64_t>(images.size()), first.h, first.w, first.c}, DType::u8, pixels.data());
}

bool each_augmented(const Pictures& pictures, const std::vector<size_t>& chosen, const AugmentJob& job, const EachCopied& f,
                    const std::function<void(const std::string& why)>& bad) {
  if (job.copies < 1 || job.copies > 100000) fail(Failure::usage, fmt::format("--copies {}: 1 to 100000", job.copies));
  if (job.batch < 1) fail(Failure::usage, fmt::format("--batch {}: at least 1", job.batch));
  if (job.size < 0 || job.size > ImageLimits().side)
    fail(Failure::usage, fmt::format("--size {}: 1 to {}, or 0 to keep what is there", job.size, ImageLimits().side));
  if (job.epoch < 0 || job.epoch > std::numeric_limits<int32_t>::max() - job.copies)
    fail(Failure::usage, fmt::format("--epoch {}: 0 to {}", job.epoch, std::numeric_limits<int32_t>::max() - job.copies));
  Waiting batch;
  size_t good = 0;
  std::string last_bad;
  for (const size_t item : chosen) {
    if (stop_requested()) return false;
    Image image;
    try {
      image = pictures.read(item);
    } catch (const Error& error) {
      if (!job.skip_bad || error.kind != Failure::data) throw;
      bad(last_bad = error.what());
      continue;
    }
    ++good;
    if (!batch.images.empty() && !alike(batch.images[0], image)) augment_all(pictures, job, batch, f);
    batch.items.push_back(item), batch.images.push_back(std::move(image));
    if (static_cast<int>(batch.items.size()) == job.batch) augment_all(pictures, job, batch, f);
  }
  augment_all(pictures, job, batch, f);
  if (good == 0) fail(Failure::data, fmt::format("{}: not one picture could be read; the last: {}", pictures.name, last_bad));
  return true;
}

}  // namespace duel
