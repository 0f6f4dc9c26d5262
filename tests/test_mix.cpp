// Mixing through the engine: what it does to a batch, how its shares are distributed, its derivatives. The rows are held by test_rows.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "augment/mix.h"
#include "augment/mix/beta.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "tests/file_support.h"
#include "tests/gradcheck.h"
#include "tests/mix_cases.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

const Rng rng{7, RandomStream::mixing};

Tensor i32(const Shape& shape, const std::vector<double>& values, Device device = Device::cpu) {
  return Tensor::from(shape, values, DType::i32, device);
}
Tensor f32(const std::vector<double>& values) {
  return Tensor::from({static_cast<int64_t>(values.size())}, values, DType::f32, Device::cpu);
}

// 0, 1, 2, … modulo what a u8 holds: neighbouring samples differ in every element.
Tensor counted(const Shape& shape, DType dtype = DType::f32, Device device = Device::cpu) {
  std::vector<double> values(static_cast<size_t>(shape.count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 251);
  return Tensor::from(shape, values, dtype, device);
}

// Iₓ(a, a), the distribution of Beta(a, a): a hypergeometric series of positive terms below ½, its symmetry above.
double beta_distribution(double a, double x) {
  if (x > 0.5) return 1 - beta_distribution(a, 1 - x);
  if (x <= 0) return 0;
  double term = 1, sum = 1;
  for (int k = 0; k < 2000; ++k) sum += term *= (2 * a + k) / (a + 1 + k) * x;
  return sum * std::exp(a * (std::log(x) + std::log1p(-x)) - 2 * std::lgamma(a) + std::lgamma(2 * a)) / a;
}

// Kolmogorov and Smirnov's √n·sup |F(x) − F̂(x)|. Above 1.95 once in a thousand. A float stands for all that rounds to it: at α = .2 a share
// is within 2⁻²⁵ of 1, and so rounds to it, in two of a hundred draws.
double kolmogorov(std::vector<double> values, const std::function<double(double)>& distribution) {
  std::sort(values.begin(), values.end());
  const double n = static_cast<double>(values.size());
  double most = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double half = values[i] * 0x1p-24, at = static_cast<double>(i) / n;
    most = std::max({most, distribution(values[i] - half) - at, at + 1 / n - distribution(values[i] + half)});
  }
  return most * std::sqrt(n);
}

