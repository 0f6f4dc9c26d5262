// On the ring of eight, σ = .1.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/support/command/one_thread.h"
#include "apps/support/gan/clones.h"
#include "apps/support/gan2d/film.h"
#include "apps/support/gan2d/plane_drills.h"
#include "apps/support/gan2d/plane_gan.h"
#include "engine/grad.h"

namespace duel {
namespace {

// A recipe of gan2d. The fault is one of the two: a setting to change, or what no flag can do, done to a net before its first step.
struct PlaneRecipe {
  Gan2dSettings settings;
  std::function<void(Gan2dSettings&)> set_fault;
  std::function<void(PlaneGan&)> plant_fault;
  std::function<double(const PlaneGan&)> number;  // after the last step
};

double largest(const Tensors& now, const Tensors& before) {
  double most = 0;
  for (size_t i = 0; i < now.size(); ++i) {
    const std::vector<double> a = now[i].values(), b = before[i].values();
    for (size_t k = 0; k < a.size(); ++k) most = std::max(most, std::abs(a[k] - b[k]));
  }
  return most;
}

// Of every step, as `gan` has it of every tenth.
void note(Readings& r, const Gan2dSettings& settings, const GanReport& report) {
  r.loss_d.push_back(report.loss_d), r.loss_g.push_back(report.loss_g);
  r.real_right.push_back(report.real_right), r.fake_right.push_back(report.fake_right);
  if (says_probability(settings.objective().loss)) r.d_fake_after.push_back(report.d_fake_after);
}

std::function<DrillRun(int64_t seed, bool mended)> trained(const PlaneRecipe& recipe) {
  return [recipe](int64_t seed, bool mended) {
    use_one_thread();
    Gan2dSettings settings = recipe.settings;
    settings.seed = seed;
    if (!mended && recipe.set_fault) recipe.set_fault(settings);
    settings.check();
    PlaneGan gan(settings, open_points(settings.data, settings.modes, settings.sigma));
    if (!mended && recipe.plant_fault) recipe.plant_fault(gan);
    Readings readings;
    readings.saturating = settings.loss == "minimax", readings.cross_entropy = says_probability(settings.objective().loss);
    Tensors g, d;
    while (gan.step < settings.steps) {
      if (gan.step + 1 == settings.steps) g = clones(masters(gan.g)), d = clones(masters(gan.d));
      gan.train_step();
      note(readings, settings, gan.read());
    }
    readings.g_moves = largest(masters(gan.g), g), readings.d_moves = largest(masters(gan.d), d);
    readings.modes_found = gan.score().found() / settings.modes;
    return DrillRun{recipe.number(gan), std::move(readings)};
  };
}

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
      .finding = "collapse",
      .run = trained({.settings = lasting(1500),
                      .set_fault = [](Gan2dSettings& s) { s.init = "normal"; },
                      .plant_fault = {},
                      .number = modes_covered}),
      .side = Drill::at_most,
      .bound = 3,
      .with_fault = {1, 2, 0, 0, 0},
      .with_mend = {8, 8, 8, 8, 8}};
}

Drill vanishing_gradient() {
  Gan2dSettings s = lasting(50);
  s.critic_steps = 10, s.init = "normal";  // so G's points start in the middle of the ring, where D soon tells them apart
  return {
      .name = "vanishing-gradient",
      .fault =
          "The minimax loss with a D that is ten steps ahead: where D is sure of a point, log(1 - σ(t)) is flat, and G is told next to "
          "nothing.",
      .mend = "the non-saturating loss, -log σ(t), which is steep there (--loss non-saturating)",
      .measure = "mean length of the gradient that a generated point gets",
      .finding = "vanishing gradient",
      .run = trained({.settings = s, .set_fault = [](Gan2dSettings& f) { f.loss = "minimax"; }, .plant_fault = {}, .number = told_to_g}),
      .side = Drill::at_most,
      .bound = 1e-3,
      .with_fault = {5.35e-10, 8.58e-10, 6.51e-10, 5.33e-10, 1.13e-10},
      .with_mend = {0.148, 0.0931, 0.131, 0.0956, 0.127}};
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
          .finding = "impossible loss",
          .run = trained({.settings = s,
                          .set_fault = {},
                          .plant_fault = [](PlaneGan& gan) { gan.gan_step.objective.real_is = 1.05; },
                          .number = loss_of_d}),
          .side = Drill::at_most,
          .bound = 0,
          .with_fault = {-252, -206, -226, -216, -207},
          .with_mend = {0.2, 0.199, 0.199, 0.199, 0.199}};
}

Drill frozen_d() {
  Gan2dSettings s = lasting(1000);
  s.schedule = "constant";
  return {
      .name = "frozen-d",
      .fault =
          "D's optimiser never moves its weights (a flag left at \"not trainable\" does that). G climbs to wherever an untrained D "
          "happens to say \"real\", and finds nothing there.",
      .mend = "D is trained",
      .measure = "modes covered, of 8",
      .finding = "D stands still",
      .run = trained({.settings = s, .set_fault = {}, .plant_fault = [](PlaneGan& gan) { gan.opt_d.set_lr(0); }, .number = modes_covered}),
      .side = Drill::at_most,
      .bound = 0,
      .with_fault = {0, 0, 0, 0, 0},
      .with_mend = {8, 8, 8, 8, 8}};
}

