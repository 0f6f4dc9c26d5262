// What a classifier is shown: weights, mixtures, balance, and augmentation that does not depend on the batch.
#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "apps/support/classify/batches.h"
#include "tests/support.h"

using namespace duel;

namespace {

// 24 images of class 0 and 8 of class 1, of one brightness each: 60 and 180, but for a bright column at the left.
Dataset stripes() {
  Dataset data{.name = "stripes", .n = 32, .h = 8, .w = 8, .c = 1, .classes = {"dark", "light"}};
  for (int i = 0; i < data.n; ++i) {
    data.labels.push_back(i % 4 == 0);
    for (int k = 0; k < 64; ++k) data.images.push_back(k % 8 == 0 ? static_cast<uint8_t>(200 + i) : i % 4 == 0 ? 180 : 60);
  }
  return data;
}

ClassifySettings small() {
  ClassifySettings s;
  s.batch = 8, s.width = 4, s.channels = 1, s.seed = 7;
  return s;
}

struct Shown {
  Dataset data = stripes();
  ClassifySettings settings;
  Shuffler order;
  ClassifyBatches batches;
  explicit Shown(const ClassifySettings& s)
      : settings(s), order(data.n, s.batch, static_cast<uint64_t>(s.seed)), batches(s, data, Device::cpu, order, 40) {}
};

double brightness(double label) { return (label == 1 ? 180 : 60) / 127.5 - 1; }

}  // namespace

TEST_CASE("class weights are in proportion to 1 over the class, and 1 on average") {
  ClassifySettings s = small();
  s.class_weights = true;
  Shown shown(s);
  double sum = 0;
  for (int step = 0; step < 4; ++step) {  // an epoch
    shown.batches.next(step);
    const std::vector<double> labels = shown.batches.labels.values(), weights = shown.batches.weight.values();
    for (size_t i = 0; i < labels.size(); ++i) {
      CHECK(weights[i] == doctest::Approx(labels[i] == 1 ? 2 : 2.0 / 3));
      sum += weights[i];
    }
  }
  CHECK(sum == doctest::Approx(32));
}

TEST_CASE("a mixture's labels weigh what is seen of them") {
  for (const bool weighted : {false, true}) {
    ClassifySettings s = small();
    s.mixup = 1, s.class_weights = weighted;
    Shown shown(s);
    for (int step = 0; step < 8; ++step) {
      shown.batches.next(step);
      const std::vector<double> x = shown.batches.x.values(), own = shown.batches.labels.values(),
                                other = shown.batches.partner_labels.values(), w = shown.batches.weight.values(),
                                v = shown.batches.partner_weight.values();
      for (size_t i = 0; i < own.size(); ++i) {
        const auto of_class = [&](double label) { return !weighted ? 1 : label == 1 ? 2 : 2.0 / 3; };
        const double share = w[i] / of_class(own[i]), rest = v[i] / of_class(other[i]);
        CHECK(share + rest == doctest::Approx(1));
        CHECK(x[i * 64 + 5] == doctest::Approx(share * brightness(own[i]) + rest * brightness(other[i])).epsilon(1e-4));
      }
    }
  }
}

TEST_CASE("a balanced sampler shows each class as often, and goes on where it was") {
  ClassifySettings s = small();
  s.sampler = "balanced", s.aug = "hflip; rotate -15..15";
  Shown shown(s);
  double light = 0;
  std::set<std::vector<double>> different;  // a light image comes twice an epoch, augmented in two ways
  for (int step = 0; step < 4; ++step) {
    shown.batches.next(step);
    const std::vector<double> x = shown.batches.x.values();
    for (auto image = x.begin(); image != x.end(); image += 64) different.insert({image, image + 64});
    for (const double label : shown.batches.labels.values()) light += label;
  }
  CHECK(light == 16);
  CHECK(different.size() == 32);
  shown.batches.next(4), shown.batches.next(5);
  Shuffler order(shown.data.n, s.batch, 7);
  order.seek(1, 8);
  ClassifyBatches resumed(s, shown.data, Device::cpu, order, 40);
  resumed.next(5);
  CHECK(resumed.x.values() == shown.batches.x.values());
  CHECK(resumed.labels.values() == shown.batches.labels.values());
}

TEST_CASE("an image is augmented in one way an epoch, whatever the batch, and in another way the next") {
  ClassifySettings s = small();
  s.aug = "rotate -30..30; erase p=1";
  Shown small_batches(s);
  s.batch = 16;
  Shown large(s);
  std::vector<double> seen;
  for (int step = 0; step < 2; ++step) {
    small_batches.batches.next(step);
    for (const double v : small_batches.batches.x.values()) seen.push_back(v);
  }
  large.batches.next(0);
  CHECK(large.batches.x.values() == seen);
  for (const double v : seen) CHECK(std::abs(v) <= 1);
  ClassifySettings plain = small();
  Shown as_they_are(plain);
  as_they_are.batches.next(0);
  CHECK(as_they_are.batches.x.values() != std::vector<double>(seen.begin(), seen.begin() + 8 * 64));
  large.batches.next(1), large.batches.next(2);  // the next epoch, in another order
  const std::vector<double> again = large.batches.x.values();
  int found = 0;
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j) found += std::equal(again.begin() + i * 64, again.begin() + (i + 1) * 64, seen.begin() + j * 64);
  CHECK(found == 0);
}

TEST_CASE("SamplePairing is on in the middle of a run and off at both ends") {
  ClassifySettings s = small();
  s.sample_pairing = true;
  Shown shown(s), plain(small());
  std::vector<bool> paired;  // by epoch, of ten
  for (int step = 0; step < 40; ++step) {
    shown.batches.next(step), plain.batches.next(step);
    if (step % 4 == 0) paired.push_back(shown.batches.x.values() != plain.batches.x.values());
    CHECK(shown.batches.labels.values() == plain.batches.labels.values());
  }
  CHECK(paired == std::vector<bool>{false, true, true, true, true, true, true, true, false, false});
}

TEST_CASE("a step weighs losses: the parts of one label add up to it, and twice the weight is twice the loss") {
  const Dataset data = stripes();
  ClassifySettings s = small();
  const auto loss = [&](double own, double partner) {
    ClassifyState state(s, data, Device::cpu);
    Shuffler order(data.n, s.batch, 7);
    ClassifyBatches batches(s, data, Device::cpu, order, 40);
    batches.next(0);
    if (own != 1) batches.weight = Tensor::full({s.batch}, own, DType::f32, Device::cpu);
    if (partner != 0)
      batches.partner_labels = batches.labels, batches.partner_weight = Tensor::full({s.batch}, partner, DType::f32, Device::cpu);
    batches.step_of(state)();
    return state.loss_sum.item();
  };
  const double plain = loss(1, 0);
  CHECK(plain > 0);
  CHECK(loss(0.3, 0.7) == doctest::Approx(plain));
  CHECK(loss(2, 0) == doctest::Approx(2 * plain));
}
