// DiffAugment: each operation by hand at the draws it made, how the draws are spread, derivatives, and GAN steps through it.
#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "augment/diff_augment.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "models/gan_step.h"
#include "tests/gradcheck.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

const Rng rng{7, RandomStream::augment};

Tensor numbered(int64_t n, Device device = Device::cpu, int64_t first = 0) {
  std::vector<double> ids(static_cast<size_t>(n));
  std::iota(ids.begin(), ids.end(), static_cast<double>(first));
  return Tensor::from({n}, ids, DType::i32, device);
}
Drawn drawn_for(const Shape& images, int step = 3, Device device = Device::cpu, int64_t first = 0) {
  return draw_diff_augment(images, rng, step_counter(step, device), numbered(images[0], device, first));
}

// What each sample drew, by the names of the record.
struct Draw {
  double brightness, saturation, contrast;
  int right, down, top, left, height, width;
};
std::vector<Draw> draws_of(const Drawn& drawn, int64_t h, int64_t w) {
  std::vector<Draw> draws;
  for (const auto& steps : read_record(diff_augment_recipe(), drawn.record)) {
    const auto value = [&](size_t step, size_t i) { return steps[step].values.at(i).second; };
    const auto whole = [](double v) { return static_cast<int>(std::lround(v)); };
    draws.push_back({2 * value(0, 0), value(1, 0), value(2, 0), whole(value(3, 0) * static_cast<double>(w)),
                     whole(value(3, 1) * static_cast<double>(h)), whole(value(4, 0)), whole(value(4, 1)), whole(value(4, 2)),
                     whole(value(4, 3))});
  }
  return draws;
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    CHECK(e.kind == Failure::usage);
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a policy is a list in the order of its use") {
  CHECK(!parse_diff_augment(""));
  CHECK(parse_diff_augment("color,translation,cutout") == DiffAugment{true, true, true});
  CHECK(parse_diff_augment("translation") == DiffAugment{false, true, false});
  CHECK(parse_diff_augment("color,cutout") == DiffAugment{true, false, true});
  CHECK(refusal([] { parse_diff_augment("mirror"); }).starts_with("[diff_augment] 'mirror' is none of"));
  CHECK(refusal([] { parse_diff_augment("cutout,color"); }).find("in the order color,translation,cutout") != std::string::npos);
  CHECK(!refusal([] { parse_diff_augment("color,color"); }).empty());
  CHECK(!refusal([] { parse_diff_augment("color,"); }).empty());
  CHECK(!refusal([] { parse_diff_augment(" color"); }).empty());
  CHECK(refusal([] {
          diff_augment(Tensor::zeros({2, 4, 4, 1}, DType::f32, Device::cpu), {true, true, true}, {});
        }).starts_with("[diff_augment] wants the draws"));
  CHECK(refusal([] {
          diff_augment(Tensor::zeros({2, 4, 4, 1}, DType::u8, Device::cpu), {true, true, true}, drawn_for({2, 4, 4, 1}));
        }).starts_with("[diff_augment] wants floating images"));
}

