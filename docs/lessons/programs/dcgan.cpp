// Lesson: DCGAN's layers and their derivatives. A generator and a discriminator of a few weights, images of four pixels in a row; prints
// the numbers of docs/lessons/dcgan.md.
#include <fmt/format.h>

#include "engine/grad.h"
#include "engine/ops.h"

using namespace duel;

namespace {

Tensor row(const std::vector<double>& v) { return Tensor::from({1, 1, static_cast<int64_t>(v.size()), 1}, v, DType::f64, Device::cpu); }
void print(const char* name, const Tensor& t) {
  std::string numbers;
  for (const double v : t.values()) numbers += fmt::format("{:10.6f}", v + 0.0);
  fmt::print("   {:<38}{}\n", name, numbers);
}
double dot(const Tensor& a, const Tensor& b) { return sum(a * b).item(); }

// The one convolution of D that is not trivial: 4 pixels to 2, kernel 4, stride 2, padding 1. Along a row only.
const Conv2dProblem halving{.w = 4, .s = 4, .q = 2, .v = 2, .left = 1};
const Conv2dProblem last{.w = 2, .s = 2, .q = 1};   // D's last: the kernel covers what is there
const Conv2dProblem first{.w = 4, .s = 4, .q = 1};  // G's first, from the other side: 1 number to 4

}  // namespace

int main() {
  const Tensor z = row({0.5}), w0 = row({1, -2, 2, 0.4}), w1 = row({1, 1, -1, 2}), w2 = row({0.5, 1});
  const Tensor one = Tensor::full({}, 1, DType::f64, Device::cpu), zero = Tensor::full({}, 0, DType::f64, Device::cpu);

  const Tensor u = conv2d_dgrad(z, w0, first), x = tanh(u);
  const Tensor a = conv2d_fwd(x, w1, halving), h = leaky_relu(a, 0.2), t = conv2d_fwd(h, w2, last);
  fmt::print("1. Forward\n");
  print("z", z), print("u = transposed convolution of z by w0", u), print("x = tanh(u)", x);
  print("a = convolution of x by w1", a), print("h = leaky_relu(a)", h), print("t = convolution of h by w2", t);

  const Tensor loss_d = mean(bce_logits(t, zero));
  const Tensors d = grad(loss_d, {t, h, a, w2, w1});
  fmt::print("\n2. D's loss on this image, backwards\n");
  print("loss = log(1 + exp(t))", loss_d), print("dt = σ(t) - 0", d[0]), print("dh = dt · w2", d[1]);
  print("da = dh, a fifth of it where a < 0", d[2]), print("dw2 = dt · h", d[3]), print("dw1 from grad()", d[4]);
  print("dw1 = conv2d_wgrad(x, da)", conv2d_wgrad(x, d[2], halving));

  const Tensor loss_g = mean(bce_logits(t, one));
  const Tensors g = grad(loss_g, {t, a, x, u, w0});
  fmt::print("\n3. G's loss, backwards through D and G\n");
  print("loss = log(1 + exp(-t))", loss_g), print("dt = σ(t) - 1", g[0]), print("da", g[1]), print("dx from grad()", g[2]);
  print("dx = conv2d_dgrad(da, w1)", conv2d_dgrad(g[1], w1, halving));
  print("du = dx · (1 - x²)", g[3]), print("dw0 from grad()", g[4]), print("dw0 = conv2d_wgrad(du, z)", conv2d_wgrad(g[3], z, first));

  fmt::print("\n4. One number, three ops: x = 1 0 2 -1, w = 1 2 3 4, g = 5 -1\n");
  const Tensor x4 = row({1, 0, 2, -1}), w4 = row({1, 2, 3, 4}), g2 = row({5, -1});
  const Tensor y = conv2d_fwd(x4, w4, halving), gx = conv2d_dgrad(g2, w4, halving), gw = conv2d_wgrad(x4, g2, halving);
  print("conv2d_fwd(x, w)", y), print("conv2d_dgrad(g, w)", gx), print("conv2d_wgrad(x, g)", gw);
  fmt::print("   g·fwd = {}, x·dgrad = {}, w·wgrad = {}\n", dot(g2, y), dot(x4, gx), dot(w4, gw));

  fmt::print("\n5. How much of a gradient passes\n");
  const Tensor far = row({0, 1, 2, 3, 4});
  print("u", far), print("1 - tanh²(u)", grad(sum(tanh(far)), {far})[0]);
  const Tensor logits = row({-40, -4, 0, 4, 40}), loss = bce_logits(logits, one);
  print("t", logits), print("loss against 1", loss), print("σ(t) - 1", grad(sum(loss), {logits})[0]);
}