std::vector<double> concatenated(std::vector<double> a, const std::vector<double>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("shares are distributed as Beta(alpha, alpha)") {
  CHECK(beta_distribution(1, 0.3) == doctest::Approx(0.3));  // first, that the test's own distribution is right
  CHECK(beta_distribution(2, 0.3) == doctest::Approx(3 * 0.09 - 2 * 0.027));
  CHECK(beta_distribution(0.5, 0.2) == doctest::Approx(2 / std::acos(-1.0) * std::asin(std::sqrt(0.2))));
  const int64_t n = 20000;
  for (double alpha : {0.2, 0.5, 1.0, 1.5, 4.0, 100.0}) {
    CAPTURE(alpha);
    const std::vector<double> shares = draw_mixup(n, alpha, Share::sample, rng, 3, 0, Device::cpu).share.values();
    CHECK(kolmogorov(shares, [&](double x) { return beta_distribution(alpha, x); }) < 1.95);
    if (alpha != 1) CHECK(kolmogorov(shares, [](double x) { return x; }) > 5);  // uniform it is not
    std::vector<double> by_step;                                                // one for each batch is drawn likewise
    for (int step = 0; step < 2000; ++step) by_step.push_back(draw_mixup(1, alpha, Share::batch, rng, step, 0, Device::cpu).share.item());
    CHECK(kolmogorov(by_step, [&](double x) { return beta_distribution(alpha, x); }) < 1.95);
  }
}

TEST_CASE("shares at the ends of alpha") {
  int between = 0;  // of Beta(.001, .001) all but .7 % lies within 10⁻³ of 0 or 1
  double sum = 0;
  for (double share : draw_mixup(1000, 0.001, Share::sample, rng, 0, 0, Device::cpu).share.values()) {
    REQUIRE((share >= 0 && share <= 1));
    between += share > 1e-3 && share < 0.999, sum += share;
  }
  CHECK(between < 25);
  CHECK(std::abs(sum - 500) < 5 * std::sqrt(250.0));
  const std::vector<double> narrow = draw_mixup(1000, 1e4, Share::sample, rng, 0, 0, Device::cpu).share.values();
  for (double share : narrow) CHECK(std::abs(share - 0.5) < 0.02);  // the deviation is 1/√(8·10⁴)
  CHECK(std::accumulate(narrow.begin(), narrow.end(), 0.0) / 1000 == doctest::Approx(0.5).epsilon(2e-3));
  for (float x : {0.f, -1e-6f, -0.3f, -1.f, -17.25f, -86.9f}) CHECK(portable_exp(x) == doctest::Approx(std::exp(x)).epsilon(3e-7));
  CHECK(portable_exp(-200.f) == 0.f);
}

TEST_CASE("the bits of a draw are fixed for good: recorded runs depend on them") {
  const std::vector<float> expected{0x1.fffffcp-1f, 0x1.ffdc96p-1f, 0x1.8b820ap-13f, 0x1.77a28ep-2f, 0x1.a348ecp-2f,
                                    0x1.4cd7f6p-1f, 0x1.d627p-2f,   0x1.8d729p-1f,   0x1.90cb6p-1f};
  std::vector<float> drawn;
  for (float alpha : {0.2f, 1.f, 4.f})
    for (uint64_t sample : {0, 1, 2}) drawn.push_back(beta_draw(7, 17, 3, sample, 0, alpha));
  CHECK(drawn == expected);
}

TEST_CASE("a sample's share and box do not depend on the batch that it comes in") {
  const int64_t n = 64;
  const std::vector<double> whole = draw_mixup(n, 0.4, Share::sample, rng, 5, 0, Device::cpu).share.values();
  const Mixing cut = draw_cutmix({n, 16, 20, 1}, 1, Share::sample, rng, 5, 0, Device::cpu);
  for (int64_t batch : {1, 7, 64}) {
    std::vector<double> shares, boxes, cut_shares;
    for (int64_t from = 0; from < n; from += batch) {
      const int64_t count = std::min(batch, n - from);
      shares = concatenated(shares, draw_mixup(count, 0.4, Share::sample, rng, 5, from, Device::cpu).share.values());
      const Mixing part = draw_cutmix({count, 16, 20, 1}, 1, Share::sample, rng, 5, from, Device::cpu);
      boxes = concatenated(boxes, part.box.values());
      cut_shares = concatenated(cut_shares, part.share.values());
    }
    CHECK(shares == whole);
    CHECK(boxes == cut.box.values());
    CHECK(cut_shares == cut.share.values());
  }
  const std::vector<std::vector<double>> others{
      draw_mixup(n, 0.4, Share::sample, rng, 6, 0, Device::cpu).share.values(),
      draw_mixup(n, 0.4, Share::sample, rng, 5, n, Device::cpu).share.values(),
      draw_mixup(n, 0.4, Share::sample, {8, rng.stream}, 5, 0, Device::cpu).share.values(),
      draw_mixup(n, 0.4, Share::sample, {7, RandomStream::noise}, 5, 0, Device::cpu).share.values()};
  for (const std::vector<double>& other : others) {
    int equal = 0;
    for (size_t i = 0; i < other.size(); ++i) equal += other[i] == whole[i];
    CHECK(equal < 3);
  }
  const std::vector<double> one = draw_mixup(5, 0.4, Share::batch, rng, 5, 0, Device::cpu).share.values();
  CHECK(one == std::vector<double>(5, one[0]));
  CHECK(draw_mixup(9, 0.4, Share::batch, rng, 5, 100, Device::cpu).share.values()[3] == one[0]);
}

TEST_CASE("pairs are permutations, and every partner has the same chance") {
  const int64_t n = 6, steps = 6000;
  std::vector<std::vector<int>> met(6, std::vector<int>(6));
  for (int step = 0; step < steps; ++step) {
    const Pairs pairs = draw_pairs(n, rng, step, 0, Device::cpu);
    const std::vector<double> partner = pairs.partner.values(), inverse = pairs.inverse.values();
    for (size_t i = 0; i < 6; ++i) {
      REQUIRE(inverse[static_cast<size_t>(partner[i])] == static_cast<double>(i));
      ++met[i][static_cast<size_t>(partner[i])];
    }
  }
  for (const auto& row : met)
    for (int count : row) CHECK(std::abs(count - 1000) < 5 * std::sqrt(1000 * 5 / 6.0));
  CHECK(draw_pairs(40, rng, 1, 0, Device::cpu).partner.values() == draw_pairs(40, rng, 1, 0, Device::cpu).partner.values());
}

TEST_CASE("boxes: their area is what the share says, their centres are uniform, and before clipping their size is the draw's") {
  const int64_t n = 20000;
  const int h = 12, w = 20;
  const Mixing m = draw_cutmix({n, h, w, 3}, 1, Share::sample, rng, 2, 0, Device::cpu);
  const std::vector<double> box = m.box.values(), share = m.share.values();
  const std::vector<double> drawn = draw_mixup(n, 1, Share::sample, rng, 2, 0, Device::cpu).share.values();
  bool clipped = false;
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    const double top = box[4 * i], left = box[4 * i + 1], bottom = box[4 * i + 2], right = box[4 * i + 3];
    REQUIRE((top >= 0 && left >= 0 && bottom <= h && right <= w && top <= bottom && left <= right));
    REQUIRE(share[i] == doctest::Approx(1 - (bottom - top) * (right - left) / (h * w)));
    const double side = std::sqrt(1 - drawn[i]), tall = std::floor(h * side + 1e-5), wide = std::floor(w * side + 1e-5);
    REQUIRE((bottom - top <= tall && right - left <= wide));
    if (top > 0 && bottom < h && left > 0 && right < w) REQUIRE((bottom - top == tall && right - left == wide));
    clipped |= bottom - top < tall;
    REQUIRE(share[i] >= drawn[i] - 1e-5);  // a clipped or rounded box takes less than was drawn
  }
  CHECK(clipped);
  // Rows of the centres, read off the boxes that no border cut: each inner row as often as the others.
  const Mixing small = draw_cutmix({n, 40, 40, 1}, 1e4, Share::sample, rng, 4, 0, Device::cpu);  // side 28 of 40, nearly always
  const std::vector<double> boxes = small.box.values();
  std::vector<int> centre(40);
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    const double top = boxes[4 * i], bottom = boxes[4 * i + 2];
    ++centre[static_cast<size_t>(top > 0 ? top + 14 : bottom - 14)];  // cut above: the end tells; cut below: the beginning
  }
  for (int row = 1; row < 39; ++row) CHECK(std::abs(centre[static_cast<size_t>(row)] - n / 40) < 6 * std::sqrt(n / 40.0));
}

