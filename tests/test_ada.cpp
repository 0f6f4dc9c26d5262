// ADA: the filter and what it keeps, each operation, how often each is drawn, derivatives, and the arithmetic of the controller.
#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "augment/ada.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "tests/gradcheck.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

const Rng rng{5, RandomStream::augment};

Tensor numbered(int64_t n, Device device = Device::cpu) {
  std::vector<double> ids(static_cast<size_t>(n));
  std::iota(ids.begin(), ids.end(), 0.0);
  return Tensor::from({n}, ids, DType::i32, device);
}
Tensor share(double p, Device device = Device::cpu) { return Tensor::from({1}, {p}, DType::f32, device); }

// T with one map for all samples and no colour: the upper two rows of what takes points of the result to points of the images.
Tensor moved(const Tensor& x, const std::vector<double>& map) {
  const AdaTransform t(x.shape(), x.dtype(), Device::cpu);
  Drawn drawn = t.draw(rng, step_counter(0, Device::cpu), numbered(x.shape()[0]), share(0));
  std::vector<double> maps;
  for (int64_t i = 0; i < x.shape()[0]; ++i) {
    maps.insert(maps.end(), map.begin(), map.end());
    maps.insert(maps.end(), {0, 0, 1});
  }
  drawn.maps = t.on_fine_grid(Tensor::from({x.shape()[0], 9}, maps, DType::f32, Device::cpu));
  return t(x, drawn);
}

double largest_difference(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = a.values(), y = b.values();
  double most = 0;
  for (size_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(x[i] - y[i]));
  return most;
}

// A smooth picture, which a low-pass filter need not change.
Tensor waves(const Shape& s) {
  std::vector<double> v;
  for (int64_t i = 0; i < s.count(); ++i) {
    const int64_t c = i % s[3], x = i / s[3] % s[2], y = i / s[3] / s[2] % s[1];
    v.push_back(.6 * std::sin(.35 * static_cast<double>(x) + static_cast<double>(c)) * std::cos(.25 * static_cast<double>(y)));
  }
  return Tensor::from(s, v, DType::f64, Device::cpu);
}

}  // namespace

TEST_CASE("the filter is orthonormal to itself moved by two taps, four, …; it sums to √2 and is blind to polynomials") {
  double sum = 0;
  for (double v : ada_low_pass) sum += v;
  CHECK(sum == doctest::Approx(std::sqrt(2.0)).epsilon(1e-11));
  for (int shift = 0; shift < ada_taps; shift += 2) {
    double product = 0;
    for (int k = 0; k + shift < ada_taps; ++k)
      product += ada_low_pass[static_cast<size_t>(k)] * ada_low_pass[static_cast<size_t>(k + shift)];
    CHECK(std::abs(product - (shift == 0)) < 1e-11);
  }
  for (int power = 0; power < 6; ++power) {  // six vanishing moments of the wavelet
    double moment = 0;
    for (int k = 0; k < ada_taps; ++k) moment += (k % 2 ? -1 : 1) * std::pow((k - 5.5) / 5.5, power) * ada_low_pass[static_cast<size_t>(k)];
    CHECK(std::abs(moment) < 1e-9);
  }
}

TEST_CASE("an image that is not moved comes back, and one moved by whole pixels is moved, its rims reflected") {
  for (const Shape& shape : {Shape{2, 8, 8, 3}, Shape{2, 9, 14, 1}, Shape{1, 5, 4, 4}, Shape{1, 1, 1, 1}}) {
    const Tensor x = values(shape, 1);
    CHECK(largest_difference(moved(x, {1, 0, 0, 0, 1, 0}), x) < 1e-9);
    for (const auto& [right, down] : {std::pair{1, 0}, {0, -2}, {-2, 1}}) {
      const double dx = -right, dy = -down;
      std::vector<double> maps;
      for (int64_t i = 0; i < shape[0]; ++i) maps.insert(maps.end(), {1, 0, dx, 0, 1, dy, 0, 0, 1});
      const Tensor expected = warp(x, Tensor::from({shape[0], 9}, maps, DType::f32, Device::cpu),
                                   {.interpolation = Interpolation::nearest, .border = Border::reflect});
      if (shape[1] > 2) CHECK(largest_difference(moved(x, {1, 0, dx, 0, 1, dy}), expected) < 1e-9);
    }
  }
}

