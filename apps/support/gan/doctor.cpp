#include "apps/support/gan/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/support/gan/data.h"
#include "apps/support/gan/layer_inspector.h"
#include "apps/support/gan/pictures.h"
#include "apps/support/metrics/duplicates.h"
#include "engine/grad.h"
#include "engine/io/file.h"

namespace duel {
namespace {

constexpr int looked_at = 256;
constexpr int fewest_for_copies = 100;  // test images: one in a hundred of them is the measure of what is near

// JSON has no NaN: a number that was none is null.
std::vector<double> numbers(const std::vector<nlohmann::ordered_json>& records, const char* key) {
  std::vector<double> values;
  for (const auto& r : records)
    if (r.contains(key)) values.push_back(r[key].is_number() ? r[key].get<double>() : std::numeric_limits<double>::quiet_NaN());
  return values;
}

double saturated(const std::vector<float>& values) {
  constexpr float near = 0.99F;
  return static_cast<double>(std::count_if(values.begin(), values.end(), [](float v) { return std::abs(v) > near; })) /
         static_cast<double>(values.size());
}

std::optional<double> norm_drift(const TrainedGan& gan, const Latents& from) {
  const std::vector<float> running = generate(gan.g, from);
  NoGrad only_looking;
  const std::vector<double> batch = gan.g(from.z, {Mode::train, from.labels, {}}).values();
  const size_t n = static_cast<size_t>(from.z.shape()[0]), size = running.size() / n;
  double difference = 0, variance = 0;
  for (size_t j = 0; j < size; ++j) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; ++i) {
      const double v = running[i * size + j], d = v - batch[i * size + j];
      sum += v, squares += v * v, difference += d * d;
    }
    variance += squares - sum * sum / static_cast<double>(n);
  }
  if (!(variance > 0)) return {};  // all samples alike: another rule's business
  return std::sqrt(difference / variance);
}

// Of fifty samples a class and as many real images.
std::optional<double> agreement(const TrainedGan& gan, const ImageData& data, int64_t seed) {
  constexpr int each = 50;
  const int classes = gan.g.config.classes;
  std::vector<float> samples;
  std::vector<int> asked;
  for (int c = 0; c < classes; ++c) {
    const std::vector<float> of_class = generate(gan.g, latents(gan.g, each, seed, RandomStream::evaluation, c));
    samples.insert(samples.end(), of_class.begin(), of_class.end()), asked.insert(asked.end(), each, c);
  }
  // The first so many training images of each class: a folder has one class behind the other.
  std::vector<int32_t> chosen, taken(static_cast<size_t>(classes));
  for (int32_t i = 0; i < data.train.n; ++i)
    if (taken[static_cast<size_t>(data.train.labels[static_cast<size_t>(i)])]++ < each) chosen.push_back(i);
  const ImageData some{subset(data.train, chosen), {}};
  const std::vector<int> labels(some.train.labels.begin(), some.train.labels.end());
  const Compared all = compared(some, samples, 0, some.train.n);
  return label_agreement(all.samples, asked, all.train, labels, classes,
                         static_cast<size_t>(all.h) * static_cast<size_t>(all.w) * static_cast<size_t>(all.c));
}

}  // namespace

Readings doctor_readings(const GanSettings& settings, const std::vector<nlohmann::ordered_json>& records) {
  Readings r;
  r.loss_d = numbers(records, "loss_d"), r.loss_g = numbers(records, "loss_g");
  if (settings.loss != "wasserstein") r.real_right = numbers(records, "real_right"), r.fake_right = numbers(records, "fake_right");
  if (says_probability(settings.objective().loss)) r.d_fake_after = numbers(records, "d_fake_after");
  r.saturating = settings.loss == "minimax";
  r.cross_entropy = says_probability(settings.objective().loss);
  r.g_moves = largest_update(records, "G"), r.d_moves = largest_update(records, "D");
  const bool relu = settings.net == "dcgan" || settings.net == "mlp";  // G's hidden layers; the others' are leaky
  if (const auto silent = most_silent(records); silent && relu) r.dead = silent->share, r.dead_layer = silent->name;
  return r;
}

void look_at_samples(Readings& readings, TrainedGan& gan, const ImageData& data, int64_t seed) {
  const Latents from = latents(gan.g, looked_at, seed, RandomStream::evaluation);
  const std::vector<float> made = generate(gan.g, from);
  if (!std::all_of(made.begin(), made.end(), [](float v) { return std::isfinite(v); }))
    fail(Failure::numeric, fmt::format("the samples of step {} are not finite; take an earlier checkpoint", gan.step));
  const Compared all = compared(data, made, looked_at, data.train.n);
  const int64_t size = int64_t{all.h} * all.w * all.c;
  readings.saturated = saturated(all.samples), readings.real_saturated = saturated(all.test);
  const double real_energy = checkerboard_energy(all.test, all.h, all.w, all.c);
  if (real_energy > 0) readings.checkerboard = checkerboard_energy(all.samples, all.h, all.w, all.c) / real_energy;
  try {
    const SampleCheck check = check_against(data, made);
    readings.spread = check.spread, readings.twin = check.nearest;
    if (data.test.n >= fewest_for_copies)
      readings.copied = duplicate_rate(nearest(all.samples, all.train, size), nearest(all.test, all.train, size)).rate;
  } catch (const Error& e) {
    if (e.kind != Failure::data) throw;
  }
  readings.norm_drift = norm_drift(gan, from);
  if (gan.g.config.classes) readings.label_agreement = agreement(gan, data, seed);
}

std::vector<std::string> not_judged(const Readings& r, size_t records, int test_images) {
  std::vector<std::string> what;
  if (records < doctor_window)
    what.push_back(fmt::format("how D and G stand to each other, by {}; it takes {}", counted(records, "record"), doctor_window));
  if (!r.d_moves && !r.g_moves) what.push_back("what goes on in the layers: no record has a look into them (--inspect-every)");
  if (test_images < 2) what.push_back("samples, for there are no test images to hold them against");
  else if (!r.copied)
    what.push_back(fmt::format("whether G copies, for {} are too few to say what is near", counted(test_images, "test image")));
  return what;
}

std::string readings_text(const Readings& r) {
  std::string text;
  const auto line = [&](const char* name, const std::optional<double>& value) {
    if (value) text += fmt::format("  {:<52} {:>8.3f}\n", name, *value);
  };
  line("distance between samples, relative to real images", r.spread), line("distance to the nearest twin, likewise", r.twin);
  line("share of values at the ends of tanh", r.saturated), line("the same of real images", r.real_saturated);
  line("energy at a period of two pixels, relative to real", r.checkerboard), line("share copied from training images", r.copied);
  line("classes of samples against those of real images", r.label_agreement);
  line("batch statistics against running ones", r.norm_drift), line("silent channels of G's worst layer", r.dead);
  return text;
}

}  // namespace duel
