// Recipes at work: what their draws depend on and how they are distributed, what follows the images, what is refused. The rows are held by
// test_rows, the values of each step by test_pipeline_values.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "tests/golden.h"
#include "tests/pipeline_support.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

// The value of one step in a sample's record, over many samples.
std::vector<double> drawn(const std::string& text, int value, int64_t n, const Shape& image = {1, 32, 32, 3}) {
  const Recipe recipe = parse_recipe(text);
  const Tensor x = Tensor::zeros({n, image[1], image[2], image[3]}, DType::u8, Device::cpu);
  const Tensor record = augment(x, recipe, rng, epoch(1), ids(0, n)).record;
  std::vector<double> all;
  for (const auto& steps : read_record(recipe, record)) all.push_back(steps[0].values[static_cast<size_t>(value)].second);
  return all;
}

}  // namespace

TEST_CASE("a sample gets the same parameters and the same image in any batch, order and thread count, on every device") {
  const Recipe recipe = parse_recipe("crop; hflip; rotate; elastic; color b=.3 c=.3 s=.3 h=.1; randaugment; erase; gaussian-noise");
  const int64_t n = 70;
  const Tensor x = noise({n, 9, 8, 3}, DType::u8);
  const Augmented whole = augment(x, recipe, rng, epoch(5), ids(100, 100 + n));
  const std::vector<double> images = whole.images.values(), records = whole.record.values();
  for (int64_t batch : {1, 7, 64}) {
    std::vector<double> by_parts, part_records;
    for (int64_t from = 0; from < n; from += batch) {
      const int64_t to = std::min(n, from + batch);
      const Augmented part = augment(slice(x, from, to), recipe, rng, epoch(5), ids(100 + from, 100 + to));
      const std::vector<double> values = part.images.values(), record = part.record.values();
      by_parts.insert(by_parts.end(), values.begin(), values.end()), part_records.insert(part_records.end(), record.begin(), record.end());
    }
    CHECK(by_parts == images);
    CHECK(part_records == records);
  }
  {
    ScopedVariant reference("augment_images:ref");
    const Augmented by_ref = augment(x, recipe, rng, epoch(5), ids(100, 100 + n));
    CHECK(by_ref.record.values() == records);
    CHECK(by_ref.images.values() == images);
  }
  if (why_not(Device::sim).empty()) {
    const Augmented on_sim = augment(x.to(Device::sim), recipe, rng, epoch(5, Device::sim), ids(100, 100 + n, Device::sim));
    CHECK(on_sim.record.values() == records);
    CHECK(on_sim.images.values() == images);
  } else {
    skip(why_not(Device::sim));
  }
  CHECK(augment(x, recipe, {8, rng.stream}, epoch(5), ids(100, 100 + n)).record.values() != records);
  CHECK(augment(x, recipe, rng, epoch(6), ids(100, 100 + n)).record.values() != records);
  CHECK(replay(x, recipe, rng, whole.record).values() == images);
}

