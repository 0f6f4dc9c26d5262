#include "apps/support/gan2d/drills.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/support/gan2d/film.h"

namespace duel {
namespace {

Gan2dSettings lasting(int64_t steps) {
  Gan2dSettings s;
  s.steps = steps;
  return s;
}

double modes_covered(const PlaneGan& gan) { return gan.score().found(); }
double told_to_g(const PlaneGan& gan) {
  Film film(gan);
  film.shoot(gan);
  return film.frames[0].arrow_length;
}
double loss_of_d(const PlaneGan& gan) { return gan.read().loss_d; }
// How far G's points are from where they were before the first step, on the average.
double moved(const PlaneGan& gan) {
  const PlaneGan before(gan.settings, gan.source, gan.g.device);
  const std::vector<float> now = gan.generate(film_points), then = before.generate(film_points);
  double sum = 0;
  for (size_t i = 0; i < now.size(); i += 2) sum += std::hypot(now[i] - then[i], now[i + 1] - then[i + 1]);
  return sum / film_points;
}

Drill mode_collapse() {
  return {
      .name = "mode-collapse",
      .fault =
          "Weights start from N(0, .02), as in a DCGAN, but here no batch norm makes up for it: G maps all noise to one place. D learns "
          "to reject that place, G moves on to another, and the two go round.",
      .mend = "weights start from He's N(0, 2/fan-in) (--init he)",
      .measure = "modes covered, of 8",
      .settings = lasting(1500),
      .set_fault = [](Gan2dSettings& s) { s.init = "normal"; },
      .plant_fault = {},
      .number = modes_covered,
      .bound = 3,
      .with_fault = {1, 2, 0, 0, 0},
      .mended = {8, 8, 8, 8, 8}};
}

Drill vanishing_gradient() {
  Gan2dSettings s = lasting(50);
  s.critic_steps = 10, s.init = "normal";  // so G's points start in the middle of the ring, where D soon tells them apart
  return {.name = "vanishing-gradient",
          .fault =
              "The minimax loss with a D that is ten steps ahead: where D is sure of a point, log(1 - σ(t)) is flat, and G is told next to "
              "nothing.",
          .mend = "the non-saturating loss, -log σ(t), which is steep there (--loss non-saturating)",
          .measure = "mean length of the gradient that a generated point gets",
          .settings = s,
          .set_fault = [](Gan2dSettings& f) { f.loss = "minimax"; },
          .plant_fault = {},
          .number = told_to_g,
          .bound = 1e-3,
          .with_fault = {5.35e-10, 8.58e-10, 6.51e-10, 5.33e-10, 1.13e-10},
          .mended = {0.148, 0.0931, 0.131, 0.0956, 0.127}};
}

Drill labels_above_one() {
  Gan2dSettings s = lasting(500);
  s.lr = 1e-5, s.lr_d = 1e-3, s.init = "normal", s.smooth = 0.05;  // a G so slow that D can tell all apart
  return {.name = "labels-above-one",
          .fault =
              "Real points are labelled 1.05 (noise on labels does that). Cross entropy with a target y above 1 has no lower bound: it is "
              "-(y - 1)·t for a large logit t, so D's way to a lower loss is to be ever louder. gan2d refuses such labels; here the "
              "check is taken off.",
          .mend = "labelled .95, on the other side of 1 (--smooth 0.05)",
          .measure = "D's loss; labels of .95 keep it above .199, the entropy of such a coin",
          .settings = s,
          .set_fault = {},
          .plant_fault = [](PlaneGan& gan) { gan.gan_step.objective.real_is = 1.05; },
          .number = loss_of_d,
          .bound = 0,
          .with_fault = {-252, -206, -226, -216, -207},
          .mended = {0.2, 0.199, 0.199, 0.199, 0.199}};
}

Drill frozen_d() {
  Gan2dSettings s = lasting(1000);
  s.schedule = "constant";
  return {.name = "frozen-d",
          .fault =
              "D's optimiser never moves its weights (a flag left at \"not trainable\" does that). G climbs to wherever an untrained D "
              "happens to say \"real\", and finds nothing there.",
          .mend = "D is trained",
          .measure = "modes covered, of 8",
          .settings = s,
          .set_fault = {},
          .plant_fault = [](PlaneGan& gan) { gan.opt_d.set_lr(0); },
          .number = modes_covered,
          .bound = 0,
          .with_fault = {0, 0, 0, 0, 0},
          .mended = {8, 8, 8, 8, 8}};
}

Drill cut_gradient() {
  return {.name = "cut-gradient",
          .fault =
              "Between G and D the points lose their history (predicting to the host and back does that). D's answer no longer depends on "
              "G's weights, so G's gradient is 0, its loss is reported as ever, and its points never move.",
          .mend = "D looks at G's points as G made them",
          .measure = "how far G's points have moved",
          .settings = lasting(100),
          .set_fault = {},
          .plant_fault = [](PlaneGan& gan) { gan.gan_step.transform = [](const Tensor& x, int) { return x.detach(); }; },
          .number = moved,
          .bound = 0,
          .with_fault = {0, 0, 0, 0, 0},
          .mended = {2.13, 2.73, 2.25, 1.57, 2.12}};
}

}  // namespace

const std::vector<Drill>& drills() {
  static const std::vector<Drill> all{mode_collapse(), vanishing_gradient(), labels_above_one(), frozen_d(), cut_gradient()};
  return all;
}

const Drill& find_drill(const std::string& name) {
  std::string names;
  for (const Drill& d : drills()) {
    if (d.name == name) return d;
    names += (names.empty() ? "" : ", ") + d.name;
  }
  fail(Failure::usage, fmt::format("there is no drill '{}'; there are {}", name, names));
}

double run_drill(const Drill& drill, int64_t seed, bool mended) {
  Gan2dSettings settings = drill.settings;
  settings.seed = seed;
  if (!mended && drill.set_fault) drill.set_fault(settings);
  settings.check();
  PlaneGan gan(settings, open_points(settings.data, settings.modes, settings.sigma));
  if (!mended && drill.plant_fault) drill.plant_fault(gan);
  while (gan.step < settings.steps) gan.train_step();
  return drill.number(gan);
}

std::string text_of(const Drill& drill, std::span<const DrillSeed> seeds) {
  const auto number = [&](double v) { return fmt::format("{:.3g}", v); };
  const auto before = [&](const std::vector<double>& measured, int64_t seed) {
    return seed >= 1 && seed <= static_cast<int64_t>(measured.size()) ? number(measured[static_cast<size_t>(seed - 1)]) : "-";
  };
  std::string text = fmt::format("{}: {}\nMended: {}.\n\n{}\n{:>6}  {:>14}  {:>10}  {:>14}  {:>10}\n", drill.name, drill.fault, drill.mend,
                                 drill.measure, "seed", "with the fault", "expected", "mended", "expected");
  size_t shown = 0, mended = 0;
  for (const DrillSeed& s : seeds) {
    text += fmt::format("{:>6}  {:>14}  {:>10}  {:>14}  {:>10}\n", s.seed, number(s.with_fault), before(drill.with_fault, s.seed),
                        number(s.mended), before(drill.mended, s.seed));
    shown += s.with_fault <= drill.bound, mended += s.mended > drill.bound;
  }
  return text + fmt::format("\nThe fault shows where the number is at most {:g}: in {} of {} seeds with it, in {} without it.\n",
                            drill.bound, shown, seeds.size(), seeds.size() - mended);
}

}  // namespace duel
