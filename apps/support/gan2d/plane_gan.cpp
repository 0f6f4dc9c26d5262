#include "apps/support/gan2d/plane_gan.h"

#include <cmath>
#include <limits>

#include "engine/grad.h"

namespace duel {
namespace {

constexpr int64_t judged_by_shares = 1000;
constexpr int no_step_of_training = std::numeric_limits<int32_t>::max();  // whose real points nobody has trained on

std::vector<float> floats(const Tensor& t) {
  const std::vector<double> v = t.values();
  return {v.begin(), v.end()};
}

}  // namespace

double PlaneScore::found() const { return modes ? modes->covered : shares.coverage; }
double PlaneScore::good() const { return modes ? modes->high_quality : shares.precision; }
std::string PlaneScore::text() const {
  return modes ? modes->text()
               : fmt::format("coverage {:.3f}, precision {:.3f} of {} points", shares.coverage, shares.precision, judged_by_shares);
}

PlaneGan::PlaneGan(const Gan2dSettings& s, const PointSource& source, Device device)
    : settings(s),
      source(source),
      g(s.network(), device),
      d(s.network(), device),
      step_on_device(step_counter(0, device)),
      real(source.draw(int64_t{s.batch} * s.batches_a_step(), s.seed, step_on_device)),
      gan_step{g, d, opt_g, opt_d, s.seed, step_on_device, real, {}, Tensor::zeros({GanReport::size}, DType::f32, device), s.objective()} {
  init_weights(g, s.seed, s.initial(Init::he)), init_weights(d, s.seed, s.initial(Init::he));
  opt_g = Optimizer(s.optimizer_of_g(), masters(g), {}, step_on_device), opt_d = Optimizer(s.optimizer_of_d(), masters(d));
}

void PlaneGan::train_step() {
  if (settings.schedule != "constant") {
    const double factor = settings.rate_at(step, settings.steps);
    opt_g.set_lr(settings.optimizer_of_g().lr * factor), opt_d.set_lr(settings.optimizer_of_d().lr * factor);
  }
  real.assign(source.draw(real.shape()[0], settings.seed, step_on_device));
  gan_step();
  ++step;
}

GanReport PlaneGan::read() const {
  const GanReport report = gan_step.read();
  for (const auto& [name, value] : {std::pair{"D's loss", report.loss_d}, {"G's loss", report.loss_g}})
    if (!std::isfinite(value)) fail(Failure::numeric, fmt::format("step {}: {} is {}; try a smaller --lr", step, name, value));
  return report;
}

std::vector<float> PlaneGan::generate(int64_t n) const {
  NoGrad only_looking;
  const Tensor z = Rng{settings.seed, RandomStream::evaluation}.normal({n, 1, 1, settings.nz}, step_counter(0, g.device));
  return floats(g(z, {Mode::infer}));
}

PlaneScore PlaneGan::score() const {
  if (source.mixture) return {count_modes(generate(mode_samples), *source.mixture), {}};
  const Tensor unseen = source.draw(judged_by_shares, settings.seed, step_counter(no_step_of_training, g.device));
  return {{}, prdc(floats(unseen), generate(judged_by_shares), 2)};
}

}  // namespace duel
