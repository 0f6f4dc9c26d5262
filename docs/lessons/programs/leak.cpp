// Does an augmentation that only D should see show in what G makes? GANs on the plane for docs/lessons/augmentation.md.
#include <omp.h>

#include <cstdio>

#include "engine/grad.h"
#include "engine/optim.h"
#include "models/gan.h"
#include "models/losses.h"

using namespace duel;

namespace {

constexpr Device cpu = Device::cpu;

// Real points lie around (1, 0). D is shown points mirrored to (-1, 0) with probability `mirror`: real ones, and generated ones if `both`.
// Says how many of G's points come to lie on the wrong side.
void leak(const char* what, double mirror, bool both, bool through) {
  const GanConfig config{
      .net = GanNet::points, .h = 1, .w = 1, .channels = 2, .nz = 2, .ngf = 32, .ndf = 32, .depth = 2, .d_norm = Norm::none};
  Generator g(config, cpu);
  Discriminator d(config, cpu);
  init_weights(g, 1, Init::he), init_weights(d, 1, Init::he);
  Optimizer opt_g({.lr = 1e-3, .beta2 = 0.9}, masters(g)), opt_d({.lr = 1e-3, .beta2 = 0.9}, masters(d));
  const Tensor centre = Tensor::from({2}, {1, 0}, DType::f32, cpu), step = step_counter(0, cpu),
               flat = Tensor::from({2}, {0, 1}, DType::f32, cpu);
  const Shape shape{128, 1, 1, 2};
  const auto points = [&](RandomStream stream) { return Rng{1, stream}.normal(shape, step); };
  const auto shown = [&](const Tensor& x, RandomStream stream) {  // T(x): x times ±1, y as it is
    const Tensor sign = affine(duel::step(Rng{1, stream}.uniform({128, 1, 1, 1}, step) - mirror), 2, -1);
    return x * flat + (x - x * flat) * sign;
  };
  const std::vector<double> before = masters(g)[0].values();
  for (int i = 0; i < 1000; ++i, increment(step)) {
    const Tensor real = shown(points(RandomStream::point_noise) * 0.2 + centre, RandomStream::augment),
                 made = g(points(RandomStream::noise));
    const auto seen = [&](RandomStream stream) { return both ? shown(made, stream) : made; };
    const auto loss = AdversarialLoss::non_saturating;
    opt_d.step(grad(d_loss_real(loss, d(real)) + d_loss_fake(loss, d(seen(RandomStream::mixing).detach())), used(d)));
    const Tensor for_g = seen(RandomStream::oversampling);
    opt_g.step(grad(g_loss(loss, d(through ? for_g : for_g.detach())), used(g)));
  }
  const std::vector<double> made = g(Rng{1, RandomStream::evaluation}.normal({1000, 1, 1, 2}, step_counter(0, cpu))).values();
  int wrong = 0;
  for (size_t i = 0; i < 1000; ++i) wrong += made[2 * i] < 0;
  const char* verdict = masters(g)[0].values() == before ? "G never moved"
                        : mirror == 0.5                  ? "anything goes"
                        : wrong > 100                    ? "a leak"
                                                         : "no leak";
  std::printf("%s: %s, %.1f %% of G's points on the wrong side\n", what, verdict, wrong / 10.0);
}

}  // namespace

int main() {
  omp_set_num_threads(1);
  leak("nothing mirrored", 0, true, true);
  leak("only real points mirrored, 3 in 10", 0.3, false, true);
  leak("both mirrored, 3 in 10", 0.3, true, true);
  leak("both mirrored, 3 in 10, but T(G(z)) detached", 0.3, true, false);
  leak("both mirrored, 5 in 10", 0.5, true, true);
}
