#include "apps/support/classify/train_classifier.h"

#include <algorithm>
#include <cmath>

#include "apps/support/classify/batches.h"
#include "apps/support/command/progress.h"
#include "apps/support/command/signals.h"
#include "engine/graph.h"
#include "engine/io/file.h"

namespace duel {

ClassifyState train_classifier(ClassifySettings settings, const Dataset& train, Device device, const std::string& title) {
  if (train.n < settings.batch)
    fail(Failure::data, fmt::format("{}: {}, but --batch is {}; use a smaller batch or more images", train.name,
                                    counted(static_cast<uint64_t>(train.n), "image"), settings.batch));
  if (train.classes.size() < 2) fail(Failure::data, fmt::format("{}: has one class; a classifier tells two or more apart", train.name));
  settings.channels = train.c;
  settings.check();
  ClassifyState state(settings, train, device);
  Shuffler order(train.n, settings.batch, static_cast<uint64_t>(settings.seed));
  const double epoch = static_cast<double>(order.batches_per_epoch());
  const int64_t total = settings.steps ? settings.steps : static_cast<int64_t>(std::ceil(settings.epochs * epoch));
  ClassifyBatches batches(settings, train, device, order, total);
  ClassifyStep one_step = batches.step_of(state);
  StepGraph step(device, [&] { one_step(); });

  auto mean_loss = [&] {  // since the start
    const double value = state.loss_sum.item() / static_cast<double>(std::max<int64_t>(1, state.step));
    if (!std::isfinite(value))
      fail(Failure::numeric, fmt::format("step {} of training on {}: the loss is {}; try a smaller --lr", state.step, train.name, value));
    return value;
  };
  Progress progress(title, total);
  while (state.step < total && !stop_requested()) {
    batches.next(state.step);
    state.optimizer.set_lr(settings.lr_at(state.step, total));
    step();
    if (progress.tick(++state.step)) {
      const Reading readings[] = {{"images/s", progress.steps_per_second() * settings.batch}, {"loss", mean_loss()}};
      progress.show(readings);
    }
  }
  progress.finish();
  mean_loss();
  return state;
}

}  // namespace duel
