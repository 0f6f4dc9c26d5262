#include "apps/support/evaluate/leak.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "apps/support/classify/train_classifier.h"
#include "apps/support/gan/state.h"
#include "augment/ada.h"
#include "engine/data/batches.h"
#include "engine/grad.h"
#include "engine/io/file.h"
#include "engine/ops.h"

namespace duel {
namespace {

constexpr int64_t at_once = 128, fewest = 10;
constexpr double least_told = 0.1;

// At random, for data may come in the order of its classes.
std::pair<Dataset, Dataset> halves_of(const Dataset& data, int64_t seed) {
  const std::vector<int32_t> order = permutation(data.n, static_cast<uint64_t>(seed), 0);
  const std::span<const int32_t> all(order);
  return {subset(data, all.first(order.size() / 2)), subset(data, all.subspan(order.size() / 2))};
}

// Half of the images to train on: as they are, label 0, and augmented, label 1.
ClassifyState trained_on(const Dataset& real, const Augmentation& augmentation, const ClassifySettings& training, Device device) {
  if (real.n < fewest)
    fail(Failure::data, fmt::format("{}: {} of real images, and a probe needs {} at least", real.name,
                                    counted(static_cast<uint64_t>(real.n), "image"), fewest));
  Dataset both = halves_of(real, training.seed).first;
  const Dataset changed = augmented(both, augmentation, device);
  both.images.insert(both.images.end(), changed.images.begin(), changed.images.end());
  both.classes = {"as it is", "augmented"};
  both.labels.assign(static_cast<size_t>(both.n), 0);
  both.labels.resize(static_cast<size_t>(both.n + changed.n), 1);
  both.n += changed.n;
  return train_classifier(training, both, device);
}

}  // namespace

Augmentation diff_augmentation(const DiffAugment& policy, int64_t seed) {
  return [=](const Tensor& x, const Tensor& ids) {
    const Rng rng{seed, RandomStream::augment};
    return diff_augment(x, policy, draw_diff_augment(x.shape(), rng, step_counter(0, x.device()), ids));
  };
}

Augmentation ada_augmentation(double p, int64_t seed) {
  return [=](const Tensor& x, const Tensor& ids) {
    const AdaTransform t(x.shape(), x.dtype(), x.device());
    const Tensor strength = Tensor::full({1}, p, DType::f32, x.device());
    return t(x, t.draw({seed, RandomStream::augment}, step_counter(0, x.device()), ids, strength));
  };
}

NamedAugmentation augmentation_of_run(const std::string& checkpoint, int64_t seed) {
  const Checkpoint file(checkpoint, gan_format, GanSettings::kind);
  const GanSettings settings = GanSettings::from_json(file.json("settings"), checkpoint);
  if (const DiffAugment policy = settings.diff_augmentation())
    return {"diff-augment " + settings.diff_augment, diff_augmentation(policy, seed)};
  double p = 0;
  if (settings.ada > 0) {
    AdaController controller(settings.ada, int64_t{settings.batch} * settings.batches_a_step(), Device::cpu);
    file.load("ada", controller.state);
    p = controller.p().item();
  }
  if (!(p > 0))
    fail(Failure::usage, fmt::format("{}: {}, so nothing can have leaked; name an augmentation to look for with --diff-augment or --ada",
                                     checkpoint, settings.ada > 0 ? "the p of --ada is 0" : "its D was shown images as they are"));
  return {fmt::format("ada {:.4g}", p), ada_augmentation(p, seed)};
}

Dataset augmented(const Dataset& images, const Augmentation& augmentation, Device device, int64_t first) {
  NoGrad only_looking;
  Dataset result = images;
  const size_t one = images.sample_bytes();
  std::vector<float> values;
  for (int64_t from = 0; from < images.n; from += at_once) {
    const int64_t n = std::min(at_once, images.n - from);
    values.resize(static_cast<size_t>(n) * one);
    to_signed(std::span(images.images).subspan(static_cast<size_t>(from) * one, values.size()), values.data());
    std::vector<int32_t> numbers(static_cast<size_t>(n));
    std::iota(numbers.begin(), numbers.end(), static_cast<int32_t>(first + from));
    const Tensor x = Tensor::from_bytes({n, images.h, images.w, images.c}, DType::f32, values.data(), device);
    augmentation(x, Tensor::from_bytes({n}, DType::i32, numbers.data(), device)).copy_out(values.data());
    for (size_t i = 0; i < values.size(); ++i)
      result.images[static_cast<size_t>(from) * one + i] =
          static_cast<uint8_t>(std::lround((std::clamp(values[i], -1.f, 1.f) + 1.f) * 127.5f));
  }
  return result;
}

LeakProbe::LeakProbe(const Dataset& real, const Augmentation& augmentation, const ClassifySettings& training, Device device)
    : state_(trained_on(real, augmentation, training, device)), name_(real.name), h_(real.h), w_(real.w), c_(real.c) {
  const Dataset held = halves_of(real, training.seed).second;
  n_real_ = held.n;
  const auto share = [&](const Dataset& data) { return static_cast<double>(called_augmented(data)) / static_cast<double>(data.n); };
  real_ = share(held), augmented_ = share(augmented(held, augmentation, device, real.n));
  if (!(augmented_ - real_ >= least_told))
    fail(Failure::data,
         fmt::format("the probe calls {:.1f} % of augmented and {:.1f} % of real images augmented, so it cannot tell; give it "
                     "more images or --epochs, or the augmentation is too weak to show",
                     100 * augmented_, 100 * real_));
}

int64_t LeakProbe::called_augmented(const Dataset& data) const {
  const std::vector<float> p = predict(state_.net, data.images);
  int64_t count = 0;
  for (size_t i = 0; i < p.size(); i += 2) count += best_class(std::span(p).subspan(i, 2)) == 1;
  return count;
}

Leak LeakProbe::operator()(const Dataset& samples) const {
  if (samples.n < 1) fail(Failure::data, fmt::format("{}: no images to look at", samples.name));
  if (samples.h != h_ || samples.w != w_ || samples.c != c_)
    fail(Failure::data, fmt::format("{} has images of {}×{}×{}, {} of {}×{}×{}; bring them to one size with --size", samples.name,
                                    samples.h, samples.w, samples.c, name_, h_, w_, c_));
  const int64_t called = called_augmented(samples);
  const Interval i = wilson(called, samples.n);
  const double share = static_cast<double>(called) / static_cast<double>(samples.n);
  const auto scaled = [&](double s) { return (s - real_) / (augmented_ - real_); };
  return {scaled(share), {scaled(i.low), scaled(i.high)}, share, real_, augmented_, samples.n, n_real_};
}

}  // namespace duel
