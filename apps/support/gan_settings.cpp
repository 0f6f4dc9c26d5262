#include "apps/support/gan_settings.h"

#include <cmath>

#include "apps/support/schedule.h"
#include "kernels/problem.h"

namespace duel {
namespace {

constexpr const char* image_nets[] = {"dcgan", "mlp", "small-mlp", "keras"};              // in the order of GanNet
constexpr const char* norms_of_d[] = {"none", "batch", "layer", "instance", "spectral"};  // in the order of Norm
constexpr const char* optimizer_names[] = {"sgd", "rmsprop", "adam", "adamw"};            // in the order of OptimizerKind

}  // namespace

void GanSettings::check() const {
  check_common();
  want(size == 0 || (size >= 1 && size <= 4096), fmt::format("--size {}: 1 to 4096, or 0 for the data's", size));
  want(channels >= 0 && channels <= 4, fmt::format("--channels {}: 1 to 4, or 0 for the data's", channels));
  want(batch >= 2, fmt::format("--batch {}: batch norm needs at least 2 images", batch));
  want(dropout == -1 || (dropout >= 0 && dropout < 1), fmt::format("--dropout {}: in [0, 1), or -1 for the net's own", dropout));
  want(lr_d >= 0 && std::isfinite(lr_d), fmt::format("--lr-d {}: above 0, or 0 for that of G", lr_d));
  want(beta1 >= 0 && beta1 < 1, fmt::format("--beta1 {}: from 0 to below 1", beta1));
  want(beta2 >= 0 && beta2 < 1, fmt::format("--beta2 {}: from 0 to below 1", beta2));
  want(weight_decay >= 0 && std::isfinite(weight_decay), fmt::format("--weight-decay {}: at least 0", weight_decay));
  want(ema >= 0 && ema < 1, fmt::format("--ema {}: from 0 to below 1", ema));
  want(smooth >= 0 && smooth < 0.5, fmt::format("--smooth {}: from 0 to below 0.5", smooth));
  want(sample_every >= 1, fmt::format("--sample-every {}: at least 1", sample_every));
  want(eval_n >= 10, fmt::format("--eval-n {}: at least 10", eval_n));
  want(log_every >= 1, fmt::format("--log-every {}: at least 1", log_every));
  choice<OptimizerKind>("--optimizer", optimizer, optimizer_names), schedule_of(schedule), initial();
  GanConfig config =
      network(size ? size : 32, size ? size : 32, conditional ? 10 : 0);  // the images are not known before the data is loaded
  if (channels == 0) config.channels = 1;
  check_config(config);
  check_objective(objective(), config);
  diff_augmentation();
  want(ada >= 0 && ada < 1, fmt::format("--ada {}: the mean sign of D on real images to aim at, from 0 (off) to below 1", ada));
  want(ada == 0 || diff_augment.empty(), "--ada with --diff-augment: both change what D sees; take one of them");
  want(ada == 0 || loss != "wasserstein",
       "--ada with --loss wasserstein: it counts how often D(x) is above 0, and the zero of a Wasserstein critic means nothing; take "
       "another "
       "loss, or --diff-augment");
}

GanConfig GanSettings::network(int h, int w, int classes) const {
  const GanNet kind = choice<GanNet>("--net", net, image_nets);
  const Norm norm = choice<Norm>("--d-norm", d_norm, norms_of_d);
  return {.net = kind,
          .h = h,
          .w = w,
          .channels = channels,
          .nz = nz,
          .ngf = ngf,
          .ndf = ndf,
          .d_norm = norm,
          .dropout = dropout >= 0                                   ? dropout
                     : kind == GanNet::mlp || kind == GanNet::keras ? 0.3
                                                                    : 0,
          .minibatch_stddev = minibatch_stddev,
          .classes = conditional ? classes : 0,
          .label_in_g = choice<LabelInG>("--label-in-g", label_in_g, label_in_g_names),
          .label_in_d = choice<LabelInD>("--label-in-d", label_in_d, label_in_d_names),
          .precision = parse_dtype(precision)};
}

GanObjective GanSettings::objective() const {
  return {.loss = choice<AdversarialLoss>("--loss", loss, loss_names),
          .penalty = choice<Penalty>("--penalty", penalty, penalty_names),
          .penalty_weight = penalty_weight,
          .clip = clip,
          .real_is = 1 - smooth,
          .label_noise = label_noise,
          .instance_noise = instance_noise,
          .noise_steps = noise_steps,
          .matching = feature_matching,
          .l1 = l1,
          .critic_steps = critic_steps};
}

DiffAugment GanSettings::diff_augmentation() const {
  try {
    return parse_diff_augment(diff_augment);
  } catch (const Error& e) {
    fail(Failure::usage,
         fmt::format("--diff-augment {}: {}", diff_augment, std::string(e.what()).substr(std::string("[diff_augment] ").size())));
  }
}

Init GanSettings::initial() const {
  if (init.empty()) return net == "dcgan" ? Init::normal : Init::glorot;
  return choice<Init>("--init", init, init_names);
}

OptimizerSettings GanSettings::optimizer_of_g() const {
  return {.kind = choice<OptimizerKind>("--optimizer", optimizer, optimizer_names),
          .lr = lr,
          .momentum = beta1,
          .beta1 = beta1,
          .beta2 = beta2,
          .weight_decay = weight_decay};
}
OptimizerSettings GanSettings::optimizer_of_d() const {
  OptimizerSettings settings = optimizer_of_g();
  if (lr_d > 0) settings.lr = lr_d;
  return settings;
}

double GanSettings::rate_at(int64_t step, int64_t total) const { return schedule_factor(schedule_of(schedule), step, total); }

void choose_kind(CLI::App& command, GanSettings& settings, bool conditional) {
  settings.conditional = conditional;
  for (const char* flag : {"--conditional", "--label-in-g", "--label-in-d"})
    if (!conditional || flag == std::string("--conditional")) command.remove_option(command.get_option(flag));
}

}  // namespace duel