TEST_CASE("one share for the batch is one box for the batch") {
  const Mixing m = draw_cutmix({5, 32, 32, 1}, 1, Share::batch, rng, 9, 0, Device::cpu);
  const std::vector<double> box = m.box.values(), share = m.share.values();
  for (size_t i = 0; i < 5; ++i) {
    CHECK(share[i] == share[0]);
    CHECK(std::equal(box.begin(), box.begin() + 4, box.begin() + static_cast<long>(4 * i)));
  }
}

TEST_CASE("mixup by hand, in every dtype") {
  const Pairs pairs = pairs_of({2, 0, 1}, Device::cpu);
  const Mixing how{pairs, f32({1, 0.5, 0.25}), {}};
  for (DType t : {DType::f32, DType::f64, DType::bf16, DType::u8}) {
    CAPTURE(name_of(t));
    const Tensor x = Tensor::from({3, 2}, {8, 16, 40, 100, 80, 200}, t, Device::cpu);
    const Tensor y = mixup(x, how);
    CHECK(y.dtype() == t);
    CHECK(y.values() == std::vector<double>{8, 16, 24, 58, 50, 125});  // 40/2 + 8/2, 80/4 + 40·3/4
    CHECK(sample_pairing(x, pairs).values() == std::vector<double>{44, 108, 24, 58, 60, 150});
  }
  CHECK(sample_pairing(Tensor::from({2, 1}, {10, 13}, DType::u8, Device::cpu), pairs_of({1, 0}, Device::cpu)).values() ==
        std::vector<double>{12, 12});  // 11.5, rounded up
}

