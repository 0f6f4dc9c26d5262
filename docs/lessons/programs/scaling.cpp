// Lesson: images that are not what a DCGAN's nets are made for, and what they say to that: docs/lessons/dcgan.md.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/data/shapes.h"
#include "models/gan_step.h"

using namespace duel;

namespace {

constexpr int n = 16, side = 32;
constexpr size_t pixels = static_cast<size_t>(side) * side;
const GanConfig net{.h = side, .w = side, .channels = 1, .nz = 8, .ngf = 4, .ndf = 4};

// The first line of what `f` is refused with.
template <class F>
std::string refusal(F&& f) {
  try {
    f();
    return "accepted";
  } catch (const Error& e) {
    const std::string text = e.what();
    return "refused: " + text.substr(0, text.find('\n'));
  }
}

void first_step(const std::vector<double>& images) {
  Generator g(net, Device::cpu);
  Discriminator d(net, Device::cpu);
  init_weights(g, 1), init_weights(d, 1);
  Optimizer opt_g({}, masters(g)), opt_d({}, masters(d));
  GanStep step{g,
               d,
               opt_g,
               opt_d,
               1,
               step_counter(),
               Tensor::from({n, side, side, 1}, images, DType::f32, Device::cpu),
               {},
               Tensor::zeros({GanReport::size})};
  step();
}

}  // namespace

int main() {
  const Dataset shapes = make_shapes({.n = n, .size = side, .channels = 1, .seed = 1});
  const std::vector<double> bytes(shapes.images.begin(), shapes.images.end());
  std::vector<double> lengths;  // of each image, as a vector of its pixels
  for (size_t i = 0; i < bytes.size(); i += pixels) {
    double sum = 0;
    for (size_t k = i; k < i + pixels; ++k) sum += bytes[k] * bytes[k];
    lengths.push_back(std::sqrt(sum));
  }
  fmt::print("1. {} images of {}×{}, scaled in four ways, and the first step of a GAN\n", n, side, side);
  const auto scaled = [&](const char* how, auto&& f) {
    std::vector<double> x;
    for (size_t i = 0; i < bytes.size(); ++i) x.push_back(f(bytes[i], lengths[i / pixels]));
    const auto [low, high] = std::minmax_element(x.begin(), x.end());
    fmt::print("   {:<12} in [{:.3f}, {:.3f}], {:.1f} % of tanh's range\n      {}\n", how, *low, *high, 50 * (*high - *low),
               refusal([&] { first_step(x); }));
  };
  scaled("x/127.5 - 1", [](double x, double) { return x / 127.5 - 1; });
  scaled("x", [](double x, double) { return x; });
  scaled("x/length", [](double x, double length) { return x / length; });
  scaled("x/255", [](double x, double) { return x / 255; });

  fmt::print("\n2. Images of a G for 32×32, and a D for 64×64\n");
  GanConfig larger = net;
  larger.h = larger.w = 2 * side;
  Generator g(net, Device::cpu);
  Discriminator d(larger, Device::cpu);
  init_weights(g, 1), init_weights(d, 1);
  const Tensor made = g(Rng{1, RandomStream::noise}.normal({4, 1, 1, net.nz}, step_counter()));
  fmt::print("   as they are        {}\n", refusal([&] { d(made); }));
  fmt::print("   reshaped           {}\n", refusal([&] { d(reshape(made, {4, 2 * side, 2 * side, 1})); }));
  fmt::print("   each pixel twice   {}\n", refusal([&] { d(upsample_nearest(made, 2, 2)); }));
}
