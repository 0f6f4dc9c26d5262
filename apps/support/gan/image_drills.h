// Drills on small pictures of shapes.
#pragma once
#include <vector>

#include "apps/support/drills/drill.h"

namespace duel {

const std::vector<Drill>& image_drills();  // seconds a seed each

}  // namespace duel
