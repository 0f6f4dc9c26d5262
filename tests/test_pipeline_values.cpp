// What each step of a recipe makes of an image, by torchvision's numbers, by double precision and by hand.
#include <doctest/doctest.h>

#include <algorithm>
#include <numbers>
#include <numeric>

#include "tests/golden.h"
#include "tests/pipeline_support.h"

using namespace duel;
using namespace duel::test;

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

namespace {

// torchvision's fourteen operations in its order, and what they are called here.
const std::vector<std::pair<std::string, std::string>> policy_steps{{"Identity", "none"},
                                                                    {"ShearX", "shear"},
                                                                    {"ShearY", "shear"},
                                                                    {"TranslateX", "translate"},
                                                                    {"TranslateY", "translate"},
                                                                    {"Rotate", "rotate"},
                                                                    {"Brightness", "brightness"},
                                                                    {"Color", "saturation"},
                                                                    {"Contrast", "contrast"},
                                                                    {"Sharpness", "sharpness"},
                                                                    {"Posterize", "posterize"},
                                                                    {"Solarize", "solarize"},
                                                                    {"AutoContrast", "autocontrast"},
                                                                    {"Equalize", "equalize"}};

// Which of them a drawn step is, and its magnitude as torchvision has it.
std::pair<size_t, double> as_drawn(const AppliedStep& step, double h, double w) {
  const auto value = [&](size_t i) { return step.values.at(i).second; };
  const std::string name = name_of(step.op);
  size_t which = 0;
  while (policy_steps[which].second != name) ++which;
  if (name == "none" || name == "autocontrast" || name == "equalize") return {which, 0};
  if (name == "shear" || name == "translate") {
    const size_t axis = value(1) != 0;
    return {which + axis, value(axis) * (name == "shear" ? 1 : axis ? h : w)};
  }
  return {which, name == "rotate" || name == "posterize" || name == "solarize" ? value(0) : value(0) - 1};
}

}  // namespace

TEST_CASE("RandAugment and TrivialAugment draw torchvision's fourteen operations, at its magnitudes and with both signs") {
  const Golden golden("augment.safetensors", DType::f64);
  const int64_t h = golden("image").shape()[1], w = golden("image").shape()[2];
  const int n = 30000;
  const Tensor images = Tensor::zeros({n, h, w, 3}, DType::u8, Device::cpu);
  for (const bool wide : {false, true}) {
    const std::string name = wide ? "trivialaugment" : "randaugment";
    CAPTURE(name);
    const std::vector<double> table = golden(name + ".magnitudes").values();
    const Recipe recipe = parse_recipe(wide ? name : name + " n=1 m=9");
    const auto records = read_record(recipe, augment(images, recipe, rng, epoch(1), ids(0, n)).record);
    std::vector<std::vector<int>> drawn(policy_steps.size(), std::vector<int>(2 * 31));
    int strangers = 0;
    for (const auto& record : records) {
      const std::pair<size_t, double> step = as_drawn(record[0], static_cast<double>(h), static_cast<double>(w));
      const size_t which = step.first;
      const double magnitude = step.second;
      // Shifts are cut to whole pixels, there too; but its 16 is 15.999998, for want of a bit, and becomes 15.
      const bool shift = policy_steps[which].second == "translate";
      int bin = wide ? 0 : 9;
      const auto want = [&] {
        return shift ? std::trunc(1e-4 + table[which * 31 + static_cast<size_t>(bin)]) : table[which * 31 + static_cast<size_t>(bin)];
      };
      while (wide && bin < 30 && std::abs(std::abs(magnitude) - want()) > 1e-5) ++bin;
      if (std::abs(std::abs(magnitude) - want()) > 1e-5) ++strangers;
      else ++drawn[which][static_cast<size_t>(bin) + (magnitude < 0 ? 31 : 0)];
    }
    CHECK(strangers == 0);
    for (size_t which = 0; which < policy_steps.size(); ++which) {
      CAPTURE(policy_steps[which].first);
      const bool is_signed = which >= 1 && which <= 9, moves = policy_steps[which].second != "none";
      const int plus = std::accumulate(drawn[which].begin(), drawn[which].begin() + 31, 0),
                minus = std::accumulate(drawn[which].begin() + 31, drawn[which].end(), 0);
      // A shift or a shear of nothing does not say which axis it is of, and counts as one of x.
      CHECK(std::abs(plus + minus - n / 14) < (wide && (which >= 1 && which <= 4) ? 200 : 6 * std::sqrt(n / 14.0)));
      const double share = static_cast<double>(minus) / (plus + minus);
      CHECK(share >= (is_signed ? 0.4 : 0));
      CHECK(share <= (is_signed ? 0.6 : 0));
      if (wide && moves && which != 12 && which != 13 && policy_steps[which].second != "translate")
        for (size_t bin = 1; bin < 31; ++bin)
          if (table[which * 31 + bin] != table[which * 31 + bin - 1]) CHECK(drawn[which][bin] + drawn[which][31 + bin] > 0);
    }
  }
}

