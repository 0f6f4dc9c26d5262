// Augmentation through the engine: what it does to images, what its coins depend on, its derivatives. The rows are held by test_rows.
#include <doctest/doctest.h>

#include <cmath>

#include "augment/augment.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "tests/gradcheck.h"
#include "tests/mix_cases.h"
#include "tests/support.h"
#include "tests/tree_check.h"

using namespace duel;
using namespace duel::test;

namespace {

Tensor coins(const std::vector<double>& values, Device device = Device::cpu) {
  return Tensor::from({static_cast<int64_t>(values.size())}, values, DType::i32, device);
}

// 0, 1, 2, …, modulo what a u8 holds: no row of two or more pixels is its own mirror image.
Tensor counted(const Shape& shape, DType dtype = DType::f32, Device device = Device::cpu) {
  std::vector<double> values(static_cast<size_t>(shape.count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 251);
  return Tensor::from(shape, values, dtype, device);
}

// Which samples of the batch are flipped, read off the images.
std::vector<double> flipped(int64_t n, double p, const Rng& rng, int step, int64_t first = 0, Device device = Device::cpu) {
  const std::vector<double> y = random_flip(counted({n, 1, 2, 1}, DType::f32, device), p, rng, step_counter(step, device), first).values();
  std::vector<double> flips;
  for (size_t i = 0; i < y.size(); i += 2) flips.push_back(y[i] == static_cast<double>((i + 1) % 251));
  return flips;
}

double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (double v : values) sum += v;
  return sum;
}

const Rng rng{7, RandomStream::augment};

Tensor two_maps() {
  return Tensor::from({2, 9}, {1.3, .2, -.4, -.3, 1.6, .1, 0, 0, 1, .8, .1, .6, -.2, .9, .7, .02, -.03, 1}, DType::f32, Device::cpu);
}
Tensor colours() {
  return Tensor::from({2, 12}, {.9, .1, -.2, .3, .2, .8, .1, -.1, 0, .3, 1.1, .2, -.5, .4, .2, .1, .3, .6, -.7, .2, .1, .1, .9, -.3},
                      DType::f32, Device::cpu);
}

std::vector<GradCase> cases_of_derivatives() {
  return {
      {"horizontal_flip",
       "some of three",
       {values({3, 2, 3, 2}, 1)},
       [](const Tensors& t) {
         return square(horizontal_flip(t[0], coins({1, 0, 1})));
       }},
      {"horizontal_flip",
       "of a product with what is not flipped",
       {values({2, 1, 4, 1}, 2), values({2, 1, 4, 1}, 3)},
       [](const Tensors& t) {
         return mul(horizontal_flip(mul(t[0], t[1]), coins({0, 1})), square(t[1]));
       }},
      {"horizontal_flip",
       "by drawn coins",
       {values({6, 1, 3, 1}, 4)},
       [](const Tensors& t) { return square(random_flip(t[0], 0.5, rng, step_counter(3, Device::cpu))); }},
      {"warp_images",
       "two maps, one of them a homography, reflected and averaged",
       {values({2, 4, 5, 2}, 5)},
       [](const Tensors& t) { return square(warp(t[0], two_maps(), {.h = 3, .w = 4, .border = Border::reflect, .antialias = true})); }},
      {"warp_images",
       "bicubic, with a fill beyond the border",
       {values({2, 4, 5, 1}, 6), values({2, 4, 5, 1}, 7)},
       [](const Tensors& t) {
         return mul(warp(mul(t[0], t[1]), two_maps(), {.interpolation = Interpolation::bicubic, .border = Border::constant, .fill = .3}),
                    square(t[1]));
       }},
      {"warp_images_adjoint",
       "the derivative of a warp, as a function of what it is given",
       {values({2, 4, 5, 1}, 8), values({2, 4, 5, 1}, 9)},
       [](const Tensors& t) { return square(grad(sum(mul(t[0], warp(t[1], two_maps()))), {t[1]}, create_graph)[0]); }},
      {"color_matrix",
       "three channels",
       {values({2, 2, 3, 3}, 10)},
       [](const Tensors& t) { return square(color_matrix(t[0], colours())); }},
      {"color_matrix",
       "two channels, between products",
       {values({2, 2, 3, 2}, 11), values({2, 2, 3, 2}, 12)},
       [](const Tensors& t) { return mul(color_matrix(mul(t[0], t[1]), colours()), t[1]); }},
      {"erase_boxes",
       "a box inside and one that overhangs",
       {values({2, 4, 5, 2}, 13)},
       [](const Tensors& t) {
         return square(erase_boxes(t[0], Tensor::from({2, 4}, {1, 1, 3, 4, -2, 3, 2, 9}, DType::i32, Device::cpu), .5));
       }},
  };
}

}  // namespace

