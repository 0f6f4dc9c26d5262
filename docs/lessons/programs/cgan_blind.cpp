// A conditional GAN on the plane whose D sees the label, or does not: docs/lessons/cgan.md.
#include <omp.h>

#include <cmath>
#include <cstdio>
#include <numbers>

#include "engine/grad.h"
#include "engine/optim.h"
#include "models/gan.h"
#include "models/losses.h"

using namespace duel;

namespace {

constexpr int classes = 8, batch = 128, steps = 1500, judged = 1000;

Tensor labels_of(const std::vector<int32_t>& y) {
  return Tensor::from_bytes({static_cast<int64_t>(y.size())}, DType::i32, y.data(), Device::cpu);
}

// A GAN on eight Gaussians of a ring, each a class. Returns how often a generated point lies nearest to the class that was asked for.
double obedience(bool d_sees_label) {
  const GanConfig with{.net = GanNet::points,
                       .h = 1,
                       .w = 1,
                       .channels = 2,
                       .nz = 2,
                       .ngf = 64,
                       .ndf = 64,
                       .depth = 2,
                       .d_norm = Norm::none,
                       .classes = classes};
  GanConfig of_d = with;
  if (!d_sees_label) of_d.classes = 0;
  Generator g(with, Device::cpu);
  Discriminator d(of_d, Device::cpu);
  init_weights(g, 1, Init::he), init_weights(d, 1, Init::he);
  Optimizer opt_g({.lr = 1e-3, .beta2 = 0.9}, masters(g)), opt_d({.lr = 1e-3, .beta2 = 0.9}, masters(d));
  std::vector<double> centres;
  for (int k = 0; k < classes; ++k)
    centres.push_back(2 * std::cos(k * std::numbers::pi / 4)), centres.push_back(2 * std::sin(k * std::numbers::pi / 4));
  const Tensor ring = Tensor::from({classes, 2}, centres, DType::f32, Device::cpu), step = step_counter(0, Device::cpu);
  const Rng noise{1, RandomStream::noise}, real_noise{1, RandomStream::point_noise};
  const auto asked = [](int n) {
    std::vector<int32_t> y(static_cast<size_t>(n));
    for (int i = 0; i < n; ++i) y[static_cast<size_t>(i)] = i % classes;
    return y;
  };
  const Tensor y = labels_of(asked(batch));
  const Pass of_g{Mode::train, y}, seen{Mode::train, d_sees_label ? y : Tensor()};
  for (int i = 0; i < steps; ++i, increment(step)) {
    const Tensor real = reshape(gather_rows(ring, y), {batch, 1, 1, 2}) + real_noise.normal({batch, 1, 1, 2}, step, 0, 0.1);
    const Tensor fake = g(noise.normal({batch, 1, 1, 2}, step), of_g);
    const auto loss = AdversarialLoss::non_saturating;
    opt_d.step(grad(d_loss_real(loss, d(real, seen)) + d_loss_fake(loss, d(fake.detach(), seen)), used(d)));
    opt_g.step(grad(g_loss(loss, d(fake, seen)), used(g)));
  }
  const std::vector<int32_t> wanted = asked(judged);
  const std::vector<double> made =
      g(Rng{1, RandomStream::evaluation}.normal({judged, 1, 1, 2}, step_counter(0, Device::cpu)), {Mode::infer, labels_of(wanted)})
          .values();
  int right = 0;
  for (size_t i = 0; i < judged; ++i) {
    const double turn = std::atan2(made[2 * i + 1], made[2 * i]) / (std::numbers::pi / 4);
    right += (static_cast<int>(std::lround(turn)) + classes) % classes == wanted[i];
  }
  return static_cast<double>(right) / judged;
}

}  // namespace

int main() {
  omp_set_num_threads(1);
  for (bool sees : {false, true}) {
    const double share = obedience(sees);
    std::printf("D %s the label: %s, %.1f %% of G's points lie at the class asked for\n", sees ? "sees" : "never sees",
                share > 0.9   ? "G obeys"
                : share < 0.5 ? "G does as it likes"
                              : "G half obeys",
                100 * share);
  }
}
