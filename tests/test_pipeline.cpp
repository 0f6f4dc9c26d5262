// Recipes at work: their draws, what they do to images, and what follows the images. The rows are held by test_rows.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "augment/draw/draw_op.h"
#include "augment/pipeline.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "tests/golden.h"
#include "tests/gradcheck.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

const Rng rng{7, RandomStream::augment};

Tensor epoch(int value, Device device = Device::cpu) { return step_counter(value, device); }
Tensor ids(int64_t from, int64_t to, Device device = Device::cpu) {
  std::vector<double> numbers;
  for (int64_t i = from; i < to; ++i) numbers.push_back(static_cast<double>(i));
  return Tensor::from({to - from}, numbers, DType::i32, device);
}
Tensor noise(const Shape& shape, DType dtype, Device device = Device::cpu) {
  const Tensor u = Rng{3, RandomStream::test}.uniform(shape, step_counter(1, Device::cpu), 0, dtype == DType::u8 ? 255.99 : 1);
  if (dtype != DType::u8) return cast(u, dtype).to(device);
  std::vector<double> bytes = u.values();
  for (double& v : bytes) v = std::floor(v);
  return Tensor::from(shape, bytes, DType::u8, device);
}

// A record of one sample with these slots: the op and its values.
using Slots = std::vector<std::pair<AugOp, std::vector<float>>>;
Tensor record_of(const Slots& slots) {
  std::vector<float> record(static_cast<size_t>(record_floats(static_cast<int>(slots.size()))));
  for (size_t i = 0; i < slots.size(); ++i) {
    float* slot = &record[record_head + i * slot_floats];
    slot[0] = static_cast<float>(static_cast<int>(slots[i].first));
    for (size_t k = 0; k < slots[i].second.size(); ++k) slot[1 + k] = slots[i].second[k];
  }
  return Tensor::from_bytes({1, static_cast<int64_t>(record.size())}, DType::f32, record.data(), Device::cpu);
}
// A recipe of as many steps, whose draws do not matter.
Recipe recipe_of(const Slots& slots, const std::string& more) {
  std::string text;
  for (const auto& [op, values] : slots) text += std::string(name_of(op)) + ";";
  return parse_recipe(text + more);
}
Tensor applied(const Tensor& x, const Slots& slots, const std::string& more = "", const AugmentOptions& options = {}) {
  return replay(x, recipe_of(slots, more), rng, record_of(slots), options);
}

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

TEST_CASE("steps by torchvision's numbers at the same parameters") {
  const Golden golden("augment.safetensors", DType::f32);
  const Tensor image = golden("image");
  Tensor byte;
  { byte = Tensor::from(golden("byte").shape(), golden("byte").values(), DType::u8, Device::cpu); }
  const int64_t h = image.shape()[1], w = image.shape()[2];
  const auto share = [](double pixels, int64_t side) { return static_cast<float>(pixels / static_cast<double>(side)); };
  const auto same = [&](const char* name, const Tensor& got, double atol) {
    CAPTURE(name);
    check_close(name, got, golden(name), 0, atol);
  };
  same("rotate", applied(image, {{AugOp::rotate, {30}}}), 2e-5);
  same("rotate_nearest", applied(image, {{AugOp::rotate, {-70}}}, "resample by=nearest"), 1e-6);
  same("translate", applied(image, {{AugOp::translate, {share(2, w), share(-3, h)}}}), 2e-6);
  same("scale", applied(image, {{AugOp::scale, {1.3f}}}), 2e-5);
  same("resize", applied(image, {}, "resample border=edge", {.h = 21, .w = 17}), 2e-6);
  same("resize_bicubic", applied(image, {}, "resample border=edge by=bicubic clamp=0", {.h = 21, .w = 17}), 5e-6);
  same("brightness", applied(image, {{AugOp::brightness, {1.3f}}}), 1e-6);
  same("gamma", applied(image, {{AugOp::gamma, {1.7f}}}), 1e-6);
  same("invert", applied(image, {{AugOp::invert, {}}}), 1e-6);
  same("solarize", applied(image, {{AugOp::solarize, {.43f}}}), 1e-6);
  same("autocontrast", applied(image, {{AugOp::autocontrast, {}}}), 2e-6);
  same("sharpness", applied(image, {{AugOp::sharpness, {1.6f}}}), 2e-6);
  same("blur", applied(image, {{AugOp::blur, {1.5f}}}), 2e-6);  // eleven taps there and here
  // torchvision's luma weighs red with .2989, ITU-R BT.601 and we with .299.
  same("gray", applied(image, {{AugOp::gray, {}}}), 2e-4);
  same("saturation", applied(image, {{AugOp::saturation, {1.4f}}}), 2e-4);
  same("contrast", applied(image, {{AugOp::contrast, {.6f, -1}}}), 2e-4);
  same("color", applied(image, {{AugOp::brightness, {1.2f}}, {AugOp::contrast, {.8f, -1}}, {AugOp::saturation, {.7f}}}), 3e-4);
  const auto bytes = [](const Tensor& y) {
    std::vector<double> v = y.values();
    for (double& x : v) x = std::round(x * 255);
    return v;
  };
  CHECK(bytes(applied(byte, {{AugOp::equalize, {}}})) == golden("equalize").values());
  CHECK(bytes(applied(byte, {{AugOp::posterize, {3}}})) == golden("posterize").values());
  {  // Corners in pixel indices there, shares of half a side of the frame here; torchvision's frame runs from the first pixel's centre.
    const Tensor got = applied(image, {{AugOp::crop, {3, 2, 7, 6}}});
    const std::vector<double> ours = got.values(), theirs = golden("crop").values();
    for (int64_t i = 2; i + 2 < h; ++i)  // at the rim we read the pixels beyond the box, torchvision repeats the box's own
      for (int64_t j = 2; j + 2 < w; ++j)
        for (int64_t c = 0; c < 3; ++c) CHECK(std::abs(ours[(i * w + j) * 3 + c] - theirs[(i * w + j) * 3 + c]) < 2e-6);
  }
}