TEST_CASE("parameters are distributed as the recipe says") {
  const int64_t n = 4000;
  const auto mean = [](const std::vector<double>& v) {
    double sum = 0;
    for (double x : v) sum += x;
    return sum / static_cast<double>(v.size());
  };
  const auto deviation = [&](std::vector<double> v) {
    const double m = mean(v);
    for (double& x : v) x = (x - m) * (x - m);
    return std::sqrt(mean(v));
  };
  const auto ends = [](const std::vector<double>& v) { return std::minmax_element(v.begin(), v.end()); };
  const auto angles = drawn("rotate -10..20", 0, n);
  CHECK(std::abs(mean(angles) - 5) < 5 * 30 / std::sqrt(12.0 * n));
  CHECK(std::abs(deviation(angles) - 30 / std::sqrt(12.0)) < .3);
  CHECK(*ends(angles).first >= -10);
  CHECK(*ends(angles).second <= 20);
  const auto shifts = drawn("lighten .1~.2", 0, n);
  CHECK(std::abs(mean(shifts) - .1) < 5 * .2 / std::sqrt(n));
  CHECK(std::abs(deviation(shifts) - .2) < .012);
  std::vector<double> logs = drawn("scale 1~.2", 0, n);  // 2^N(0, .2)
  for (double& v : logs) v = std::log2(v);
  CHECK(std::abs(mean(logs)) < 5 * .2 / std::sqrt(n));
  CHECK(std::abs(deviation(logs) - .2) < .012);
  logs = drawn("scale .5..2", 0, n);
  for (double& v : logs) v = std::log2(v);
  CHECK(std::abs(mean(logs)) < 5 * 2 / std::sqrt(12.0 * n));
  CHECK(*ends(logs).first >= -1.00001);
  CHECK(*ends(logs).second <= 1.00001);
  std::map<double, int> counts;
  for (double q : drawn("rot90", 0, n)) ++counts[q];
  CHECK(counts.size() == 4);
  for (const auto& [quarter, count] : counts) CHECK(std::abs(count - n / 4) < 5 * std::sqrt(n * .1875));
  counts.clear();
  for (double v : drawn("translate -.125..0.125 whole=1", 0, n)) ++counts[std::round(v * 32)];
  CHECK(counts.size() == 9);  // −4 … 4 of 32 pixels, each as likely as the next
  for (const auto& [pixels, count] : counts) CHECK(std::abs(count - n / 9.0) < 5 * std::sqrt(n * (1 / 9.0) * (8 / 9.0)));
  // The share of a crop is uniform before its sides are rounded.
  const auto heights = drawn("crop scale=.2..1 ratio=1..1", 2, n, {1, 400, 400, 1});
  double area = 0;
  for (double h : heights) area += h * h / 160000;
  CHECK(std::abs(area / n - .6) < 5 * .8 / std::sqrt(12.0 * n));
  int hits = 0;
  const Recipe coin = parse_recipe("hflip p=.3");
  for (const auto& steps : read_record(coin, augment(noise({n, 1, 2, 1}, DType::u8), coin, rng, epoch(2), ids(0, n)).record))
    hits += steps[0].op == AugOp::hflip;
  CHECK(std::abs(hits - .3 * n) < 5 * std::sqrt(n * .21));
  AugmentOptions half;
  half.strength = Tensor::full({1}, .5, DType::f32, Device::cpu);
  hits = 0;
  for (const auto& steps : read_record(coin, augment(noise({n, 1, 2, 1}, DType::u8), coin, rng, epoch(2), ids(0, n), half).record))
    hits += steps[0].op == AugOp::hflip;
  CHECK(std::abs(hits - .15 * n) < 5 * std::sqrt(n * .1275));
}

TEST_CASE("a policy's shifts are whole pixels") {
  const Recipe recipe = parse_recipe("trivialaugment");
  int shifts = 0;
  for (const auto& steps :
       read_record(recipe, augment(Tensor::zeros({400, 20, 30, 3}, DType::u8, Device::cpu), recipe, rng, epoch(1), ids(0, 400)).record))
    if (steps[0].op == AugOp::translate) {
      ++shifts;
      const double x = steps[0].values[0].second * 30, y = steps[0].values[1].second * 20;
      CHECK(std::abs(x - std::round(x)) < 1e-4);
      CHECK(std::abs(y - std::round(y)) < 1e-4);
    }
  CHECK(shifts > 20);
}

TEST_CASE("masks, points and boxes follow their image") {
  const int64_t h = 64, w = 48;
  std::vector<double> dot(static_cast<size_t>(h * w));
  const int row = 20, column = 30;
  for (int i = -1; i <= 1; ++i)
    for (int j = -1; j <= 1; ++j) dot[static_cast<size_t>((row + i) * w + column + j)] = 1;
  const Tensor x = Tensor::from({1, h, w, 1}, dot, DType::f32, Device::cpu);
  const Slots slots{{AugOp::rotate, {20}}, {AugOp::translate, {.1f, .05f, 0}}, {AugOp::scale, {1.2f}}};
  const Recipe recipe = recipe_of(slots, "");
  const Tensor maps = maps_of(recipe, record_of(slots), x.shape());
  const auto centre = [&](const std::vector<double>& v) {
    double sum = 0, sx = 0, sy = 0;
    for (int64_t i = 0; i < h; ++i)
      for (int64_t j = 0; j < w; ++j) {
        const double p = v[static_cast<size_t>(i * w + j)];
        sum += p, sx += p * (static_cast<double>(j) + .5), sy += p * (static_cast<double>(i) + .5);
      }
    return std::array{sx / sum, sy / sum};
  };
  const auto seen = centre(applied(x, slots).values());
  const auto mask = centre(warp(x, maps, {.interpolation = Interpolation::nearest}).values());
  const auto told = follow(homographies(maps)[0], column + .5, row + .5);
  for (int i = 0; i < 2; ++i) {
    CHECK(std::abs(seen[static_cast<size_t>(i)] - told[static_cast<size_t>(i)]) < .1);
    CHECK(std::abs(mask[static_cast<size_t>(i)] - told[static_cast<size_t>(i)]) < .5);
  }
  const auto box = follow_box(homographies(maps)[0], {column - 1.0, row - 1.0, column + 2.0, row + 2.0}, h, w);
  CHECK(box[0] < seen[0]);
  CHECK(box[1] < seen[1]);
  CHECK(box[2] > seen[0]);
  CHECK(box[3] > seen[1]);
  CHECK(box[2] - box[0] < 3 * 1.2 * 1.5);
  CHECK_THROWS_AS(follow(Homography{}, 1, 1), Error);
  for (const std::string& name : step_names()) {  // whatever the steps, their maps can be had
    const Recipe any = parse_recipe(name == "color" ? "color b=.1" : name);
    const Tensor images = noise({2, 8, 8, 3}, DType::u8);
    CHECK(maps_of(any, augment(images, any, rng, epoch(1), ids(0, 2)).record, images.shape()).shape() == Shape{2, 9});
  }
}