TEST_CASE("half a pixel of shift blurs less than one bilinear read does") {
  const int64_t side = 32;
  std::vector<double> stripes;
  for (int64_t i = 0; i < side * side; ++i) stripes.push_back(std::cos(2.0 * static_cast<double>(i % side)));  // 2 radians a pixel
  const Tensor x = Tensor::from({1, side, side, 1}, stripes, DType::f64, Device::cpu);
  const auto energy = [](const Tensor& t) { return mean(square(t)).item(); };
  const Tensor map = Tensor::from({1, 9}, {1, 0, .5, 0, 1, 0, 0, 0, 1}, DType::f32, Device::cpu);
  const double plain = energy(warp(x, map, {.border = Border::reflect})) / energy(x);
  const double through = energy(moved(x, {1, 0, .5, 0, 1, 0})) / energy(x);
  CHECK(plain < .35);  // cos²(1) = .29
  CHECK(through > .8);
}

TEST_CASE("turns, flips and scales by the filter are those of the plain map, on pictures without edges") {
  const Shape shape{1, 24, 24, 3};
  const Tensor x = waves(shape);
  for (const std::vector<double>& map :
       {std::vector<double>{-1, 0, 24, 0, 1, 0}, {0, -1, 24, 1, 0, 0}, {.8, -.6, 9.6, .6, .8, -4.8}, {.8, 0, 2.4, 0, .8, 2.4}}) {
    std::vector<double> nine = map;
    nine.insert(nine.end(), {0, 0, 1});
    const Tensor plain =
        warp(x, Tensor::from({1, 9}, nine, DType::f32, Device::cpu), {.interpolation = Interpolation::bicubic, .border = Border::reflect});
    const std::vector<double> a = moved(x, map).values(), b = plain.values();
    double most = 0;  // away from rims, where a reflection has a kink
    for (size_t i = 0; i < a.size(); ++i) {
      const size_t column = i / 3 % 24, row = i / 72;
      if (column >= 7 && column < 17 && row >= 7 && row < 17) most = std::max(most, std::abs(a[i] - b[i]));
    }
    CHECK(most < .03);
    if (map[0] == -1) {  // a flip moves pixels onto pixels, so it shows by how much the filter's delay is off
      const std::vector<double> exact = horizontal_flip(x, Tensor::from({1}, {1}, DType::i32, Device::cpu)).values();
      double off = 0;
      for (size_t i = 0; i < a.size(); ++i) {
        const size_t column = i / 3 % 24, row = i / 72;
        if (column >= 7 && column < 17 && row >= 7 && row < 17) off = std::max(off, std::abs(a[i] - exact[i]));
      }
      CHECK(off < .002);  // measured: .0014, of values within [-1, 1]
    }
  }
}

TEST_CASE("each operation has its coin: p, and 1 − √(1 − p) for each rotation; what is drawn includes nothing") {
  const int64_t n = 6000;
  const AdaTransform t({n, 16, 24, 3}, DType::f32, Device::cpu);
  const auto records = [&](double p) {
    return read_record(t.recipe, t.draw(rng, step_counter(1, Device::cpu), numbered(n), share(p)).record);
  };
  for (const auto& steps : records(0))
    for (const AppliedStep& s : steps) REQUIRE(s.op == AugOp::none);
  const double p = .6, turn = 1 - std::sqrt(1 - p);
  const double expected[] = {p / 2, p, p, p, turn, p, turn, p, p, p, p / 2, p, p};
  REQUIRE(t.recipe.steps == 13);
  const auto drawn = records(p);
  for (size_t k = 0; k < 13; ++k) {
    double count = 0, together = 0;
    for (const auto& steps : drawn) {
      count += steps[k].op != AugOp::none;
      together += steps[k].op != AugOp::none && steps[(k + 1) % 13].op != AugOp::none;
    }
    const double e = expected[k] * static_cast<double>(n), both = e * expected[(k + 1) % 13];
    CHECK_MESSAGE(std::abs(count - e) < 5 * std::sqrt(e), k);
    CHECK_MESSAGE(std::abs(together - both) < 5 * std::sqrt(both), k);  // coins of their own
  }
  double turned = 0, quarters = 0, scale = 0, square = 0, wide = 0, shift = 0, bright = 0, contrast = 0, saturation = 0;
  for (const auto& steps : records(1)) {
    const auto value = [&](size_t k, size_t i = 0) { return steps[k].values.at(i).second; };
    REQUIRE(steps[4].op == AugOp::rotate);  // p = 1: always
    turned += std::abs(value(4)), quarters += value(1) != 0, scale += std::log2(value(3)), square += std::pow(std::log2(value(3)), 2);
    REQUIRE(std::abs(value(2, 0) * 24 - std::round(value(2, 0) * 24)) < 1e-4);
    REQUIRE(std::abs(value(2, 0)) <= .125);
    REQUIRE(std::abs(value(11)) <= .5);
    wide += std::pow(std::log2(value(5)), 2), shift += std::pow(value(7, 1), 2), bright += std::pow(2 * value(8), 2);
    contrast += std::pow(std::log2(value(9)), 2), saturation += std::pow(std::log2(value(12)), 2);
  }
  const auto average = [&](double sum) { return sum / static_cast<double>(n); };
  CHECK(average(turned) == doctest::Approx(90).epsilon(.05));
  CHECK(average(quarters) == doctest::Approx(.75).epsilon(.05));
  CHECK(std::abs(average(scale)) < .02);
  CHECK(std::sqrt(average(square)) == doctest::Approx(.2).epsilon(.05));
  CHECK(std::sqrt(average(wide)) == doctest::Approx(.2).epsilon(.05));
  CHECK(std::sqrt(average(shift)) == doctest::Approx(.125).epsilon(.05));
  CHECK(std::sqrt(average(bright)) == doctest::Approx(.2).epsilon(.05));
  CHECK(std::sqrt(average(contrast)) == doctest::Approx(.5).epsilon(.05));
  CHECK(std::sqrt(average(saturation)) == doctest::Approx(1).epsilon(.05));
}