TEST_CASE("a perspective takes the corners where it says, by a map computed in double") {
  const float v[8] = {.3f, .1f, .2f, .4f, .05f, .25f, .4f, .15f};
  const int64_t h = 40, w = 30;
  const Slots slots{{AugOp::perspective, {v, v + 8}}};
  const auto map = homographies(maps_of(recipe_of(slots, ""), record_of(slots), {1, h, w, 3}))[0];
  const double corners[4][2] = {{0, 0}, {w, 0}, {w, h}, {0, h}}, inwards[4][2] = {{1, 1}, {-1, 1}, {-1, -1}, {1, -1}};
  for (int i = 0; i < 4; ++i) {
    const auto [x, y] = follow(map, corners[i][0], corners[i][1]);
    CHECK(x == doctest::Approx(corners[i][0] + inwards[i][0] * v[2 * i] * w / 2).epsilon(1e-5));
    CHECK(y == doctest::Approx(corners[i][1] + inwards[i][1] * v[2 * i + 1] * h / 2).epsilon(1e-5));
  }
}

TEST_CASE("geometry composes in the listed order: a plane stays a plane, at the place that double precision says") {
  const int64_t h = 40, w = 36;
  std::vector<double> plane;
  for (int64_t i = 0; i < h; ++i)
    for (int64_t j = 0; j < w; ++j) plane.push_back(.1 + .01 * (static_cast<double>(j) + .5) + .005 * (static_cast<double>(i) + .5));
  const Tensor x = Tensor::from({1, h, w, 1}, plane, DType::f32, Device::cpu);
  const Slots slots{
      {AugOp::translate, {.1f, -.05f, 0}}, {AugOp::rotate, {25}}, {AugOp::scale, {1.5f}}, {AugOp::shear, {10, 5, 0}}, {AugOp::hflip, {}}};
  const Tensor y = applied(x, slots, "resample antialias=0");
  const std::vector<double> got = y.values();
  const double pi = std::numbers::pi, cx = w / 2.0, cy = h / 2.0;
  int looked = 0;
  for (int64_t i = 0; i < h; ++i)
    for (int64_t j = 0; j < w; ++j) {
      double u = static_cast<double>(j) + .5, v = static_cast<double>(i) + .5;
      u = static_cast<double>(w) - u;  // the last step is undone first
      const double tx = std::tan(10 * pi / 180), ty = std::tan(5 * pi / 180), det = 1 - tx * ty;
      double dx = (u - cx - tx * (v - cy)) / det, dy = (v - cy - ty * (u - cx)) / det;
      dx /= 1.5, dy /= 1.5;
      const double a = 25 * pi / 180, rx = std::cos(a) * dx - std::sin(a) * dy, ry = std::sin(a) * dx + std::cos(a) * dy;
      const double sx = rx + cx - .1 * w, sy = ry + cy + .05 * h;
      if (sx < 1 || sy < 1 || sx > w - 1 || sy > h - 1) continue;
      ++looked;
      CHECK(std::abs(got[static_cast<size_t>(i * w + j)] - (.1 + .01 * sx + .005 * sy)) < 2e-6);
    }
  CHECK(looked > 500);
}

TEST_CASE("a quarter turn is counter-clockwise, four of them and two flips give the image back") {
  const Tensor x = Tensor::from({1, 2, 2, 1}, {.1, .2, .3, .4}, DType::f32, Device::cpu);
  const std::vector<double> turned = applied(x, {{AugOp::rot90, {1}}}).values(), want{.2, .4, .1, .3};
  for (size_t i = 0; i < 4; ++i) CHECK(turned[i] == doctest::Approx(want[i]));
  const Tensor image = noise({1, 8, 8, 3}, DType::f32);
  CHECK(applied(image, {{AugOp::rot90, {4}}}).values() == image.values());
  CHECK(applied(image, {{AugOp::hflip, {}}, {AugOp::hflip, {}}}).values() == image.values());
  CHECK(applied(image, {{AugOp::rotate, {180}}}).values() == applied(image, {{AugOp::hflip, {}}, {AugOp::vflip, {}}}).values());
}