TEST_CASE("an empty batch mixes to an empty batch") {
  const Tensor x = Tensor::zeros({0, 4, 4, 1}, DType::f32, Device::cpu);
  const Mixing m = draw_cutmix(x.shape(), 1, Share::sample, rng, 1, 0, Device::cpu);
  CHECK(cutmix(x, m).shape() == x.shape());
  const Tensor y = mixup(x, m);
  CHECK(y.shape() == x.shape());
  CHECK(vjp(y, x, {x})[0].shape() == x.shape());
  CHECK(moex(Tensor::zeros({0, 3}, DType::f32, Device::cpu), m.pairs).count() == 0);
}

TEST_CASE("cutmix takes the box from the partner and nothing else") {
  const Tensor x = counted({3, 4, 5, 2}, DType::u8);
  const Mixing how{pairs_of({1, 2, 0}, Device::cpu), f32({1, 1, 1}), i32({3, 4}, {1, 2, 3, 5, 0, 0, 4, 5, 2, 2, 2, 4})};
  const std::vector<double> in = x.values(), out = cutmix(x, how).values();
  const auto at = [](size_t i, size_t h, size_t w, size_t c) { return ((i * 4 + h) * 5 + w) * 2 + c; };
  for (size_t h = 0; h < 4; ++h)
    for (size_t w = 0; w < 5; ++w)
      for (size_t c = 0; c < 2; ++c) {
        CHECK(out[at(0, h, w, c)] == in[at(h >= 1 && h < 3 && w >= 2 ? 1 : 0, h, w, c)]);
        CHECK(out[at(1, h, w, c)] == in[at(2, h, w, c)]);  // the whole image
        CHECK(out[at(2, h, w, c)] == in[at(2, h, w, c)]);  // a box of no rows
      }
}

TEST_CASE("the derivative is the adjoint: <M u, v> = <u, Mᵀ v>") {
  const Pairs pairs = pairs_of({2, 0, 1, 4, 3}, Device::cpu);
  const Mixing how{pairs, f32({1, 0.5, 0.25, 0.75, 0}), i32({5, 4}, {0, 0, 2, 2, 1, 1, 3, 3, 0, 1, 3, 2, 2, 0, 1, 3, 0, 0, 3, 3})};
  const Tensor u = values({5, 3, 3, 2}, 1), v = values({5, 3, 3, 2}, 2);
  for (int which = 0; which < 2; ++which) {
    const auto mixed = [&](const Tensor& t) { return which ? cutmix(t, how) : mixup(t, how); };
    const Tensor back = vjp(mixed(u), v, {u})[0];
    CHECK(sum(mul(mixed(u), v)).item() == doctest::Approx(sum(mul(u, back)).item()).epsilon(1e-12));
    CHECK(back.values() != v.values());
  }
}

