#include "augment/pipeline.h"

#include <algorithm>
#include <cmath>

#include "augment/check.h"
#include "augment/draw/draw_op.h"
#include "augment/pipeline/types.h"
#include "engine/dispatch.h"

namespace duel {
namespace {

AugmentProblem problem_of(const Shape& images, DType dtype, const Recipe& recipe, const Rng& rng, const AugmentOptions& o) {
  check(images.rank() == 4, "augment", "wants images [n,h,w,c], not {}", images);
  for (int axis = 1; axis < 4; ++axis)
    check(images[axis] >= 1 && images[axis] <= 32768, "augment", "images of {}; sides and channels are 1 to 32768", images);
  check(o.h >= 0 && o.w >= 0 && o.h <= 32768 && o.w <= 32768, "augment", "a result of {}×{}; sides are 1 to 32768", o.h, o.w);
  check(o.dtype == DType::f32 || o.dtype == DType::bf16, "augment", "a result in {}; there are f32 and bf16", name_of(o.dtype));
  check(dtype == DType::u8 || !recipe.has(AugOp::equalize), "augment", "equalize wants images of bytes, u8");
  check((o.h ? o.h : images[1]) * (o.w ? o.w : images[2]) * images[3] < int64_t{1} << 31 && images[1] * images[2] * images[3] < int64_t{1}
                                                                                                                                    << 31,
        "augment", "images of {} for {}×{}; one has at most 2³¹ values", images, o.h, o.w);
  const auto size = [&](int axis) { return static_cast<int>(images[axis]); };
  AugmentProblem p;
  p.n = size(0), p.h = size(1), p.w = size(2), p.c = size(3);
  p.p = static_cast<int>(o.h ? o.h : images[1]), p.q = static_cast<int>(o.w ? o.w : images[2]);
  p.seed = rng.seed, p.stream = static_cast<int>(rng.stream), p.is_signed = o.is_signed && dtype != DType::u8;
  p.recipe = recipe, p.to = o.dtype, p.dtype = dtype;
  return p;
}

void check_bytes_or_floats(const Tensor& x) {
  check_images("augment", x);
  check(x.dtype() == DType::u8 || x.dtype() == DType::f32 || x.dtype() == DType::bf16, "augment", "wants images in u8, f32 or bf16, not {}",
        x);
}

void check_is(const Tensor& t, const char* what, const Shape& shape, DType dtype, Device device) {
  check(t && t.shape() == shape && t.dtype() == dtype && t.device() == device, "augment", "wants {} {}{} on {}, not {}", what,
        name_of(dtype), shape, name_of(device), t);
}

// The strengths, all 1 where none are given.
Tensor strength_of(const AugmentOptions& o, const AugmentProblem& p, Device device) {
  if (!o.strength) return Tensor::full({p.recipe.steps}, 1, DType::f32, device);
  check_is(o.strength, "a strength for each step,", {p.recipe.steps}, DType::f32, device);
  return o.strength;
}

void check_when_and_who(const Tensor& epoch, const Tensor& ids, int64_t n, Device device) {
  check(epoch && epoch.dtype() == DType::i32 && epoch.count() == 1 && epoch.device() == device, "augment",
        "wants the epoch as i32[1] on {}; make it with step_counter()", name_of(device));
  check_is(ids, "the samples' numbers,", {n}, DType::i32, device);
}

bool has_any(const Recipe& recipe, bool (*is)(AugOp)) {
  return std::any_of(recipe.step, recipe.step + recipe.steps, [&](const AugStep& s) { return is(s.op); });
}

}  // namespace

Augmented augment(const Tensor& images, const Recipe& recipe, const Rng& rng, const Tensor& epoch, const Tensor& ids,
                  const AugmentOptions& options) {
  check_bytes_or_floats(images);
  const AugmentProblem p = problem_of(images.shape(), images.dtype(), recipe, rng, options);
  check_when_and_who(epoch, ids, p.n, images.device());
  const Tensor strength = strength_of(options, p, images.device());
  const Augmented a{Tensor({p.n, p.p, p.q, p.c}, p.to, images.device()), Tensor({p.n, p.record_size()}, DType::f32, images.device())};
  dispatch<AugmentImages>(p, {epoch.data(), ids.data(), strength.data(), images.data(), a.images.data(), a.record.data()}, images.device());
  return a;
}

Tensor replay(const Tensor& images, const Recipe& recipe, const Rng& rng, const Tensor& record, const AugmentOptions& options) {
  check_bytes_or_floats(images);
  const AugmentProblem p = problem_of(images.shape(), images.dtype(), recipe, rng, options);
  check_is(record, "a record,", {p.n, p.record_size()}, DType::f32, images.device());
  const Tensor y({p.n, p.p, p.q, p.c}, p.to, images.device());
  dispatch<ReplayAugmentation>(p, {record.data(), images.data(), y.data()}, images.device());
  return y;
}

Drawn draw_augmentation(const Shape& images, const Recipe& recipe, const Rng& rng, const Tensor& epoch, const Tensor& ids,
                        const AugmentOptions& options) {
  const AugmentProblem p = problem_of(images, DType::f32, recipe, rng, options);
  if (const char* why = why_not_linear(recipe)) check(false, "augment", "'{}' has no derivative here: {}", text_of(recipe), why);
  const Device device = ids ? ids.device() : Device::cpu;
  check_when_and_who(epoch, ids, p.n, device);
  const Tensor strength = strength_of(options, p, device);
  const Drawn d{Tensor({p.n, p.record_size()}, DType::f32, device), Tensor({p.n, 9}, DType::f32, device),
                Tensor({p.n, 12}, DType::f32, device), Tensor({p.n, 4}, DType::i32, device)};
  dispatch<DrawAugmentation>(
      p, {epoch.data(), ids.data(), strength.data(), d.record.data(), d.maps.data(), d.colors.data(), d.boxes.data()}, device);
  return d;
}

Tensor apply(const Tensor& x, const Recipe& recipe, const Drawn& drawn, const AugmentOptions& options) {
  Tensor y = x;
  const bool resized = (options.h && options.h != x.shape()[1]) || (options.w && options.w != x.shape()[2]);
  if (resized || has_any(recipe, [](AugOp op) { return is_geometry(op); }))
    y = warp(y, drawn.maps,
             {.h = options.h,
              .w = options.w,
              .interpolation = recipe.interpolation,
              .border = recipe.border,
              .fill = 2.0 * recipe.fill - 1,
              .antialias = recipe.antialias});
  if (has_any(recipe, [](AugOp op) { return is_color(op); })) y = color_matrix(y, drawn.colors);
  for (int i = 0; i < recipe.steps; ++i)
    if (is_box(recipe.step[i].op)) {
      const Range& value = recipe.step[i].range[recipe.step[i].op == AugOp::erase ? 2 : 1];
      check(value.form == Form::constant, "augment", "a box whose value is drawn has no derivative here; give it one value");
      y = erase_boxes(y, drawn.boxes, 2.0 * value.a - 1);
    }
  return y;
}

std::vector<std::vector<AppliedStep>> read_record(const Recipe& recipe, const Tensor& record) {
  const int floats = record_floats(recipe.steps);
  check(record && record.shape().rank() == 2 && record.shape()[1] == floats && record.dtype() == DType::f32, "augment",
        "wants a record f32[n, {}] of this recipe, not {}", floats, record);
  const std::vector<double> values = record.values();
  std::vector<std::vector<AppliedStep>> samples;
  for (size_t at = 0; at < values.size(); at += static_cast<size_t>(floats)) {
    std::vector<AppliedStep>& steps = samples.emplace_back();
    for (int i = 0; i < recipe.steps; ++i) {
      const double* slot = &values[at + static_cast<size_t>(record_head + i * slot_floats)];
      AppliedStep step{static_cast<AugOp>(static_cast<int>(slot[0])), {}};
      for (const char* name : value_names(step.op)) step.values.emplace_back(name, slot[1 + step.values.size()]);
      steps.push_back(std::move(step));
    }
  }
  return samples;
}

std::string text_of(const std::vector<AppliedStep>& steps) {
  std::string text;
  for (const AppliedStep& step : steps) {
    if (step.op == AugOp::none) continue;
    text += (text.empty() ? "" : "; ") + std::string(name_of(step.op));
    for (const auto& [name, value] : step.values) text += fmt::format(" {}={:.4g}", name, value);
  }
  return text.empty() ? "unchanged" : text;
}

Tensor maps_of(const Recipe& recipe, const Tensor& record, const Shape& images, const AugmentOptions& options) {
  const AugmentProblem p = problem_of(images, DType::u8, recipe, {}, options);  // whose bytes or floats the images are makes no difference
  check_is(record, "a record,", {p.n, p.record_size()}, DType::f32, record ? record.device() : Device::cpu);
  std::vector<float> records(static_cast<size_t>(record.count())), maps;
  record.copy_out(records.data());
  for (int i = 0; i < p.n; ++i) {
    const Map map = compose_map(&records[static_cast<size_t>(i) * static_cast<size_t>(p.record_size())], recipe.steps, p.key());
    maps.insert(maps.end(), map.m, map.m + 9);
  }
  return Tensor::from_bytes({p.n, 9}, DType::f32, maps.data(), record.device());
}

std::vector<Homography> homographies(const Tensor& maps) {
  check(maps && maps.shape().rank() == 2 && maps.shape()[1] == 9, "augment", "wants maps [n, 9]");
  const std::vector<double> values = maps.values();
  std::vector<Homography> out(static_cast<size_t>(maps.shape()[0]));
  for (size_t i = 0; i < values.size(); ++i) out[i / 9][i % 9] = values[i];
  return out;
}

std::array<double, 2> follow(const Homography& m, double x, double y) {
  const double a = m[4] * m[8] - m[5] * m[7], b = m[2] * m[7] - m[1] * m[8], c = m[1] * m[5] - m[2] * m[4];
  const double d = m[5] * m[6] - m[3] * m[8], e = m[0] * m[8] - m[2] * m[6], f = m[2] * m[3] - m[0] * m[5];
  const double g = m[3] * m[7] - m[4] * m[6], h = m[1] * m[6] - m[0] * m[7], i = m[0] * m[4] - m[1] * m[3];
  const double z = g * x + h * y + i;
  check(std::abs(m[0] * a + m[1] * d + m[2] * g) > 1e-12 && z != 0, "augment", "this map has no inverse at this point");
  return {(a * x + b * y + c) / z, (d * x + e * y + f) / z};
}

std::array<double, 4> follow_box(const Homography& map, const std::array<double, 4>& box, int64_t h, int64_t w) {
  double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
  for (const double x : {box[0], box[2]})
    for (const double y : {box[1], box[3]}) {
      const auto [u, v] = follow(map, x, y);
      left = std::min(left, u), right = std::max(right, u), top = std::min(top, v), bottom = std::max(bottom, v);
    }
  const auto within = [](double t, int64_t most) { return std::clamp(t, 0.0, static_cast<double>(most)); };
  return {within(left, w), within(top, h), within(right, w), within(bottom, h)};
}

}  // namespace duel