TEST_CASE("colour in a chain is one matrix, and hue turns about grey") {
  const Tensor image = noise({1, 4, 4, 3}, DType::f32);
  const Tensor there = applied(image, {{AugOp::hue, {.2f}}}, "resample clamp=0"),
               back = applied(there, {{AugOp::hue, {-.2f}}}, "resample clamp=0");
  check_close("hue and back", back, image, 0, 2e-6);
  const std::vector<double> thirds = applied(image, {{AugOp::hue, {1.f / 3}}}, "resample clamp=0").values(), x = image.values();
  for (size_t i = 0; i < x.size(); i += 3)  // a third of a turn moves red to green
    for (size_t c = 0; c < 3; ++c) CHECK(std::abs(thirds[i + c] - x[i + (c + 2) % 3]) < 1e-6);
  const Tensor gray = noise({1, 4, 4, 1}, DType::f32);
  CHECK(applied(gray, {{AugOp::hue, {.3f}}, {AugOp::saturation, {2}}}).values() == gray.values());
  // A chain against its steps one by one.
  const Slots chain{{AugOp::brightness, {.8f}},
                    {AugOp::hue, {.1f}},
                    {AugOp::lighten, {.05f}},
                    {AugOp::contrast, {1.2f, .5f}},
                    {AugOp::tint, {1, .9f, .8f}}};
  Tensor one_by_one = image;
  for (const auto& step : chain) one_by_one = applied(one_by_one, {step}, "resample clamp=0");
  check_close("chain", applied(image, chain, "resample clamp=0"), one_by_one, 0, 2e-6);
}

TEST_CASE("steps that look at the image see what the colour steps before them made of it") {
  std::vector<double> dark;
  for (int i = 0; i < 32 * 32 * 3; ++i) dark.push_back(20 + i % 61);
  const Tensor x = Tensor::from({1, 32, 32, 3}, dark, DType::u8, Device::cpu);
  const Slots once{{AugOp::autocontrast, {}}};
  const Tensor stretched = applied(x, once);
  check_close("autocontrast twice", applied(x, {{AugOp::autocontrast, {}}, {AugOp::autocontrast, {}}}), stretched, 0, 2e-6);
  check_close("brightness before it", applied(x, {{AugOp::brightness, {2}}, {AugOp::autocontrast, {}}}), stretched, 0, 2e-6);
  check_close("invert before it", applied(x, {{AugOp::invert, {}}, {AugOp::autocontrast, {}}}), stretched * -1.0 + 1.0, 0, 2e-6);
  const Tensor flat = applied(x, {{AugOp::equalize, {}}});
  check_close("equalize twice", applied(x, {{AugOp::equalize, {}}, {AugOp::equalize, {}}}), flat, 0, 0);
  check_close("equalize, then autocontrast", applied(x, {{AugOp::equalize, {}}, {AugOp::autocontrast, {}}}), flat, 0, 5e-3);
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

TEST_CASE("erasing, noise and the range") {
  const Tensor x = Tensor::full({1, 6, 8, 3}, 128, DType::u8, Device::cpu);
  const std::vector<double> y = applied(x, {{AugOp::erase, {1, 2, 3, 4, .25f}}}, "normalize mean=.5 std=.5").values();
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < 8; ++j) {
      const bool inside = i >= 1 && i < 4 && j >= 2 && j < 6;
      CHECK(y[static_cast<size_t>((i * 8 + j) * 3)] == doctest::Approx(inside ? -.5 : 128 / 127.5 - 1));
    }
  const Tensor big = Tensor::full({1, 200, 200, 1}, 128, DType::u8, Device::cpu);
  double sum = 0, squares = 0;
  for (double v : applied(big, {{AugOp::gaussian_noise, {.1f}}}).values())
    sum += v - 128 / 255.0, squares += (v - 128 / 255.0) * (v - 128 / 255.0);
  CHECK(std::abs(sum / 40000) < 5 * .1 / 200);
  CHECK(std::abs(std::sqrt(squares / 40000) - .1) < .003);
  int salt = 0, pepper = 0;
  for (double v : applied(big, {{AugOp::salt_pepper, {.2f}}}).values()) salt += v == 1, pepper += v == 0;
  CHECK(std::abs(salt - 4000) < 5 * 60);
  CHECK(std::abs(pepper - 4000) < 5 * 60);
}

TEST_CASE("an image that shrinks is averaged, not skipped") {
  std::vector<double> stripes;
  for (int i = 0; i < 64; ++i)
    for (int j = 0; j < 64; ++j) stripes.push_back(j % 2 ? 1 : 0);
  const Tensor x = Tensor::from({1, 64, 64, 1}, stripes, DType::f32, Device::cpu);
  for (double v : applied(x, {}, "", {.h = 16, .w = 16}).values()) CHECK(v == doctest::Approx(.5));
  const std::vector<double> skipped = applied(x, {}, "resample antialias=0 by=nearest", {.h = 16, .w = 16}).values();
  CHECK(std::count(skipped.begin(), skipped.end(), .5) == 0);
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
