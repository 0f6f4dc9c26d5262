#include "augment/diff_augment.h"

#include <algorithm>

#include "augment/check.h"
#include "augment/recipe/draw.h"
#include "engine/grad.h"
#include "engine/ops.h"

namespace duel {
namespace {

constexpr const char* names[] = {"color", "translation", "cutout"};
enum Slot { brightness, saturation, contrast };  // of the recipe; translate and cutout come as maps and boxes

// What was drawn for the first parameter of a step, [n,1,1,1] in `dtype`.
Tensor drawn_value(const Tensor& record, int slot, DType dtype) {
  const Tensor column = slice_channels(record, record_head + slot * slot_floats + 1, 1);
  return cast(reshape(column, {record.shape()[0], 1, 1, 1}), dtype);
}

// (n · positions) × c values, each the mean of its pixel's channels.
Tensor mean_of_channels(const Tensor& x) {
  const Shape& s = x.shape();
  const Tensor ones = Tensor::full({s[3], s[3]}, 1.0 / static_cast<double>(s[3]), x.dtype(), x.device());
  return reshape(matmul(reshape(x, {s[0] * s[1] * s[2], s[3]}), ones), s);
}

Tensor colored(const Tensor& images, const Tensor& record) {
  const DType dtype = accumulator_of(images.dtype());
  Tensor x = cast(images, dtype);
  x = x + drawn_value(record, brightness, dtype) * 2;  // the recipe's is of [0, 1]
  if (x.shape()[3] > 1) {
    const Tensor grey = mean_of_channels(x);
    x = (x - grey) * drawn_value(record, saturation, dtype) + grey;
  }
  const Tensor mean = mean_per_sample(x);
  x = (x - mean) * drawn_value(record, contrast, dtype) + mean;
  return cast(x, images.dtype());
}

}  // namespace

DiffAugment parse_diff_augment(const std::string& text) {
  DiffAugment policy;
  bool* const chosen[] = {&policy.color, &policy.translation, &policy.cutout};
  int last = -1;
  for (size_t at = 0; at <= text.size() && !text.empty();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const std::string word = text.substr(at, comma - at);
    const int which = static_cast<int>(std::find(std::begin(names), std::end(names), word) - std::begin(names));
    check(which < 3, "diff_augment", "'{}' is none of color, translation and cutout", word);
    check(which > last, "diff_augment", "'{}' after '{}'; each is applied once, in the order color,translation,cutout", word,
          names[std::max(last, 0)]);
    *chosen[which] = true, last = which, at = comma + 1;
  }
  return policy;
}

Recipe diff_augment_recipe() {
  return parse_recipe(
      "lighten -.25...25; saturation 0..2 mean=1; contrast .5..1.5 about=.5; translate -.125...125 whole=1; cutout .5 value=.5; "
      "resample border=zeros by=nearest antialias=0 clamp=0");
}

Drawn draw_diff_augment(const Shape& images, const Rng& rng, const Tensor& step, const Tensor& ids) {
  NoGrad constant;
  return draw_augmentation(images, diff_augment_recipe(), rng, step, ids, {.is_signed = true});
}

Tensor diff_augment(const Tensor& x, const DiffAugment& policy, const Drawn& drawn) {
  check_images("diff_augment", x);
  check(is_floating(x.dtype()), "diff_augment", "wants floating images in [-1, 1], not {}", x);
  check(drawn.record && drawn.record.shape() == Shape{x.shape()[0], record_floats(diff_augment_recipe().steps)}, "diff_augment",
        "wants the draws of {}; make them with draw_diff_augment()", x);
  Tensor y = x;
  if (policy.color) y = colored(y, drawn.record);
  if (policy.translation) y = warp(y, drawn.maps, {.interpolation = Interpolation::nearest});
  if (policy.cutout) y = erase_boxes(y, drawn.boxes);
  return y;
}

}  // namespace duel
