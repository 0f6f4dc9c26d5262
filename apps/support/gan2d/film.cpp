#include "apps/support/gan2d/film.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/grad.h"

namespace duel {
namespace {

std::vector<float> floats(const std::vector<double>& v) { return {v.begin(), v.end()}; }

std::vector<float> field_of(const PlaneGan& gan, double reach) {
  std::vector<double> lattice;
  for (int64_t row = 0; row < field_side; ++row)
    for (int64_t column = 0; column < field_side; ++column)
      lattice.insert(lattice.end(), {reach * (2 * (static_cast<double>(column) + 0.5) / field_side - 1),
                                     reach * (1 - 2 * (static_cast<double>(row) + 0.5) / field_side)});
  NoGrad only_looking;
  const Tensor at = Tensor::from({field_side * field_side, 1, 1, 2}, lattice, DType::f32, gan.d.device);
  std::vector<double> said = gan.d(at, {Mode::infer}).values();
  const auto [least, most] = std::minmax_element(said.begin(), said.end());
  const double low = *least, range = *most - low;
  for (double& t : said) switch (gan.gan_step.objective.loss) {
      case AdversarialLoss::non_saturating:
      case AdversarialLoss::minimax:
        t = 1 / (1 + std::exp(-t));
        break;
      case AdversarialLoss::least_squares:
        t = std::clamp(t, 0.0, 1.0);
        break;
      case AdversarialLoss::hinge:
        t = std::clamp((t + 1) / 2, 0.0, 1.0);
        break;
      case AdversarialLoss::wasserstein:
        t = range > 0 ? (t - low) / range : 0.5;
        break;
    }
  return floats(said);
}

}  // namespace

Film::Film(const PlaneGan& gan) {
  real = floats(gan.source.draw(film_points, gan.settings.seed, step_counter(0, gan.g.device)).values());
  for (const float v : real) reach = std::max(reach, 1.3 * std::abs(static_cast<double>(v)));
}

void Film::shoot(const PlaneGan& gan) {
  FilmFrame frame{.step = gan.step, .points = gan.generate(film_points), .field = field_of(gan, reach), .arrows = {}, .score = gan.score()};
  if (!std::all_of(frame.points.begin(), frame.points.end(), [](float v) { return std::isfinite(v); }))
    fail(Failure::numeric, fmt::format("step {}: a generated point is not finite; try a smaller --lr", gan.step));
  const std::vector<double> at(frame.points.begin(), frame.points.begin() + 2 * film_arrows);
  const Tensor x = Tensor::from({film_arrows, 1, 1, 2}, at, DType::f32, gan.d.device);
  const Tensor loss = g_loss(gan.gan_step.objective.loss, gan.d(x, {Mode::infer})) * static_cast<double>(film_arrows);
  frame.arrows = floats((-grad(loss, {x})[0]).values());
  for (size_t i = 0; i < frame.arrows.size(); i += 2) frame.arrow_length += std::hypot(frame.arrows[i], frame.arrows[i + 1]) / film_arrows;
  frames.push_back(std::move(frame));
}

std::set<int64_t> film_steps(int64_t steps, int frames) {
  std::set<int64_t> chosen;
  for (int i = 0; i < frames; ++i) {
    const double part = static_cast<double>(i) / (frames - 1);
    chosen.insert(std::llround(part * part * static_cast<double>(steps)));
  }
  return chosen;
}

}  // namespace duel