TEST_CASE("colour is that of the draws, about 0; grey images have no hue and no saturation") {
  for (const int64_t c : {3, 1}) {
    const Shape shape{40, 4, 4, c};
    const AdaTransform t(shape, DType::f64, Device::cpu);
    Drawn drawn = t.draw(rng, step_counter(2, Device::cpu), numbered(40), share(.7));
    const Drawn still = t.draw(rng, step_counter(2, Device::cpu), numbered(40), share(0));
    drawn.maps = still.maps;
    const Tensor x = values(shape, 3) * .3;
    const std::vector<double> source = x.values(), got = t(x, drawn).values();
    const auto records = read_record(t.recipe, drawn.record);
    for (size_t i = 0; i < 40; ++i)
      for (size_t at = 0; at < 16; ++at) {
        std::vector<double> v(source.begin() + static_cast<long>((i * 16 + at) * static_cast<size_t>(c)),
                              source.begin() + static_cast<long>((i * 16 + at + 1) * static_cast<size_t>(c)));
        const auto grey = [&] { return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(c); };
        for (size_t k = 8; k < 13; ++k) {
          const AppliedStep& s = records[i][k];
          const double g = grey();
          if (s.op == AugOp::lighten)
            for (double& u : v) u += 2 * s.values[0].second;
          if (s.op == AugOp::contrast)
            for (double& u : v) u *= s.values[0].second;
          if (s.op == AugOp::luma_flip)
            for (double& u : v) u -= 2 * g;
          if (s.op == AugOp::saturation && c == 3)
            for (double& u : v) u = (u - g) * s.values[0].second + g;
          if (s.op == AugOp::hue && c == 3) {  // Rodrigues, about (1, 1, 1)/√3
            const double a = 2 * M_PI * s.values[0].second, co = std::cos(a), si = std::sin(a) / std::sqrt(3.0);
            const std::vector<double> w = v;
            for (size_t j = 0; j < 3; ++j) v[j] = g * (1 - co) + w[j] * co + si * (w[(j + 2) % 3] - w[(j + 1) % 3]);
          }
        }
        for (size_t j = 0; j < v.size(); ++j)
          REQUIRE(std::abs(got[(i * 16 + at) * static_cast<size_t>(c) + j] - v[j]) < 2e-5 * (1 + std::abs(v[j])));
      }
  }
}

TEST_CASE("first and second derivatives against differences") {
  for (const Shape& shape : {Shape{3, 4, 5, 3}, Shape{2, 6, 6, 1}}) {
    const AdaTransform t(shape, DType::f64, Device::cpu);
    const Drawn drawn = t.draw(rng, step_counter(4, Device::cpu), numbered(shape[0]), share(.9));
    const GradCase c{"ada", shape.text(), {values(shape, 1)}, [&](const Tensors& in) { return square(t(in[0], drawn)); }};
    for (const GradResult& r : {gradcheck(c), gradgradcheck(c)}) CHECK_MESSAGE(r.passed, r.message);
  }
}

