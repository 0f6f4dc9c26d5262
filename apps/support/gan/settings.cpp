#include "apps/support/gan/settings.h"

#include "apps/support/command/choice.h"
#include "apps/support/command/flags.h"
#include "kernels/problem.h"

namespace duel {
namespace {

constexpr const char* image_nets[] = {"dcgan", "mlp", "small-mlp", "keras"};  // in the order of GanNet

}  // namespace

void GanSettings::check() const {
  check_common();
  want(size == 0 || (size >= 1 && size <= 4096), fmt::format("--size {}: 1 to 4096, or 0 for the data's", size));
  want(channels >= 0 && channels <= 4, fmt::format("--channels {}: 1 to 4, or 0 for the data's", channels));
  want(batch >= 2, fmt::format("--batch {}: batch norm needs at least 2 images", batch));
  want(dropout == -1 || (dropout >= 0 && dropout < 1), fmt::format("--dropout {}: in [0, 1), or -1 for the net's own", dropout));
  check_adversarial();
  want(sample_every >= 1, fmt::format("--sample-every {}: at least 1", sample_every));
  want(log_every >= 1, fmt::format("--log-every {}: at least 1", log_every));
  want(inspect_every >= 0, fmt::format("--inspect-every {}: at least 1, or 0 for never", inspect_every));
  initial();
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
  return {.net = kind,
          .h = h,
          .w = w,
          .channels = channels,
          .nz = nz,
          .ngf = ngf,
          .ndf = ndf,
          .d_norm = norm_of_d(),
          .dropout = dropout >= 0                                   ? dropout
                     : kind == GanNet::mlp || kind == GanNet::keras ? 0.3
                                                                    : 0,
          .minibatch_stddev = minibatch_stddev,
          .classes = conditional ? classes : 0,
          .label_in_g = choice<LabelInG>("--label-in-g", label_in_g, label_in_g_names),
          .label_in_d = choice<LabelInD>("--label-in-d", label_in_d, label_in_d_names),
          .precision = dtype_of_precision(precision)};
}

DiffAugment GanSettings::diff_augmentation() const {
  try {
    return parse_diff_augment(diff_augment);
  } catch (const Error& e) {
    fail(Failure::usage,
         fmt::format("--diff-augment {}: {}", diff_augment, std::string(e.what()).substr(std::string("[diff_augment] ").size())));
  }
}

Init GanSettings::initial() const { return AdversarialSettings::initial(net == "dcgan" ? Init::normal : Init::glorot); }

void choose_kind(CLI::App& command, GanSettings& settings, bool conditional) {
  settings.conditional = conditional;
  for (const char* flag : {"--conditional", "--label-in-g", "--label-in-d"})
    if (!conditional || flag == std::string("--conditional")) command.remove_option(command.get_option(flag));
}

}  // namespace duel
