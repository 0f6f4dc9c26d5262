#include "apps/support/classify/settings.h"

#include <cmath>

#include "apps/support/train/schedule.h"
#include "kernels/problem.h"

namespace duel {

void ClassifySettings::check() const {
  check_common();
  want(net == "lenet" || net == "resnet", fmt::format("--net {}: there are lenet and resnet", net));
  want(optimizer == "sgd" || optimizer == "adamw", fmt::format("--optimizer {}: sgd or adamw", optimizer));
  schedule_of(schedule);
  want(size == 0 || (size >= 4 && size <= 4096), fmt::format("--size {}: 4 to 4096, or 0 for the data's", size));
  want(batch >= 1, fmt::format("--batch {}: at least 1", batch));
  want(momentum >= 0 && momentum < 1, fmt::format("--momentum {}: in [0, 1)", momentum));
  want(weight_decay >= 0 && std::isfinite(weight_decay), fmt::format("--weight-decay {}: at least 0", weight_decay));
  want(smoothing >= 0 && smoothing < 1, fmt::format("--smoothing {}: in [0, 1)", smoothing));
  want(sampler == "shuffled" || sampler == "balanced", fmt::format("--sampler {}: shuffled or balanced", sampler));
  for (const auto& [flag, alpha] : {std::pair{"mixup", mixup}, {"cutmix", cutmix}})
    want(alpha >= 0 && alpha <= 1e4, fmt::format("--{} {}: 0 for off, or up to 10000", flag, alpha));
  want((mixup > 0) + (cutmix > 0) + sample_pairing <= 1, "--mixup, --cutmix and --sample-pairing each mix a batch; give one of them");
  recipe();
  ClassifierConfig config = network(28, 28, 10);  // the images are not known before the data is loaded
  if (channels == 0) config.channels = 1;
  check_config(config);
}

ClassifierConfig ClassifySettings::network(int h, int w, int classes) const {
  return {.net = net == "lenet" ? ClassifierNet::lenet : ClassifierNet::resnet,
          .h = h,
          .w = w,
          .channels = channels,
          .classes = classes,
          .width = width,
          .blocks = blocks,
          .dropout = dropout,
          .precision = dtype_of_precision(precision)};
}

OptimizerSettings ClassifySettings::optimizer_settings() const {
  const bool sgd = optimizer == "sgd";
  return {.kind = sgd ? OptimizerKind::sgd : OptimizerKind::adamw,
          .lr = lr,
          .momentum = momentum,
          .beta1 = momentum,
          .weight_decay = weight_decay};
}

Recipe ClassifySettings::recipe() const {
  Recipe recipe;
  try {
    recipe = parse_recipe(aug);
  } catch (const Error& e) {
    fail(e.kind, fmt::format("--aug \"{}\": {}", aug, e.what()));
  }
  want(aug.find("normalize") == std::string::npos, fmt::format("--aug \"{}\": leave out normalize; the net takes [-1, 1]", aug));
  for (int k = 0; k < 4; ++k) recipe.mean[k] = recipe.std[k] = 0.5f;
  return recipe;
}

double ClassifySettings::lr_at(int64_t step, int64_t total) const { return lr * schedule_factor(schedule_of(schedule), step, total); }

}  // namespace duel