TEST_CASE("the simulated GPU draws the same and shows the same") {
  if (const std::string why = why_not(Device::sim); !why.empty()) return skip(why);
  const Shape shape{3, 6, 8, 3};
  const AdaTransform here(shape, DType::f32, Device::cpu), there(shape, DType::f32, Device::sim);
  const Drawn a = here.draw(rng, step_counter(1, Device::cpu), numbered(3), share(.8));
  const Drawn b = there.draw(rng, step_counter(1, Device::sim), numbered(3, Device::sim), share(.8, Device::sim));
  CHECK(text_of(read_record(here.recipe, a.record)[1]) == text_of(read_record(here.recipe, b.record)[1]));
  CHECK(largest_difference(a.maps, b.maps) < 1e-4);
  CHECK(largest_difference(a.colors, b.colors) == 0);
  const Tensor x = cast(waves(shape), DType::f32);
  CHECK(largest_difference(here(x, a), there(x.to(Device::sim), b)) < 1e-3);
  AdaController one(.6, 2, Device::cpu), two(.6, 2, Device::sim);
  for (int i = 0; i < 9; ++i) {
    const Tensor said = Tensor::from({2, 1, 1, 1}, {1, i < 4 ? 1. : -1.}, DType::f32, Device::cpu);
    one.hear(said), two.hear(said.to(Device::sim));
  }
  CHECK(one.state.values() == two.state.values());
}

TEST_CASE("the controller moves p by four steps' images over 500,000, every four steps, between 0 and 1") {
  const int batch = 1000;
  AdaController c(.6, batch, Device::cpu);
  const auto hear = [&](double positive) {  // this share of D(x) above 0
    std::vector<double> said(batch, -2.5);
    std::fill(said.begin(), said.begin() + static_cast<long>(positive * batch), .1);
    c.hear(Tensor::from({batch, 1, 1, 1}, said, DType::f32, Device::cpu));
    return c.p().item();
  };
  const double move = 4.0 * batch / 500'000;
  for (int i = 0; i < 3; ++i) CHECK(hear(1) == 0);
  CHECK(c.state.values() == std::vector<double>{0, 3 * batch, 3 * batch});
  CHECK(hear(1) == doctest::Approx(move));
  CHECK(c.state.values()[1] == 0);
  CHECK(c.state.values()[2] == 0);
  for (int i = 0; i < 3; ++i) CHECK(hear(i ? 0 : 1) == doctest::Approx(move));  // the mean of four steps counts, here −.5
  CHECK(hear(0) == doctest::Approx(0));
  for (int i = 0; i < 4; ++i) hear(.81);  // mean sign .62
  CHECK(c.p().item() == doctest::Approx(move));
  for (int i = 0; i < 8; ++i) hear(.79);  // .58, twice: p would be −move
  CHECK(c.p().item() == 0);
  for (int i = 0; i < 4 * 125 + 8; ++i) hear(1);
  CHECK(c.p().item() == 1);
  for (int i = 0; i < 4; ++i) hear(.5);
  CHECK(c.p().item() == doctest::Approx(1 - move));
  CHECK_THROWS_AS(AdaController(1.5, 4, Device::cpu), Error);
  CHECK_THROWS_AS(AdaController(.6, 0, Device::cpu), Error);
}

TEST_CASE("what does not fit is refused") {
  const AdaTransform t({2, 4, 4, 3}, DType::f32, Device::cpu);
  const Drawn drawn = t.draw(rng, step_counter(0, Device::cpu), numbered(2), share(0));
  CHECK_THROWS_WITH(t(Tensor::zeros({2, 4, 5, 3}, DType::f32, Device::cpu), drawn),
                    doctest::Contains("[ada] made for images [2, 4, 4, 3]"));
  CHECK(parse_recipe(text_of(ada_recipe())) == ada_recipe());  // 2^N(0, s²) has a spelling of its own
  CHECK_THROWS_WITH(parse_recipe("contrast 0~~.5"), doctest::Contains("a middle above 0"));
  CHECK_THROWS_WITH(t(Tensor(), drawn), doctest::Contains("[ada]"));
  CHECK_THROWS_WITH(AdaTransform({4, 4, 3}, DType::f32, Device::cpu), doctest::Contains("[ada] wants images"));
}