TEST_CASE("a flip by hand: the coin's samples, each row mirrored, channels kept in order") {
  const std::vector<double> x{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24};
  const std::vector<double> first{5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24};
  const std::vector<double> second{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17, 18, 15, 16, 13, 14, 23, 24, 21, 22, 19, 20};
  for (DType t : {DType::f32, DType::f64, DType::bf16, DType::u8}) {
    CAPTURE(name_of(t));
    const Tensor images = Tensor::from({2, 2, 3, 2}, x, t, Device::cpu);
    const Tensor y = horizontal_flip(images, coins({1, 0}));
    CHECK(y.dtype() == t);
    CHECK(y.shape() == images.shape());
    CHECK(y.values() == first);
    CHECK(horizontal_flip(images, coins({0, 1})).values() == second);
    CHECK(horizontal_flip(images, coins({0, 0})).values() == x);
    CHECK(images.values() == x);
  }
}

TEST_CASE("two flips by the same coins give the image back, one does not") {
  for (DType t : {DType::f32, DType::f64, DType::bf16, DType::u8})
    for (int64_t width : {1, 2, 5, 16, 33})
      for (int64_t channels : {1, 2, 3, 4, 7}) {
        CAPTURE(name_of(t));
        CAPTURE(width);
        CAPTURE(channels);
        const Tensor x = counted({3, 2, width, channels}, t), by = coins({1, 0, 1});
        const Tensor once = horizontal_flip(x, by);
        CHECK((once.values() == x.values()) == (width == 1));
        CHECK(horizontal_flip(once, by).values() == x.values());
      }
}

TEST_CASE("a sample's coin does not depend on the batch that it comes in") {
  const int64_t n = 40;
  const Tensor x = counted({n, 3, 5, 3}), step = step_counter(11, Device::cpu);
  const std::vector<double> whole = random_flip(x, 0.5, rng, step).values();
  for (int64_t batch : {1, 7, 16}) {
    std::vector<double> parts;
    for (int64_t from = 0; from < n; from += batch) {
      const Tensor part = random_flip(slice(x, from, std::min(n, from + batch)), 0.5, rng, step, from);
      const std::vector<double> values = part.values();
      parts.insert(parts.end(), values.begin(), values.end());
    }
    CHECK(parts == whole);
  }
  const double flips = sum_of(flipped(n, 0.5, rng, 11));  // else the comparison would say nothing
  CHECK(flips > 0);
  CHECK(flips < n);
}

TEST_CASE("p = 0 flips none and p = 1 all") {
  const Tensor x = counted({300, 2, 3, 1}), step = step_counter(1, Device::cpu);
  CHECK(random_flip(x, 0, rng, step).values() == x.values());
  CHECK(random_flip(x, 1, rng, step).values() == horizontal_flip(x, coins(std::vector<double>(300, 1))).values());
}

TEST_CASE("the share of flips is p, and seed, stream, step and sample each change the coins") {
  const int64_t n = 4096;
  for (double p : {0.1, 0.5, 0.8}) {
    const double deviation = std::sqrt(n * p * (1 - p));
    CHECK(std::abs(sum_of(flipped(n, p, rng, 1)) - n * p) < 5 * deviation);
  }
  const std::vector<double> base = flipped(n, 0.5, rng, 1);
  CHECK(flipped(n, 0.5, rng, 1) == base);
  const std::vector<std::vector<double>> others{flipped(n, 0.5, {8, rng.stream}, 1), flipped(n, 0.5, {rng.seed, RandomStream::dropout}, 1),
                                                flipped(n, 0.5, rng, 2), flipped(n, 0.5, rng, 1, n)};
  for (const std::vector<double>& other : others) {  // independent coins agree in half of the samples
    double agree = 0;
    for (size_t i = 0; i < base.size(); ++i) agree += base[i] == other[i];
    CHECK(std::abs(agree - n / 2) < 5 * std::sqrt(n / 4));
  }
}

