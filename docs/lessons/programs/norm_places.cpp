// Lesson: batch norm in the wrong place, in the wrong order, and with a wrong number. Prints the second half of docs/lessons/batch_norm.md.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/rng.h"

using namespace duel;

namespace {

constexpr double slope = 0.2;

Tensor column(const std::vector<double>& v) { return Tensor::from({static_cast<int64_t>(v.size()), 1}, v, DType::f64, Device::cpu); }
Tensor number(double v) { return Tensor::from({1}, {v}, DType::f64, Device::cpu); }
void print(const std::string& name, const Tensor& t) {
  std::string numbers;
  for (const double v : t.values()) numbers += fmt::format("{:10.6f}", std::abs(v) < 1e-12 ? 0 : v);
  fmt::print("   {:<44}{}\n", name, numbers);
}
Tensor normed(const Tensor& x, double eps = 0) { return batch_norm(x, {number(1), number(0), number(0), number(1), 0.1, eps}); }
double deviation(const Tensor& x) { return std::sqrt(mean(square(x - mean(x))).item()); }

void order() {
  fmt::print("1. ReLU, batch norm, leaky ReLU: x = -3 -1 1 3\n");
  const Tensor x = column({-3, -1, 1, 3}), g = column({1, 2, 4, 8});
  const Tensor wrong = leaky_relu(normed(relu(x)), slope), right = leaky_relu(normed(x), slope);
  print("batch norm of ReLU(x)", normed(relu(x))), print("leaky ReLU of that", wrong), print("   gx of g = 1 2 4 8", vjp(wrong, g, {x})[0]);
  print("leaky ReLU of batch norm of x", right), print("   gx of g = 1 2 4 8", vjp(right, g, {x})[0]);
  constexpr int64_t n = 100000;
  const Tensor many = Rng{1, RandomStream::noise}.normal({n, 1}, step_counter(0, Device::cpu), 0, 1, DType::f64);
  const Tensor rectified = relu(many);
  const std::vector<double> y = normed(rectified).values();
  const double least = *std::min_element(y.begin(), y.end());
  fmt::print("   {:<44}{:10.3f}{:10.3f}\n", "mean, deviation of ReLU of 100000 normal x", mean(rectified).item(), deviation(rectified));
  fmt::print("   {:<44}{:8.1f} %\n", "of them at one value behind batch norm",
             100.0 * static_cast<double>(std::count(y.begin(), y.end(), least)) / n);
  fmt::print("   {:<44}{:10.3f}\n", "   which is", least);
}

void at_the_input() {
  fmt::print("\n2. Batch norm on D's input: real images, and made ones with a tenth of the contrast and much too light\n");
  const Tensor real = column({-1, -0.5, 0.5, 1}), contrast = number(0.1), brightness = number(0.7), w = column({1, 2, -1, 3});
  const Tensor made = real * contrast + brightness;
  print("real", real), print("made = 0.1 · real + 0.7", made);
  for (const bool norm : {false, true}) {
    const auto seen = [&](const Tensor& x) { return norm ? normed(x) : x; };
    fmt::print("   {}\n", norm ? "behind batch norm" : "without it");
    print("   what D's first layer is given of real", seen(real)), print("   and of made", seen(made));
    const Tensors g = grad(sum(seen(made) * w), {contrast, brightness});
    fmt::print("   {:<44}{:10.6f}{:10.6f}\n", "   D's answer by contrast, by brightness", g[0].item() + 0.0, g[1].item() + 0.0);
  }
}

void at_the_output() {
  fmt::print("\n3. Batch norm on G's output, before tanh\n");
  for (const auto& [name, u] : {std::pair{"night: u = -3.2 -3.1 -2.9 -2.8", column({-3.2, -3.1, -2.9, -2.8})},
                                {"day:   u = 2.8 2.9 3.1 3.2", column({2.8, 2.9, 3.1, 3.2})},
                                {"two of each: u = -3 -3 3 3", column({-3, -3, 3, 3})}})
    print(fmt::format("{}, tanh", name), tanh(u)), print("   tanh of batch norm", tanh(normed(u)));
}

void wrong_number() {
  fmt::print("\n4. The momentum given as ε: deviation behind batch norm\n");
  for (const double before : {3.0, 0.3, 0.03}) {
    const Tensor x = column({-before, before, -before, before});
    fmt::print("   before {:<5}  ε = 0.00001 {:8.4f}   ε = 0.8 {:8.4f}\n", before, deviation(normed(x, 1e-5)), deviation(normed(x, 0.8)));
  }
}

}  // namespace

int main() { order(), at_the_input(), at_the_output(), wrong_number(); }
