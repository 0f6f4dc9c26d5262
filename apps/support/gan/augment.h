// What D is shown in a run with --diff-augment or --ada.
#pragma once
#include "apps/support/gan/state.h"

namespace duel {

// Sets the step's transform, and with --ada what hears D, by the run's settings. Both refer to `state`, whose p they read and move.
void augment_what_d_sees(GanStep& step, GanState& state);

}  // namespace duel
