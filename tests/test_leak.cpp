// The leak meter on sets of which the answer is known.
#include <doctest/doctest.h>

#include "apps/support/evaluate/leak.h"
#include "engine/data/shapes.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

ClassifySettings trained(int64_t steps) {
  ClassifySettings s;
  s.width = 8, s.batch = 50, s.steps = steps, s.lr = .03, s.dropout = 0, s.device = "cpu";
  return s;
}
Dataset shapes(int n, uint64_t seed) { return make_shapes({.n = n, .size = 28, .channels = 1, .seed = seed}); }

}  // namespace

TEST_CASE("0 for other real images, 1 for other augmented ones, the share for a mixture; for each augmentation that shows") {
  const Dataset real = shapes(1000, 5), other = shapes(400, 6);
  for (const auto& [named, augmentation] : {std::pair{"cutout", diff_augmentation(parse_diff_augment("cutout"), 3)},
                                            {"all", diff_augmentation(parse_diff_augment("color,translation,cutout"), 3)},
                                            {"ada", ada_augmentation(.8, 3)}}) {
    const std::string name = named;  // CAPTURE is a lambda
    CAPTURE(name);
    const Dataset changed = augmented(other, augmentation, Device::cpu, 77);
    Dataset mixed = other;
    std::copy(changed.images.begin(), changed.images.begin() + static_cast<long>(changed.images.size() / 2), mixed.images.begin());
    const LeakProbe probe(real, augmentation, trained(150), Device::cpu);
    const Leak none = probe(other), all = probe(changed), half = probe(mixed);
    CHECK(std::abs(none.score) < .1);
    CHECK(std::abs(all.score - 1) < .1);
    CHECK(std::abs(half.score - .5) < .1);
    CHECK((none.interval.low <= none.score && none.score <= none.interval.high));
    CHECK(none.score == doctest::Approx((none.samples - none.real) / (none.augmented - none.real)));
    CHECK((none.n_samples == 400 && none.n_real == 500));
  }
}

TEST_CASE("augmented images are those of their numbers, cut to bytes") {
  const Dataset data = shapes(140, 1);  // more than one batch
  const Augmentation cut = diff_augmentation(parse_diff_augment("translation,cutout"), 3);
  const Dataset whole = augmented(data, cut, Device::cpu);
  const int32_t last[] = {139};
  CHECK(subset(whole, last).images == augmented(subset(data, last), cut, Device::cpu, 139).images);
  CHECK(whole.images != data.images);
  CHECK(augmented(
            data, [](const Tensor& x, const Tensor&) { return x; }, Device::cpu)
            .images == data.images);
}

TEST_CASE("what cannot be told is refused") {
  const Dataset real = shapes(200, 5), other = shapes(50, 6);
  const Augmentation nothing = [](const Tensor& x, const Tensor&) { return x; };
  CHECK_THROWS_WITH(LeakProbe(real, nothing, trained(5), Device::cpu), doctest::Contains("it cannot tell"));
  CHECK_THROWS_WITH(LeakProbe(shapes(6, 1), nothing, trained(5), Device::cpu), doctest::Contains("needs 10 at least"));
  const LeakProbe probe(real, diff_augmentation(parse_diff_augment("cutout"), 3), trained(60), Device::cpu);
  CHECK_THROWS_WITH(probe(fit(other, 32)), doctest::Contains("bring them to one size"));
  CHECK_THROWS_WITH(probe(subset(other, {})), doctest::Contains("no images"));
}