TEST_CASE("applied to floats with derivatives it is the same as to bytes") {
  const Recipe recipe = parse_recipe("hflip; rotate; scale; lighten; hue .2; contrast .3 about=.5; cutout value=.5");
  const Tensor u = noise({5, 9, 9, 3}, DType::f32);
  const Tensor x = u * 2 - 1;
  AugmentOptions options;
  options.is_signed = true;
  Recipe range = recipe;
  range.clamp = false, range.border = Border::constant, range.fill = .5f;
  for (float& m : range.mean) m = .5f;
  for (float& s : range.std) s = .5f;
  const Augmented whole = augment(x, range, rng, epoch(3), ids(0, 5), options);
  const Drawn drawn = draw_augmentation(x.shape(), recipe, rng, epoch(3), ids(0, 5), options);
  CHECK(drawn.record.values() == whole.record.values());
  check_close("apply", apply(x, recipe, drawn, options), whole.images, 0, 5e-6);
  CHECK_THROWS_WITH_AS(draw_augmentation(x.shape(), parse_recipe("gamma"), rng, epoch(3), ids(0, 5)),
                       "[augment] 'gamma' has no derivative here: a step is no linear map of pixels: elastic, gamma, solarize, posterize, "
                       "sharpness, blur or noise",
                       Error);
}

TEST_CASE("every step does something, to an image that shows it") {
  const Tensor x = noise({40, 20, 20, 3}, DType::u8);  // equalize leaves images of fewer than 256 pixels as they are
  const std::vector<double> plain = augment(x, Recipe{}, rng, epoch(1), ids(0, 40)).images.values();
  for (const std::string& name : step_names()) {
    if (name == "resample" || name == "color") continue;
    const Recipe recipe = parse_recipe(name + (name == "normalize" ? " mean=.5" : ""));
    CHECK_MESSAGE(augment(x, recipe, rng, epoch(1), ids(0, 40)).images.values() != plain, name);
  }
}

TEST_CASE("what does not fit is refused, naming the op") {
  const Tensor x = noise({2, 4, 4, 3}, DType::u8);
  const Recipe recipe = parse_recipe("hflip");
  const auto refused = [](auto&& call) {
    try {
      call();
    } catch (const Error& error) {
      CHECK(error.kind == Failure::usage);
      CHECK_MESSAGE(std::string(error.what()).find("[") == 0, error.what());
      return;
    }
    FAIL_CHECK("taken");
  };
  refused([&] { augment(noise({4, 4, 3}, DType::u8), recipe, rng, epoch(1), ids(0, 2)); });
  refused([&] { augment(x, recipe, rng, epoch(1), ids(0, 3)); });
  refused([&] { augment(x, recipe, rng, {}, ids(0, 2)); });
  refused([&] { augment(cast(noise({2, 4, 4, 3}, DType::f32), DType::f64), recipe, rng, epoch(1), ids(0, 2)); });
  refused([&] { augment(noise({2, 4, 4, 3}, DType::f32), parse_recipe("equalize"), rng, epoch(1), ids(0, 2)); });
  refused([&] { replay(x, recipe, rng, Tensor::zeros({2, 3}, DType::f32, Device::cpu)); });
  refused([&] { augment(x, recipe, rng, epoch(1), ids(0, 2), {.dtype = DType::f64}); });
  refused([&] { warp(noise({2, 4, 4, 3}, DType::f32), Tensor::zeros({2, 8}, DType::f32, Device::cpu)); });
  refused([&] { color_matrix(noise({2, 4, 4, 3}, DType::f32), Tensor::zeros({1, 12}, DType::f32, Device::cpu)); });
  refused([&] { erase_boxes(noise({2, 4, 4, 3}, DType::f32), Tensor::zeros({2, 4}, DType::f32, Device::cpu)); });
}