Drill cut_gradient() {
  return {.name = "cut-gradient",
          .fault =
              "Between G and D the points lose their history (predicting to the host and back does that). D's answer no longer depends on "
              "G's weights, so G's gradient is 0, its loss is reported as ever, and its points never move.",
          .mend = "D looks at G's points as G made them",
          .measure = "how far G's points have moved",
          .finding = "G stands still",
          .run = trained({.settings = lasting(100),
                          .set_fault = {},
                          .plant_fault = [](PlaneGan& gan) { gan.gan_step.transform = [](const Tensor& x, int) { return x.detach(); }; },
                          .number = moved}),
          .side = Drill::at_most,
          .bound = 0,
          .with_fault = {0, 0, 0, 0, 0},
          .with_mend = {2.13, 2.73, 2.25, 1.57, 2.12}};
}

// A conditional GAN of points: a class for each mode of the ring.
DrillRun run_labelled(int64_t seed, bool mended) {
  use_one_thread();
  Gan2dSettings s = lasting(1500);
  s.seed = seed;
  const PointSource source = open_points(s.data, s.modes, s.sigma);
  const auto& centres = source.mixture->centres;
  const auto mode_of = [&](double x, double y) {
    const auto distance = [&](const std::array<double, 2>& c) { return std::hypot(x - c[0], y - c[1]); };
    return std::min_element(centres.begin(), centres.end(), [&](const auto& a, const auto& b) { return distance(a) < distance(b); }) -
           centres.begin();
  };
  GanConfig net = s.network();
  net.classes = static_cast<int>(centres.size());
  Generator g(net, Device::cpu);
  Discriminator d(net, Device::cpu);
  init_weights(g, seed, Init::he), init_weights(d, seed, Init::he);
  Optimizer opt_g(s.optimizer_of_g(), masters(g)), opt_d(s.optimizer_of_d(), masters(d));
  Tensor step = step_counter(0), real({s.batch, 1, 1, 2}, DType::f32, Device::cpu), labels({s.batch}, DType::i32, Device::cpu);
  GanStep gan_step{g, d, opt_g, opt_d, seed, step, real, labels, Tensor::zeros({GanReport::size}, DType::f32, Device::cpu), s.objective()};
  Readings readings;
  readings.cross_entropy = true;
  for (int64_t done = 0; done < s.steps; ++done) {
    opt_g.set_lr(s.lr * s.rate_at(done, s.steps)), opt_d.set_lr(s.lr * s.rate_at(done, s.steps));
    real.assign(source.draw(s.batch, seed, step));
    const std::vector<double> points = real.values();
    std::vector<int32_t> of(static_cast<size_t>(s.batch));
    for (size_t i = 0; i < of.size(); ++i) of[i] = static_cast<int32_t>(mode_of(points[2 * i], points[2 * i + 1]));
    if (!mended) std::rotate(of.begin(), of.begin() + 1, of.end());  // each point gets its neighbour's label
    labels.assign(of.data());
    gan_step();
    note(readings, s, gan_step.read());
  }
  NoGrad only_looking;
  const int64_t noises = 128, classes = net.classes, n = noises * classes;
  const Tensor z = Rng{seed, RandomStream::evaluation}.normal({noises, 1, 1, s.nz}, step_counter(0));
  std::vector<double> repeated;
  std::vector<int32_t> asked;
  for (int64_t c = 0; c < classes; ++c) {
    const std::vector<double> same = z.values();
    repeated.insert(repeated.end(), same.begin(), same.end()),
        asked.insert(asked.end(), static_cast<size_t>(noises), static_cast<int32_t>(c));
  }
  const Tensor made = g(Tensor::from({n, 1, 1, s.nz}, repeated, DType::f32, Device::cpu),
                        {Mode::infer, Tensor::from_bytes({n}, DType::i32, asked.data(), Device::cpu)});
  const std::vector<double> points = made.values();
  double right = 0;
  for (size_t i = 0; i < asked.size(); ++i) right += mode_of(points[2 * i], points[2 * i + 1]) == asked[i];
  const std::vector<double> real_points = source.draw(n, seed, step).values();
  std::vector<int> real_modes;
  for (size_t i = 0; i < real_points.size(); i += 2) real_modes.push_back(static_cast<int>(mode_of(real_points[i], real_points[i + 1])));
  readings.label_agreement = label_agreement({points.begin(), points.end()}, {asked.begin(), asked.end()},
                                             {real_points.begin(), real_points.end()}, real_modes, net.classes, 2);
  return {right / static_cast<double>(n), std::move(readings)};
}

Drill ignored_labels() {
  return {
      .name = "ignored-labels",
      .fault =
          "A conditional GAN whose D is shown labels that have nothing to do with its real points: each has its neighbour's, as in a "
          "folder whose list is one line out. D learns to look past the label, and then nobody asks G to mind it. A D that is not shown "
          "the label at all does the same.",
      .mend = "each point has its own label",
      .measure = "share of samples that lie at the mode they were asked for; by chance it is 1/8",
      .finding = "ignored labels",
      .run = run_labelled,
      .side = Drill::at_most,
      .bound = 0.25,
      .with_fault = {0.129, 0.118, 0.133, 0.122, 0.117},
      .with_mend = {1, 1, 1, 1, 1}};
}

}  // namespace

const std::vector<Drill>& plane_drills() {
  static const std::vector<Drill> all{mode_collapse(), vanishing_gradient(), labels_above_one(),
                                      frozen_d(),      cut_gradient(),       ignored_labels()};
  return all;
}

}  // namespace duel