TEST_CASE("colour, translation and cutout are those of the paper at the draws that were made") {
  for (const Shape& shape : {Shape{5, 8, 8, 3}, Shape{5, 11, 7, 1}, Shape{5, 9, 17, 4}, Shape{5, 8, 30, 2}}) {
    CAPTURE(shape.text());
    const int64_t n = shape[0], h = shape[1], w = shape[2], c = shape[3];
    const Tensor x = values(shape, 1);
    const Drawn drawn = drawn_for(shape);
    const std::vector<Draw> draws = draws_of(drawn, h, w);
    const std::vector<double> source = x.values();
    std::vector<double> colored = source;
    const size_t image = static_cast<size_t>(h * w * c);
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
      double* v = &colored[i * image];
      for (size_t k = 0; k < image; ++k) v[k] += draws[i].brightness;
      double sum = 0;
      for (size_t at = 0; at < image; at += static_cast<size_t>(c)) {
        double grey = 0;
        for (size_t k = 0; k < static_cast<size_t>(c); ++k) grey += v[at + k] / static_cast<double>(c);
        for (size_t k = 0; k < static_cast<size_t>(c); ++k) {
          if (c > 1) v[at + k] = (v[at + k] - grey) * draws[i].saturation + grey;
          sum += v[at + k];
        }
      }
      const double mean = sum / static_cast<double>(image);
      for (size_t k = 0; k < image; ++k) v[k] = (v[k] - mean) * draws[i].contrast + mean;
    }
    const std::vector<double> got = diff_augment(x, {true, false, false}, drawn).values();
    for (size_t k = 0; k < got.size(); ++k) REQUIRE(got[k] == doctest::Approx(colored[k]).epsilon(1e-12));

    std::vector<double> moved(source.size(), 0.0), cut = source, all(source.size(), 0.0);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t y = 0; y < h; ++y)
        for (int64_t u = 0; u < w; ++u)
          for (int64_t k = 0; k < c; ++k) {
            const Draw& d = draws[static_cast<size_t>(i)];
            const auto at = [&](int64_t row, int64_t column) { return static_cast<size_t>(((i * h + row) * w + column) * c + k); };
            const int64_t row = y - d.down, column = u - d.right;
            const bool inside = row >= 0 && row < h && column >= 0 && column < w;
            const bool erased = y >= d.top && y < d.top + d.height && u >= d.left && u < d.left + d.width;
            if (inside) moved[at(y, u)] = source[at(row, column)];
            if (erased) cut[at(y, u)] = 0;
            all[at(y, u)] = inside && !erased ? colored[at(row, column)] : 0;
          }
    CHECK(diff_augment(x, {false, true, false}, drawn).values() == moved);
    CHECK(diff_augment(x, {false, false, true}, drawn).values() == cut);
    const std::vector<double> whole = diff_augment(x, {true, true, true}, drawn).values();
    for (size_t k = 0; k < whole.size(); ++k) REQUIRE(whole[k] == doctest::Approx(all[k]).epsilon(1e-12));
    CHECK(diff_augment(x, {}, drawn).values() == source);
  }
}

TEST_CASE("draws fill their ranges, evenly, whatever the sides") {
  for (const auto& [h, w] : {std::pair<int64_t, int64_t>{32, 32}, {28, 30}, {9, 17}, {7, 5}}) {
    const Shape shape{4000, h, w, 3};
    const std::vector<Draw> draws = draws_of(drawn_for(shape), h, w);
    std::map<int, int> right, down, middle;
    double brightness = 0, saturation = 0, contrast = 0, square = 0, product = 0;
    for (const Draw& d : draws) {
      REQUIRE(std::abs(d.brightness) <= .5);
      REQUIRE((d.saturation >= 0 && d.saturation <= 2 && d.contrast >= .5 && d.contrast <= 1.5));
      REQUIRE((d.height == h / 2 && d.width == w / 2));
      brightness += d.brightness, saturation += d.saturation, contrast += d.contrast, square += d.brightness * d.brightness;
      product += (d.contrast - 1) * d.right;
      ++right[d.right], ++down[d.down], ++middle[d.top + d.height / 2];
    }
    const double n = static_cast<double>(draws.size());
    CHECK(std::abs(brightness / n) < 5 * .2887 / std::sqrt(n));
    CHECK(square / n == doctest::Approx(1.0 / 12).epsilon(.06));
    CHECK(std::abs(saturation / n - 1) < 5 * .5774 / std::sqrt(n));
    CHECK(std::abs(contrast / n - 1) < 5 * .2887 / std::sqrt(n));
    CHECK(std::abs(product / n) < 5 * .2887 * static_cast<double>(w) / 8 / std::sqrt(n));  // one draw says nothing of another
    const auto even = [&](const std::map<int, int>& counts, int64_t low, int64_t high) {
      CHECK(counts.size() == static_cast<size_t>(high - low + 1));
      CHECK(counts.begin()->first == low);
      CHECK(counts.rbegin()->first == high);
      const double expected = n / static_cast<double>(counts.size());
      for (const auto& [value, count] : counts) CHECK(std::abs(count - expected) < 5 * std::sqrt(expected));
    };
    even(right, -(w / 8), w / 8), even(down, -(h / 8), h / 8), even(middle, 0, h - 1);
  }
}

TEST_CASE("a sample's draws follow its number, not its batch; steps, passes and seeds have others") {
  const Shape shape{12, 16, 16, 3};
  const std::vector<double> whole = drawn_for(shape).record.values();
  std::vector<double> parts;
  for (int64_t from : {0, 5, 11}) {
    const int64_t n = from == 0 ? 5 : from == 5 ? 6 : 1;
    const std::vector<double> part = drawn_for({n, 16, 16, 3}, 3, Device::cpu, from).record.values();
    parts.insert(parts.end(), part.begin(), part.end());
  }
  CHECK(parts.size() == whole.size());
  for (size_t i = 0; i < whole.size(); ++i)  // a head's bits may be those of no number
    CHECK((parts[i] == whole[i] || (std::isnan(parts[i]) && std::isnan(whole[i]))));
  const auto values_of = [&](const Drawn& d) {
    std::vector<double> v;
    for (const Draw& draw : draws_of(d, 16, 16)) v.push_back(draw.brightness);
    return v;
  };
  const std::vector<double> base = values_of(drawn_for(shape));
  CHECK(values_of(drawn_for(shape, 4)) != base);
  CHECK(values_of(drawn_for(shape, 3, Device::cpu, 12)) != base);
  CHECK(values_of(draw_diff_augment(shape, {8, rng.stream}, step_counter(3, Device::cpu), numbered(12))) != base);
}

