#include "apps/support/classify/batches.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "augment/pipeline.h"

namespace duel {
namespace {

Tensor to_device(const Tensor& t, Device device) { return t ? t.to(device) : t; }
// Drawn where its numbers can be read, used where the images are.
Mixing to_device(const Mixing& how, Device device) {
  return {{to_device(how.pairs.partner, device), to_device(how.pairs.inverse, device)},
          to_device(how.share, device),
          to_device(how.box, device)};
}

}  // namespace

ClassifyBatches::ClassifyBatches(const ClassifySettings& settings, const Dataset& train, Device device, Shuffler& order, int64_t total)
    : x({settings.batch, train.h, train.w, train.c}, DType::f32, device),
      labels({settings.batch}, DType::i32, device),
      settings_(settings),
      train_(train),
      device_(device),
      order_(order),
      recipe_(settings.recipe()),
      epochs_(static_cast<double>(total) / static_cast<double>(order.batches_per_epoch())) {
  const int classes = static_cast<int>(train.classes.size());
  if (settings.sampler == "balanced") {
    balanced_.emplace(balanced_stream(train.labels, classes, settings.batch, static_cast<uint64_t>(settings.seed)));
    balanced_->seek(order.epoch(), order.position());
  }
  if (settings.class_weights) class_weights_ = inverse_frequency_weights(class_counts(train.labels, classes));
  const bool two_labels = settings.mixup > 0 || settings.cutmix > 0;
  if (settings.class_weights || two_labels) weight = Tensor({settings.batch}, DType::f32, device);
  if (two_labels) {
    partner_labels = Tensor({settings.batch}, DType::i32, device);
    partner_weight = Tensor({settings.batch}, DType::f32, device);
  }
}

ClassifyStep ClassifyBatches::step_of(ClassifyState& state) const {
  return {state.net,           state.optimizer, settings_.seed, state.step_on_device, x, labels, state.loss_sum,
          settings_.smoothing, weight,          partner_labels, partner_weight};
}

void ClassifyBatches::next(int64_t step) {
  std::span<const int32_t> indices = order_.next();
  std::vector<int32_t> ids(indices.begin(), indices.end());
  if (balanced_) {
    indices = balanced_->next();
    // An image that comes twice in an epoch is to be augmented in two ways, so it is its place that counts.
    std::iota(ids.begin(), ids.end(), static_cast<int32_t>(order_.position()) - settings_.batch);
  }
  pixels_.resize(indices.size() * train_.sample_bytes()), classes_.resize(indices.size());
  gather(train_, indices, pixels_.data(), classes_.data());
  labels.assign(static_cast<const void*>(classes_.data()));
  mix(images(ids), static_cast<int>(step));
}

Tensor ClassifyBatches::images(const std::vector<int32_t>& ids) {
  if (recipe_.steps == 0) {
    std::vector<float> values(pixels_.size());
    to_signed(pixels_, values.data());
    return Tensor::from_bytes(x.shape(), DType::f32, values.data(), device_);
  }
  const Tensor bytes = Tensor::from_bytes(x.shape(), DType::u8, pixels_.data(), device_);
  const Tensor numbers = Tensor::from_bytes({settings_.batch}, DType::i32, ids.data(), device_);
  return augment(bytes, recipe_, {settings_.seed, RandomStream::augment}, step_counter(static_cast<int>(order_.epoch()), device_), numbers)
      .images;
}

bool ClassifyBatches::pairing_now() const {
  const int64_t start = std::llround(0.1 * epochs_), stop = std::max<int64_t>(start + 1, std::llround(0.8 * epochs_));
  return settings_.sample_pairing && sample_pairing_on({.start = start, .on = 8, .off = 2, .stop = stop}, order_.epoch());
}

void ClassifyBatches::mix(const Tensor& images, int step) {
  const Rng rng{settings_.seed, RandomStream::mixing};
  const int64_t n = settings_.batch;
  if (pairing_now()) {
    const Mixing how = to_device(Mixing{draw_pairs(n, rng, step, 0, Device::cpu), {}, {}}, device_);
    x.assign(sample_pairing(images, how.pairs));
  } else if (settings_.mixup > 0) {
    const Mixing how = draw_mixup(n, settings_.mixup, Share::batch, rng, step, 0, Device::cpu);
    x.assign(mixup(images, to_device(how, device_)));
    return weigh(how);
  } else if (settings_.cutmix > 0) {
    const Mixing how = draw_cutmix(x.shape(), settings_.cutmix, Share::batch, rng, step, 0, Device::cpu);
    x.assign(cutmix(images, to_device(how, device_)));
    return weigh(how);
  } else {
    x.assign(images);
  }
  if (weight) weigh({});
}

// Of each label its class's weight, and where there are two their shares. `how` lies on the CPU.
void ClassifyBatches::weigh(const Mixing& how) {
  const auto of_class = [&](int32_t c) {
    return class_weights_.empty() ? 1.f : static_cast<float>(class_weights_[static_cast<size_t>(c)]);
  };
  const size_t n = classes_.size();
  std::vector<float> own(n), other(n);
  std::vector<int32_t> partners(n);
  for (size_t i = 0; i < n; ++i) {
    const float share = how.share ? static_cast<const float*>(how.share.data())[i] : 1.f;
    own[i] = share * of_class(classes_[i]);
    if (!how.share) continue;
    partners[i] = classes_[static_cast<size_t>(static_cast<const int32_t*>(how.pairs.partner.data())[i])];
    other[i] = (1 - share) * of_class(partners[i]);
  }
  weight.assign(static_cast<const void*>(own.data()));
  if (!how.share) return;
  partner_labels.assign(static_cast<const void*>(partners.data()));
  partner_weight.assign(static_cast<const void*>(other.data()));
}

}  // namespace duel
