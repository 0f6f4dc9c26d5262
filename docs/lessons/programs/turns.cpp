// Lesson: how D and G take turns, and two ways in which they do not: docs/lessons/adversarial_game.md.
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

constexpr int modes = 8, batch = 128, steps = 1500, judged = 2500;
constexpr double radius = 2, sigma = 0.1;
constexpr auto loss = AdversarialLoss::non_saturating;

// A GAN on eight Gaussians of a ring, as gan2d has it.
struct Game {
  int64_t seed;
  GanConfig net{.net = GanNet::points, .h = 1, .w = 1, .channels = 2, .nz = 2, .ngf = 64, .ndf = 64, .depth = 2, .d_norm = Norm::none};
  Generator g{net, Device::cpu};
  Discriminator d{net, Device::cpu};
  OptimizerSettings adam{.lr = 1e-3, .beta2 = 0.9};
  Tensor centres, which, drawn = step_counter(0, Device::cpu);

  explicit Game(int64_t seed) : seed(seed) {
    init_weights(g, seed, Init::he), init_weights(d, seed, Init::he);
    std::vector<double> at, of;
    for (int k = 0; k < modes; ++k)
      for (const double turn : {0.0, 0.5}) at.push_back(radius * std::cos((k / 4.0 - turn) * std::numbers::pi));
    for (int i = 0; i < batch; ++i) of.push_back(i % modes);
    centres = Tensor::from({modes, 2}, at, DType::f32, Device::cpu), which = Tensor::from({batch}, of, DType::i32, Device::cpu);
  }
  Tensor real() { return reshape(gather_rows(centres, which), {batch, 1, 1, 2}) + normal(RandomStream::point_noise) * sigma; }
  Tensor made() { return g(normal(RandomStream::noise)); }
  Tensor normal(RandomStream stream) {
    increment(drawn);
    return Rng{seed, stream}.normal({batch, 1, 1, 2}, drawn);
  }
  Tensor loss_of_d(const Tensor& fake) { return d_loss_real(loss, d(real())) + d_loss_fake(loss, d(fake)); }
  Tensor loss_of_g(const Tensor& fake) { return g_loss(loss, d(fake)); }

  int covered() {  // modes with 20 or more of 2,500 samples within three deviations
    NoGrad only_looking;
    const std::vector<double> x = g(Rng{seed, RandomStream::evaluation}.normal({judged, 1, 1, 2}, step_counter(0, Device::cpu))).values();
    const std::vector<double> at = centres.values();
    int found = 0;
    for (size_t k = 0; k < modes; ++k) {
      int near = 0;
      for (size_t i = 0; i < judged; ++i) near += std::hypot(x[2 * i] - at[2 * k], x[2 * i + 1] - at[2 * k + 1]) < 3 * sigma;
      found += near >= 20;
    }
    return found;
  }
};

Tensors both(Tensors a, const Tensors& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// D takes `in_a_row` steps, then G as many, until each has had its 1,500.
int turns_of(int in_a_row, int64_t seed) {
  Game game(seed);
  Optimizer opt_g(game.adam, masters(game.g)), opt_d(game.adam, masters(game.d));
  for (int done = 0; done < steps; done += in_a_row) {
    for (int i = 0; i < in_a_row; ++i) opt_d.step(grad(game.loss_of_d(game.made().detach()), used(game.d)));
    for (int i = 0; i < in_a_row; ++i) opt_g.step(grad(game.loss_of_g(game.made()), used(game.g)));
  }
  return game.covered();
}

// The losses are right, but one optimiser has the weights of both nets, and steps with all gradients that a loss left there.
int one_optimiser(int64_t seed) {
  Game game(seed);
  const Tensors weights = both(used(game.g), used(game.d));
  Optimizer all(game.adam, both(masters(game.g), masters(game.d)));
  for (int done = 0; done < steps; ++done) {
    all.step(grad(game.loss_of_d(game.made()), weights));
    all.step(grad(game.loss_of_g(game.made()), weights));
  }
  return game.covered();
}

}  // namespace

int main() {
  omp_set_num_threads(1);
  const auto print = [](const char* how, auto&& play) {
    int all = 0;
    std::string each;
    for (int64_t seed = 1; seed <= 5; ++seed) {
      const int covered = play(seed);
      all += covered == modes, each += " " + std::to_string(covered);
    }
    std::printf("%-44s all %d modes in %d of 5 seeds (covered:%s)\n", how, modes, all, each.c_str());
  };
  print("an optimiser each, a step each in turn:", [](int64_t seed) { return turns_of(1, seed); });
  print("250 steps of D, then 250 of G, six times:", [](int64_t seed) { return turns_of(250, seed); });
  print("one optimiser for both nets:", one_optimiser);
}
