// Lesson: the earth mover's distance and the gradient penalty, by hand. Prints the numbers of docs/lessons/wasserstein.md.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/rng.h"
#include "models/penalties.h"

using namespace duel;

namespace {

Tensor tensor(const Shape& shape, const std::vector<double>& v) { return Tensor::from(shape, v, DType::f64, Device::cpu); }
void print(const std::string& name, const std::vector<double>& values) {
  std::string numbers;
  for (const double v : values) numbers += fmt::format("{:11.6f}", v);
  fmt::print("   {:<42}{}\n", name, numbers);
}

// Every way of pairing real with made points, and what it costs on the average.
void pairings(const std::vector<double>& real, std::vector<double> made) {
  std::sort(made.begin(), made.end());
  do {
    double cost = 0;
    std::string pairs;
    for (size_t i = 0; i < real.size(); ++i) {
      cost += std::abs(real[i] - made[i]) / static_cast<double>(real.size());
      pairs += fmt::format("{}-{} ", made[i], real[i]);
    }
    fmt::print("   {:<42}{:11.6f}\n", "pairs " + pairs, cost);
  } while (std::next_permutation(made.begin(), made.end()));
}

// t = v·leaky_relu(a·x): as small as a critic can be.
struct Critic {
  Tensor a = tensor({1, 2}, {0.6, 0.8}), v = tensor({1, 1}, {2});
  Tensor operator()(const Tensor& x) const { return linear(leaky_relu(linear(reshape(x, {x.shape()[0], 2}), a), 0.2), v); }
};

// The slope of a critic like gan2d's, three hidden layers of 128, when clipping has pressed every weight against its limit
// and every unit is on.
double clipped_slope(double c) {
  const Tensor x = tensor({1, 2}, {1, 1});
  Tensor h = x;
  for (const int64_t to : {128, 128, 128, 1}) h = linear(h, Tensor::full({to, h.shape()[1]}, c, DType::f64, Device::cpu));
  return std::sqrt(sum(square(grad(h, {x})[0])).item());
}

// Which share of the points x̂ = ε·x + (1 − ε)·G(z) lies beyond x or G(z).
double beyond(const Tensor& drawn) {
  const std::vector<double> e = drawn.values();
  return static_cast<double>(std::count_if(e.begin(), e.end(), [](double v) { return v < 0 || v > 1; })) / static_cast<double>(e.size());
}

}  // namespace

int main() {
  fmt::print("1. Earth mover's distance: real points 0 4, made points 1 2\n");
  pairings({0, 4}, {1, 2});
  fmt::print("   real points 0 2 6, made points 1 3 4\n");
  pairings({0, 2, 6}, {1, 3, 4});

  fmt::print("\n2. The penalty, two samples, ε = 0.5: a = (0.6, 0.8), v = 2\n");
  const Critic d;
  const Tensor real = tensor({2, 1, 1, 2}, {3, 1, 1, 0}), fake = tensor({2, 1, 1, 2}, {-1, 1, -3, -2});
  const Tensor half = tensor({2, 1, 1, 1}, {0.5, 0.5});
  for (int64_t i = 0; i < 2; ++i) {
    const Tensor p = penalty_of(Penalty::wgan_gp, d, slice(real, i, i + 1), slice(fake, i, i + 1), slice(half, i, i + 1));
    const Tensors g = grad(p, {d.v, d.a});
    print(fmt::format("sample {}: penalty (|slope| - 1)²", i + 1), p.values());
    print("   its derivative by v", g[0].values()), print("   its derivative by a", g[1].values());
  }
  const Tensor both = penalty_of(Penalty::wgan_gp, d, real, fake, half);
  print("mean over both", both.values()), print("   its derivative by v", grad(both, {d.v})[0].values());

  fmt::print("\n3. The largest slope that clipping to ±c allows, three hidden layers of 128\n");
  for (const double c : {0.01, 0.1, 1.0}) fmt::print("   {:<42}{:14.4f}\n", fmt::format("c = {}", c), clipped_slope(c));

  fmt::print("\n4. Of 10000 points at which the penalty looks, those that do not lie between a real and a made one\n");
  const Rng draws{1, RandomStream::penalty};
  fmt::print("   {:<42}{:8.1f} %\n", "ε uniform in [0, 1)", 100 * beyond(draws.uniform({10000}, step_counter())));
  fmt::print("   {:<42}{:8.1f} %\n", "ε from N(0, 1)", 100 * beyond(draws.normal({10000}, step_counter())));
}