TEST_CASE("moments are exchanged: each position has its own shape and the partner's mean and deviation") {
  const Pairs pairs = pairs_of({1, 2, 0}, Device::cpu);
  const Tensor x = values({3, 2, 2, 8}, 1);
  const std::vector<double> in = x.values(), out = moex(x, pairs, 1e-12).values();
  const auto moments = [](const std::vector<double>& v, size_t position) {
    double mean = 0, square = 0;
    for (size_t c = 0; c < 8; ++c) mean += v[position * 8 + c] / 8;
    for (size_t c = 0; c < 8; ++c) square += (v[position * 8 + c] - mean) * (v[position * 8 + c] - mean) / 8;
    return std::pair(mean, std::sqrt(square));
  };
  for (size_t i = 0; i < 3; ++i)
    for (size_t p = 0; p < 4; ++p) {
      const auto [mean, deviation] = moments(out, i * 4 + p);
      const auto [their_mean, their_deviation] = moments(in, (i + 1) % 3 * 4 + p);
      const auto [own_mean, own_deviation] = moments(in, i * 4 + p);
      CHECK(mean == doctest::Approx(their_mean).epsilon(1e-9));
      CHECK(deviation == doctest::Approx(their_deviation).epsilon(1e-9));
      for (size_t c = 0; c < 8; ++c)
        CHECK((out[(i * 4 + p) * 8 + c] - mean) / deviation == doctest::Approx((in[(i * 4 + p) * 8 + c] - own_mean) / own_deviation));
    }
  const Tensor half = cast(x, DType::bf16);
  CHECK(moex(half, pairs).dtype() == DType::bf16);
  CHECK(moex(x, pairs_of({0, 1, 2}, Device::cpu)).values()[5] == doctest::Approx(in[5]));  // with oneself: nothing happens
}

TEST_CASE("mixed cross entropy weighs both labels") {
  const Tensor logits = values({3, 4}, 1), labels = i32({3}, {0, 3, 1}), swapped = i32({3}, {3, 1, 0});
  const Mixing how{pairs_of({1, 2, 0}, Device::cpu), f32({1, 0.25, 0.5}), {}};
  const std::vector<double> own = cross_entropy(logits, labels).values(), other = cross_entropy(logits, swapped).values();
  const std::vector<double> loss = mixed_cross_entropy(logits, labels, how).values();
  for (size_t i = 0; i < 3; ++i) {
    const double share = i == 0 ? 1 : i == 1 ? 0.25 : 0.5;
    CHECK(loss[i] == doctest::Approx(share * own[i] + (1 - share) * other[i]));
  }
  CHECK(mixed_cross_entropy(logits, labels, fixed_share(how.pairs, 1)).values() == own);
}

TEST_CASE("the schedule of SamplePairing") {
  const PairingSchedule s{.stop = 130};
  std::vector<int64_t> on;
  for (int64_t epoch = 0; epoch < 200; ++epoch)
    if (sample_pairing_on(s, epoch)) on.push_back(epoch);
  CHECK(on.size() == 24);
  CHECK((on.front() == 100 && on[7] == 107 && on[8] == 110 && on.back() == 127));
  CHECK(sample_pairing_on({.start = 0, .on = 1, .off = 0, .stop = 5}, 4));
  CHECK(!sample_pairing_on({.start = 0, .on = 1, .off = 0, .stop = 5}, 5));
}

TEST_CASE("the coin of a step shows p, and the same for the same step") {
  int heads = 0;
  for (int step = 0; step < 4000; ++step) {
    heads += draw_mixing_coin(0.3, rng, step);
    CHECK(draw_mixing_coin(1, rng, step));
    CHECK(!draw_mixing_coin(0, rng, step));
  }
  CHECK(std::abs(heads - 1200) < 5 * std::sqrt(4000 * 0.21));
}

TEST_CASE("first and second derivatives of mixing against differences") {
  for (const GradCase& c : mix_grad_cases()) {
    CAPTURE(c.name);
    const GradResult first = gradcheck(c), second = gradgradcheck(c);
    CHECK_MESSAGE(first.passed, first.message);
    CHECK_MESSAGE(second.passed, second.message);
  }
}