TEST_CASE("first and second derivatives against differences") {
  for (const DiffAugment& policy :
       {DiffAugment{true, false, false}, DiffAugment{false, true, false}, DiffAugment{false, false, true}, DiffAugment{true, true, true}})
    for (const Shape& shape : {Shape{3, 8, 9, 3}, Shape{2, 8, 8, 1}}) {
      const Drawn drawn = drawn_for(shape);
      const GradCase c{
          "diff_augment", shape.text(), {values(shape, 1)}, [&](const Tensors& t) { return square(diff_augment(t[0], policy, drawn)); }};
      for (const GradResult& r : {gradcheck(c), gradgradcheck(c)}) CHECK_MESSAGE(r.passed, r.message);
    }
}

TEST_CASE("the simulated GPU draws the same and shows the same") {
  if (const std::string why = why_not(Device::sim); !why.empty()) return skip(why);
  const Shape shape{4, 9, 16, 3};
  const Tensor x = cast(values(shape, 2), DType::f32);
  const Drawn here = drawn_for(shape), there = drawn_for(shape, 3, Device::sim);
  CHECK(here.maps.values() == there.maps.values());
  CHECK(here.boxes.values() == there.boxes.values());
  const Tensor on_sim = x.to(Device::sim);
  CHECK(diff_augment(x, {false, true, true}, here).values() == diff_augment(on_sim, {false, true, true}, there).values());
  const std::vector<double> a = diff_augment(x, {true, true, true}, here).values(),
                            b = diff_augment(on_sim, {true, true, true}, there).values();
  for (size_t i = 0; i < a.size(); ++i) REQUIRE(std::abs(a[i] - b[i]) <= 2e-6);
}

TEST_CASE("a GAN step shows D other draws in each pass, in its own steps and G's, and penalties differentiate through them") {
  for (const Penalty penalty : {Penalty::none, Penalty::wgan_gp, Penalty::r1, Penalty::dragan}) {
    const GanConfig config{
        .h = 8, .w = 8, .channels = 1, .nz = 2, .ngf = 2, .ndf = 2, .d_norm = penalty == Penalty::none ? Norm::batch : Norm::layer};
    const auto run = [&](bool transformed, std::vector<int>* passes) {
      Generator g(config, Device::cpu);
      Discriminator d(config, Device::cpu);
      init_weights(g, 1), init_weights(d, 1);
      Optimizer opt_g({}, masters(g)), opt_d({}, masters(d));
      const Tensor real = clamp(cast(values({4, 8, 8, 1}, 5), DType::f32), -1, 1).detach();
      GanStep step{g,
                   d,
                   opt_g,
                   opt_d,
                   1,
                   step_counter(0, Device::cpu),
                   real,
                   {},
                   Tensor::zeros({GanReport::size}, DType::f32, Device::cpu),
                   {.penalty = penalty, .matching = .1}};
      if (transformed)
        step.transform = [&](const Tensor& x, int pass) {
          REQUIRE(pass < step.passes());
          passes->push_back(pass);
          return diff_augment(x, {true, true, true}, draw_diff_augment(x.shape(), rng, step.step, numbered(4, Device::cpu, pass * 4)));
        };
      for (int i = 0; i < 2; ++i) step();
      std::vector<double> weights = step.report.values();
      for (const Tensors& of : {masters(g), masters(d)})
        for (const Tensor& t : of) {
          const std::vector<double> v = t.values();
          weights.insert(weights.end(), v.begin(), v.end());
        }
      for (double v : weights) REQUIRE(std::isfinite(v));
      return weights;
    };
    std::vector<int> passes, again;
    const std::vector<double> through = run(true, &passes);
    CHECK(through == run(true, &again));
    CHECK(through != run(false, nullptr));
    const size_t a_step = penalty == Penalty::none ? 4 : 5;  // D on real, on fake, its penalty; G; G's features of real images
    CHECK(passes.size() == 2 * a_step);
    CHECK(std::set<int>(passes.begin(), passes.end()).size() == a_step);
  }
}
