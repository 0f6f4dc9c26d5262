#include "tests/ring_gan.h"

#include <omp.h>

#include <chrono>
#include <cmath>

#include "engine/grad.h"

namespace duel::test {
namespace {

// n points of the mixture, the same for the same (seed, step).
Tensor draw(const Mixture& mixture, int64_t n, int64_t seed, const Tensor& step) {
  const Rng which{seed, RandomStream::test}, where{seed, RandomStream::samples};
  const std::vector<double> u = which.uniform({n}, step).values();
  std::vector<double> points = where.normal({n, 2}, step, 0, mixture.sigma).values();
  for (size_t i = 0; i < u.size(); ++i) {
    const size_t k = std::min(static_cast<size_t>(u[i] * static_cast<double>(mixture.centres.size())), mixture.centres.size() - 1);
    points[2 * i] += mixture.centres[k][0], points[2 * i + 1] += mixture.centres[k][1];
  }
  return Tensor::from({n, 1, 1, 2}, points);
}

}  // namespace

RingResult train_on_ring(const RingRun& run, int64_t seed) {
  const auto start = std::chrono::steady_clock::now();
  omp_set_num_threads(1);  // nets this small lose more by waiting for each other's halves than they win
  const Mixture ring = ring_of_gaussians(run.sigma);
  const GanConfig config{.net = GanNet::points, .h = 1, .w = 1, .channels = 2, .nz = 16, .d_norm = run.d_norm};
  check_objective(run.objective, config);
  Generator g(config, Device::cpu);
  Discriminator d(config, Device::cpu);
  init_weights(g, seed, Init::he), init_weights(d, seed, Init::he);
  const OptimizerSettings adam{.lr = run.lr, .beta1 = run.beta1, .beta2 = run.beta2};
  Optimizer opt_g(adam, masters(g)), opt_d(adam, masters(d));
  const int64_t n = int64_t{run.batch} * run.objective.critic_steps;
  const Tensor counter = step_counter();
  Tensor real = draw(ring, n, seed, counter);
  GanStep step{g, d, opt_g, opt_d, seed, counter, real, {}, Tensor::zeros({GanReport::size}), run.objective};
  for (int i = 0; i < run.steps; ++i) {
    const double rate = run.lr * (1 - static_cast<double>(i) / run.steps);
    opt_g.set_lr(rate), opt_d.set_lr(rate);
    real.assign(draw(ring, n, seed, counter));
    step();
  }
  NoGrad only_looking;
  const Tensor z = Rng{seed, RandomStream::evaluation}.normal({mode_samples, 1, 1, config.nz}, step_counter());
  const std::vector<double> made = g(z, {Mode::infer}).values();
  const std::vector<float> points(made.begin(), made.end());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return {count_modes(points, ring), seconds};
}

}  // namespace duel::test
