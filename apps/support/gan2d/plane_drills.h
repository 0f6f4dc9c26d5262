// Drills on the ring of eight, σ = .1.
#pragma once
#include <vector>

#include "apps/support/drills/drill.h"

namespace duel {

const std::vector<Drill>& plane_drills();  // seconds a seed each

}  // namespace duel