TEST_CASE("the simulated GPU mixes as the CPU does, and so do derivatives there") {
  if (const std::string why = why_not(Device::sim); !why.empty()) return skip(why);
  std::vector<std::vector<double>> results;
  for (Device device : {Device::cpu, Device::sim}) {
    const Tensor x = counted({6, 8, 8, 3}, DType::f32, device), labels = i32({6}, {0, 1, 2, 0, 1, 2}, device);
    const Mixing m = draw_cutmix(x.shape(), 1, Share::sample, rng, 1, 0, device);
    const Tensor cut = cutmix(x, m), pasted_gradient = vjp(cut, x, {x})[0];
    const Mixing half = fixed_share(m.pairs, 0.5);  // halves of whole numbers: exact on every device
    const Tensor mixed = mixup(x, half);
    CHECK(mixed.device() == device);
    results.push_back(
        concatenated(concatenated(cut.values(), pasted_gradient.values()), concatenated(mixed.values(), vjp(mixed, x, {x})[0].values())));
    CHECK(mixed_cross_entropy(slice_channels(reshape(x, {6, 192}), 0, 3), labels, m).count() == 6);
  }
  CHECK(results[0] == results[1]);
}

TEST_CASE("what cannot be mixed is refused, naming the op") {
  const Tensor x = counted({2, 3, 4, 1});
  const Pairs pairs = pairs_of({1, 0}, Device::cpu);
  const Mixing how{pairs, f32({0.5, 0.5}), i32({2, 4}, {0, 0, 1, 1, 0, 0, 1, 1})};
  check_refused([&] { pairs_of({0, 0}, Device::cpu); }, {"[pairs_of]", "partner 0 of sample 1"}, Failure::usage);
  check_refused([&] { pairs_of({0, 2}, Device::cpu); }, {"[pairs_of]"}, Failure::usage);
  check_refused([&] { pairs_of({-1, 0}, Device::cpu); }, {"[pairs_of]"}, Failure::usage);
  check_refused([&] { mixup(x, {{i32({2}, {1, 1}), pairs.inverse}, how.share, {}}); }, {"[mix_samples]", "pairs_of()"}, Failure::usage);
  check_refused([&] { mixup(counted({3, 2}), how); }, {"f32[3]"}, Failure::usage);
  check_refused([&] { mixup({}, how); }, {"[mixup]"}, Failure::usage);
  check_refused([&] { mixup(counted({2, 2}, DType::i32), how); }, {"[mixup]", "i32"}, Failure::usage);
  check_refused([&] { cutmix(x, {pairs, how.share, {}}); }, {"[cutmix]", "draw_cutmix"}, Failure::usage);
  check_refused([&] { cutmix(counted({2, 12}), how); }, {"[paste_boxes]", "[n,h,w,c]"}, Failure::usage);
  check_refused([&] { moex(counted({2, 4, 1}), pairs); }, {"[moex]"}, Failure::usage);
  check_refused([&] { moex(counted({2, 4, 4}), pairs, 0); }, {"[moex]", "eps"}, Failure::usage);
  check_refused([&] { moex(counted({2, 4, 4}, DType::u8), pairs); }, {"[moex]"}, Failure::usage);
  check_refused([&] { fixed_share(pairs, 1.5); }, {"[fixed_share]"}, Failure::usage);
  check_refused([&] { mixed_cross_entropy(counted({2, 3}), i32({3}, {0, 1, 2}), how); }, {"[mixed_cross_entropy]"}, Failure::usage);
  check_refused([&] { draw_mixup(2, 0, Share::batch, rng, 1); }, {"[draw_mixup]", "alpha = 0"}, Failure::usage);
  check_refused([&] { draw_mixup(2, std::nan(""), Share::batch, rng, 1); }, {"[draw_mixup]"}, Failure::usage);
  check_refused([&] { draw_mixup(-1, 1, Share::batch, rng, 1); }, {"[draw_mixup]"}, Failure::usage);
  check_refused([&] { draw_cutmix({2, 3}, 1, Share::batch, rng, 1); }, {"[draw_cutmix]"}, Failure::usage);
  check_refused([&] { draw_cutmix({2, 0, 3, 1}, 1, Share::batch, rng, 1); }, {"[draw_cutmix]"}, Failure::usage);
  check_refused([&] { draw_mixing_coin(1.5, rng, 1); }, {"[draw_mixing_coin]"}, Failure::usage);
  check_refused([&] { sample_pairing_on({}, 3); }, {"[sample_pairing_on]", "stop"}, Failure::usage);
}
