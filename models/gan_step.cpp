#include "models/gan_step.h"

#include <fmt/format.h>

#include "models/gradients.h"
#include "models/image_range.h"

namespace duel {
namespace {

// Of the report. What D says of a batch stands together, as gan_loss() finds it.
enum Entry { d_real, real_right, score_real, d_fake, fake_right, score_fake, loss_d, loss_g, d_fake_after, penalty };
enum PassOf {
  on_real,
  on_fake,
  on_mixed,
  passes_of_d
};  // what one D step draws for; G's pass comes after all of them, then one for matching

// What has no history: a, then b, as one batch.
Tensor side_by_side(const Tensor& a, const Tensor& b) {
  std::vector<int64_t> dims = a.shape().dims();
  dims[0] += b.shape()[0];
  Tensor both(Shape(dims), a.dtype(), a.device());
  both.alias(a.shape(), 0).assign(a), both.alias(b.shape(), a.count()).assign(b);
  return both;
}

// What layers saw of one of the two batches of a pass.
std::vector<LayerSeen> halves(const std::vector<LayerSeen>& layers, int which) {
  const auto half = [&](const Tensor& t) {
    const int64_t n = t.shape()[0] / 2;
    return slice(t, which * n, (which + 1) * n).detach();
  };
  std::vector<LayerSeen> seen;
  for (const LayerSeen& s : layers) seen.push_back({s.layer, half(s.in), half(s.out), half(s.gradient)});
  return seen;
}

}  // namespace

// One of the batches of a D step; those of the last one are G's as well.
struct GanStep::Turn {
  int step, part;
  Tensor real, labels, z, mix;
};

void check_objective(const GanObjective& o, const GanConfig& c) {
  auto want = [](bool right, const std::string& message) {
    if (!right) fail(Failure::usage, message);
  };
  const std::string loss = fmt::format("--loss {}", loss_names[static_cast<int>(o.loss)]);
  want(o.penalty == Penalty::none || !(c.net == GanNet::dcgan && c.d_norm == Norm::batch),
       fmt::format(
           "--penalty {} with batch norm in D: it mixes the samples of a batch, and a penalty on each sample's gradient means nothing "
           "then; take --d-norm layer, instance or none",
           penalty_names[static_cast<int>(o.penalty)]));
  want(o.penalty == Penalty::none || !c.minibatch_stddev,
       "--minibatch-stddev with a --penalty: it mixes the samples of a batch, and a penalty on each sample's gradient means nothing then");
  want(o.penalty_weight > 0 && o.penalty_weight < 1e9, fmt::format("--penalty-weight {}: above 0", o.penalty_weight));
  want(o.clip >= 0 && o.clip < 1e9, fmt::format("--clip {}: at least 0", o.clip));
  want(o.real_is > 0.5 && o.real_is <= 1, fmt::format("real images are to be judged {}: a target above 0.5, at most 1", o.real_is));
  want(o.label_noise >= 0 && o.label_noise < 0.5, fmt::format("--label-noise {}: from 0 to below 0.5", o.label_noise));
  want(o.real_is - o.label_noise > o.label_noise,
       fmt::format("targets of {} less noise of up to {}: real and generated images would be judged alike", o.real_is, o.label_noise));
  want(has_targets(o.loss) || (o.real_is == 1 && o.label_noise == 0),
       loss + " has no targets to smooth; leave --smooth and --label-noise out");
  want(o.instance_noise >= 0 && o.instance_noise <= 10, fmt::format("--instance-noise {}: 0 to 10", o.instance_noise));
  want(o.noise_steps >= 1, fmt::format("--noise-steps {}: at least 1", o.noise_steps));
  want(o.matching >= 0 && o.l1 >= 0, "--feature-matching and --l1: at least 0");
  want(o.critic_steps >= 1 && o.critic_steps <= 100, fmt::format("--critic-steps {}: 1 to 100", o.critic_steps));
  want(o.accumulate >= 1 && o.accumulate <= 1000, fmt::format("--accumulate {}: 1 to 1000 batches for an update", o.accumulate));
  want(o.loss != AdversarialLoss::wasserstein || o.penalty != Penalty::none || o.clip > 0 || c.d_norm == Norm::spectral,
       loss + ": nothing keeps the critic Lipschitz, and its loss has no bound; add --penalty wgan-gp, --clip 0.01 or --d-norm spectral");
}

void GanStep::operator()() {
  const Rng noise{seed, RandomStream::noise}, draws{seed, RandomStream::penalty};
  const int64_t n = real.shape()[0];
  Tensor mix;
  if (objective.penalty == Penalty::wgan_gp) mix = draws.uniform({n, 1, 1, 1}, step);
  if (objective.penalty == Penalty::dragan) mix = draws.uniform(real.shape(), step);
  (*this)(noise.normal({n, 1, 1, g.config.nz}, step, 0, 1, g.config.precision), mix);
}

void GanStep::operator()(const Tensor& z, const Tensor& mix) {
  if (!range_known && g.config.net != GanNet::points) check_image_range(real, "gan", "G's tanh makes values in [-1, 1]");
  range_known = true;
  const int turns = objective.critic_steps, parts = objective.accumulate;
  const int64_t n = real.shape()[0] / (turns * parts);
  if (n * turns * parts != real.shape()[0] || z.shape()[0] != real.shape()[0])
    fail(Failure::usage, fmt::format("[gan] {} D steps a step{} share real images {} and noise {}; the first axes must be one multiple of "
                                     "them",
                                     turns, parts > 1 ? fmt::format(" of {} batches each", parts) : "", real.text(), z.text()));
  const Tensor images = cast(real, g.config.precision).detach();
  const auto turn_of = [&](int step, int part) {
    const int64_t at = step * parts + part;
    const auto share = [&](const Tensor& t) { return t ? slice(t, at * n, (at + 1) * n).detach() : Tensor(); };
    return Turn{step, part, share(images), share(labels), share(z), share(mix)};
  };
  Tensor for_g;  // the last D step's fakes with their history, where they are one batch
  for (int i = 0; i < turns; ++i) {
    power_iteration(d);
    Tensors gradients, of_real;
    for (int part = 0; part < parts; ++part) {
      const Turn turn = turn_of(i, part);
      const bool kept = i + 1 == turns && parts == 1;
      Tensor fake;
      {
        NoGrad constant(!kept);
        fake = made(turn);
      }
      of_real.push_back(learn_d(turn, fake.detach(), gradients));
      if (kept) for_g = fake;
    }
    if (heard) {  // after all, so that all were seen through the same
      NoGrad only_looking;
      for (const Tensor& said : of_real) heard(said);
    }
    update(opt_d, gradients, used(d));
    if (objective.clip > 0) {
      NoGrad constant;
      d.each({[&](const std::string&, Weight& w) { w.master.assign(clamp(w.master, -objective.clip, objective.clip)); }, {}});
      refresh_copies(d);
    }
  }
  Tensors gradients;
  for (int part = 0; part < parts; ++part) {
    const Turn turn = turn_of(turns - 1, part);
    learn_g(turn, for_g ? for_g : made(turn), gradients);
  }
  update(opt_g, gradients, used(g));
  if (!opt_g.counts_in(step)) increment(step);
  if (average) average->update(g, step);
}

// Numbers: samples of the parts of one batch follow each other in each pass, as if the batch were whole.
int GanStep::number(const Turn& turn, int pass) const { return pass * objective.accumulate + turn.part; }
Pass GanStep::pass_of(const Turn& turn, int pass) const {
  return {Mode::train, turn.labels, {seed, step, pass, turn.part * turn.real.shape()[0]}};
}

Tensor GanStep::made(const Turn& turn) const {
  std::vector<LayerSeen> nobody;
  return g(turn.z, watched(pass_of(turn, 0), look ? look->g : nobody));
}

// A pass whose hidden layers are noted, where somebody looks and there will be a gradient.
Pass GanStep::watched(Pass pass, std::vector<LayerSeen>& layers) const {
  if (!look || !recording()) return pass;
  layers.clear();
  pass.watch = [&layers](const Layer& layer, const Tensor& in, const Tensor& out) { layers.push_back({&layer, in.detach(), out, {}}); };
  return pass;
}

// As grad(), but what it begins with is not written anew at each step.
Tensors GanStep::gradients_of(const Tensor& loss, const Tensors& wanted) {
  if (!one || one.shape() != loss.shape() || one.dtype() != loss.dtype()) {
    NoGrad stop;
    one = Tensor::full(loss.shape(), 1, loss.dtype(), loss.device());
  }
  const KnownOne known(one);
  return vjp(loss, one, wanted);
}

// By the weights; where somebody looks, what the watched layers get on the way is noted.
Tensors GanStep::gradients_of(const Tensor& loss, const Tensors& weights, std::vector<LayerSeen>& layers) {
  if (!look) return gradients_of(loss, weights);
  Tensors wanted = weights;
  for (const LayerSeen& s : layers) wanted.push_back(s.out);
  Tensors all = gradients_of(loss, wanted);
  for (size_t i = 0; LayerSeen & s : layers) s.gradient = all[weights.size() + i++], s.out = s.out.detach();
  all.resize(weights.size());
  return all;
}

// Real and generated images pass side by side, as two batches that batch norm must not see as one: the gradient is that of two passes, and
// each weight's is made once. `fake` comes without history: no gradient reaches G. Returns what D says of real images where someone
// listens.
Tensor GanStep::learn_d(const Turn& turn, const Tensor& fake, Tensors& gradients) {
  const int first = turn.step * passes_of_d;
  const double between = objective.loss == AdversarialLoss::least_squares ? 0.5 : 0;  // what D says of real and of generated images
  const auto numbered = [&](int which) { return number(turn, first + which); };
  const int64_t n = turn.real.shape()[0];
  const Tensors weights = used(d);
  Tensor total, of_real;
  {
    Pass pass = pass_of(turn, first + on_real);  // and the next, on_fake
    pass.groups = 2;
    if (turn.labels) pass.labels = side_by_side(turn.labels, turn.labels);
    std::vector<LayerSeen> seen_by_both;
    const Tensor both = side_by_side(seen(turn.real, numbered(on_real)), seen(fake, numbered(on_fake)));
    const Tensor said = d(both, watched(pass, seen_by_both));
    const auto [loss, says] = d_judged(objective.loss, said, targets_of_d(n, numbered(on_real), numbered(on_fake)));
    accumulate(gradients, gradients_of(loss, weights, seen_by_both));
    total = loss.detach();
    if (look) look->d_real = halves(seen_by_both, 0), look->d_fake = halves(seen_by_both, 1);
    NoGrad only_looking;
    note(turn, d_real, says);  // and all up to score_fake
    const Tensor said_real = slice(said, 0, n);
    note_said(turn.part * n, said_real), note_said((objective.accumulate + turn.part) * n, slice(said, n, 2 * n));
    if (heard) of_real = (said_real - between).detach();
  }
  if (objective.penalty != Penalty::none) {
    const Pass pass = pass_of(turn, first + on_mixed);
    const auto judge = [&](const Tensor& x) { return d(transform ? transform(x, numbered(on_mixed)) : x, pass); };
    const Tensor value = penalty_of(objective.penalty, judge, turn.real, fake, turn.mix);
    const Tensor loss = value * objective.penalty_weight;
    accumulate(gradients, gradients_of(loss, weights));
    NoGrad only_looking;
    total = total + loss.detach();
    note(turn, penalty, value);
  }
  note(turn, loss_d, total);
  return of_real;
}

// Asks for G's gradients only: D passes them on and gets none itself.
void GanStep::learn_g(const Turn& turn, const Tensor& fake, Tensors& gradients) {
  const int after = objective.critic_steps * passes_of_d;
  const Pass pass = pass_of(turn, after);
  const Tensor images = seen(fake, number(turn, after)), features = objective.matching > 0 ? d.features(images, pass) : Tensor(),
               said = features ? d.head(features, pass) : d(images, pass);
  if (!target_of_g) target_of_g = Tensor::full({1}, g_target(objective.loss), said.dtype(), said.device());
  auto [loss, says] = g_judged(objective.loss, said, target_of_g);
  if (objective.matching > 0) {
    Tensor of_real;
    {
      NoGrad constant;
      of_real = d.features(seen(turn.real, number(turn, after + 1)), pass);
    }
    loss = loss + feature_matching(of_real, features) * objective.matching;
  }
  std::vector<LayerSeen> nobody;
  accumulate(gradients, gradients_of(loss, used(g), look ? look->g : nobody));
  NoGrad only_looking;
  note(turn, loss_g, loss), note(turn, d_fake_after, says.alias({}));
}

// Of sums of gradients.
void GanStep::update(Optimizer& optimizer, Tensors& gradients, const Tensors& weights) const {
  finish(gradients, weights, objective.accumulate, objective.l1);
  if (look) (&optimizer == &opt_d ? look->gradient_d : look->gradient_g) = gradients;
  optimizer.step(gradients);
}

int GanStep::passes() const { return (objective.critic_steps * passes_of_d + 2) * objective.accumulate; }

// What D sees of x: it transformed, and noise added while there is some. Only x leads back.
Tensor GanStep::seen(const Tensor& images, int number) const {
  const Tensor x = transform ? transform(images, number) : images;
  if (objective.instance_noise == 0) return x;
  Tensor noise;
  {
    NoGrad constant;
    const Rng draws{seed, RandomStream::instance_noise};
    const Tensor done = cast(step, DType::f32);
    const Tensor left = clamp(affine(done, -1.0 / static_cast<double>(objective.noise_steps), 1), 0, 1) * objective.instance_noise;
    noise = draws.normal(x.shape(), step, 0, 1, DType::f32, number * x.shape()[0]) * left;
    noise = cast(noise, x.dtype());
  }
  return x + noise;
}

// [2], or with noise [2,n]: real_is − U(0, label_noise) and U(0, label_noise).
Tensor GanStep::targets_of_d(int64_t n, int on_real, int on_fake) {
  NoGrad constant;
  const DType dtype = accumulator_of(g.config.precision);
  const double noise = objective.label_noise;
  if (noise == 0) {
    if (!targets) targets = Tensor::from({2}, {objective.real_is, 0}, dtype, step.device());
    return targets;
  }
  const Rng draws{seed, RandomStream::label_noise};
  const auto drawn = [&](int number) { return reshape(draws.uniform({n, 1}, step, 0, 1, dtype, number * n), {1, n}); };
  return side_by_side(affine(drawn(on_real), -noise, objective.real_is), drawn(on_fake) * noise);
}

// From entry `first` on, averaged over the parts.
void GanStep::note(const Turn& turn, int first, const Tensor& values) {
  NoGrad only_looking;
  Tensor at = report.alias({values.count()}, first), mean = cast(reshape(values, at.shape()), DType::f32);
  if (objective.accumulate > 1) mean = mean * (1.0 / objective.accumulate);
  at.assign((turn.part > 0 ? at + mean : mean).detach());
}

void GanStep::note_said(int64_t first, const Tensor& value) {
  if (!said) return;
  NoGrad only_looking;
  said.alias({value.count()}, first).assign(reshape(cast(value, DType::f32), {value.count()}).detach());
}

GanReport GanStep::read() const {
  const std::vector<double> v = report.values();
  return {v[loss_d],     v[loss_g],     v[d_real],     v[d_fake],     v[d_fake_after],
          v[real_right], v[fake_right], v[score_real], v[score_fake], v[penalty]};
}

}  // namespace duel