TEST_CASE("the derivative is the gradient flipped by the same coins") {
  const Tensor x = values({2, 2, 3, 1}, 1), weights = values({2, 2, 3, 1}, 2), by = coins({1, 0});
  const Tensors g = grad(sum(mul(weights, horizontal_flip(x, by))), {x});
  CHECK(g[0].values() == horizontal_flip(weights, by).values());
}

TEST_CASE("first and second derivatives against differences") {
  for (const GradCase& c : cases_of_derivatives()) {
    const GradResult first = gradcheck(c), second = gradgradcheck(c);
    CHECK_MESSAGE(first.passed, first.message);
    CHECK_MESSAGE(second.passed, second.message);
  }
}

TEST_CASE("every op recorded in augment/ has a derivative and is among those checked") {
  std::set<std::string> checked;
  for (const GradCase& c : cases_of_derivatives()) checked.insert(c.op);
  for (const GradCase& c : mix_grad_cases()) checked.insert(c.op);  // test_mix runs them
  CHECK(!recorded_ops(source_dir() / "augment").empty());
  for (const std::string& fault : ops_without_gradient_checks(source_dir() / "augment", checked, checked)) FAIL_CHECK(fault);
}

TEST_CASE("the simulated GPU flips as the CPU does, bit for bit") {
  if (const std::string why = why_not(Device::sim); !why.empty()) return skip(why);
  for (DType t : {DType::f32, DType::bf16, DType::f64, DType::u8}) {
    CAPTURE(name_of(t));
    const Shape shape{5, 3, 17, 3};
    const Tensor on_cpu = horizontal_flip(counted(shape, t), coins({1, 0, 0, 1, 1}));
    const Tensor on_sim = horizontal_flip(counted(shape, t, Device::sim), coins({1, 0, 0, 1, 1}, Device::sim));
    CHECK(on_sim.device() == Device::sim);
    CHECK(on_sim.values() == on_cpu.values());
  }
  CHECK(flipped(200, 0.4, rng, 9, 1000, Device::sim) == flipped(200, 0.4, rng, 9, 1000, Device::cpu));
}

TEST_CASE("what does not fit is refused, naming the op") {
  const Tensor x = counted({2, 2, 3, 1}), step = step_counter(0, Device::cpu);
  const auto refused = [](const char* op, auto&& call) {
    try {
      call();
    } catch (const Error& error) {
      CHECK(error.kind == Failure::usage);
      CHECK_MESSAGE(std::string(error.what()).find(op) == 0, error.what());
      return;
    }
    FAIL_CHECK(op << " took what does not fit");
  };
  refused("[horizontal_flip]", [&] { horizontal_flip(counted({2, 3, 1}), coins({1, 0})); });
  refused("[horizontal_flip]", [&] { horizontal_flip({}, coins({1, 0})); });
  refused("[horizontal_flip]", [&] { horizontal_flip(x, coins({1, 0, 1})); });
  refused("[horizontal_flip]", [&] { horizontal_flip(x, {}); });
  refused("[horizontal_flip]", [&] { horizontal_flip(x, Tensor::from({2}, {1, 0}, DType::f32, Device::cpu)); });
  refused("[random_flip]", [&] { random_flip(x, -0.1, rng, step); });
  refused("[random_flip]", [&] { random_flip(x, 1.5, rng, step); });
  refused("[random_flip]", [&] { random_flip(x, std::nan(""), rng, step); });
  refused("[random_flip]", [&] { random_flip(x, 0.5, rng, {}); });
  refused("[random_flip]", [&] { random_flip(counted({4, 4}), 0.5, rng, step); });
}
