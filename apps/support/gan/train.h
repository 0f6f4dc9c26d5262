// `train` of gan and cgan.
#pragma once
#include "apps/support/gan/settings.h"
#include "apps/support/train/command.h"

namespace duel {

int train_gan(TrainCommand<GanSettings>& command, bool conditional);  // the exit code

}  // namespace duel