TEST_CASE("what RandAugment's and TrivialAugment's operations make of an image, by torchvision's numbers") {
  const Golden golden("augment.safetensors", DType::f32);
  const Tensor image = golden("image"), byte = Tensor::from(golden("byte").shape(), golden("byte").values(), DType::u8, Device::cpu);
  const auto h = static_cast<float>(image.shape()[1]), w = static_cast<float>(image.shape()[2]);
  int held = 0;
  for (const std::string name : {"randaugment", "trivialaugment"}) {
    const std::vector<double> table = golden(name + ".magnitudes").values();
    for (size_t which = 0; which < policy_steps.size(); ++which)
      for (const int sign : {1, -1}) {
        const std::string key = name + "." + policy_steps[which].first + (sign < 0 ? "-" : "");
        if (!golden.file.find(key)) continue;
        CAPTURE(key);
        const float v = static_cast<float>(sign * table[which * 31 + 9]), shift = std::trunc(v);
        Slots slots;
        switch (which) {
          case 0:
            break;
          // torchvision shears about the upper left corner and the other way round, and here the middle stays.
          case 1:
            slots = {{AugOp::shear, {-v, 0, 1}}, {AugOp::translate, {-v * h / 2 / w, 0}}};
            break;
          case 2:
            slots = {{AugOp::shear, {0, -v, 1}}, {AugOp::translate, {0, -v * w / 2 / h}}};
            break;
          case 3:
            slots = {{AugOp::translate, {shift / w, 0, 1}}};
            break;
          case 4:
            slots = {{AugOp::translate, {0, shift / h, 1}}};
            break;
          case 5:
            slots = {{AugOp::rotate, {v}}};
            break;
          case 6:
            slots = {{AugOp::brightness, {1 + v}}};
            break;
          case 7:
            slots = {{AugOp::saturation, {1 + v}}};
            break;
          case 8:
            slots = {{AugOp::contrast, {1 + v, -1}}};
            break;
          case 9:
            slots = {{AugOp::sharpness, {1 + v}}};
            break;
          case 10:
            slots = {{AugOp::posterize, {v}}};
            break;
          case 11:
            slots = {{AugOp::solarize, {v}}};
            break;
          case 12:
            slots = {{AugOp::autocontrast, {}}};
            break;
          default:
            slots = {{AugOp::equalize, {}}};
        }
        const bool bytes = which == 10 || which == 13;
        const Tensor got = applied(bytes ? byte : image, slots, "resample antialias=0");
        const Tensor want = bytes ? cast(golden(key), DType::f32) * (1.0 / 255) : golden(key);
        check_close(key, got, want, 0, which == 7 || which == 8 ? 2e-4 : 2e-5);  // luma: see above
        ++held;
      }
  }
  CHECK(held == 2 * (14 + 9));
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
