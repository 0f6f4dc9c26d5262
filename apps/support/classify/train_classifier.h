// A classifier trained on the spot, for measures that need one: no run folder, no checkpoint.
#pragma once
#include "apps/support/classify/state.h"
#include "engine/data/dataset.h"

namespace duel {

// `settings.steps`, or `settings.epochs` passes over `train`, by the steps and the schedule of `classify train`; settings.data, size and
// channels are taken from `train`. The same bits for the same seed. Throws Error(data) where a batch is larger than the data or there is
// only one class, Error(numeric) where the loss is not finite. Where signals are watched (signals.h) and one asks to stop, it returns at
// once with what it has. `title` is what the progress line begins with.
ClassifyState train_classifier(ClassifySettings settings, const Dataset& train, Device device, const std::string& title = "training");

}  // namespace duel
