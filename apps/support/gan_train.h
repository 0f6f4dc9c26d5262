// `train` of gan and cgan.
#pragma once
#include "apps/support/gan_settings.h"
#include "apps/support/train_command.h"

namespace duel {

int train_gan(TrainCommand<GanSettings>& command, bool conditional);  // the exit code

}  // namespace duel
