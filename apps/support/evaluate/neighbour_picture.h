// A picture of samples, each beside the training images nearest to it.
#pragma once
#include "engine/data/dataset.h"
#include "engine/neighbours.h"

namespace duel {

// A row each for the first `rows` samples: the sample, a gap, and its neighbours, nearest first. Images have one size and one number of
// channels. Throws Error(usage) where the picture would be too large for programs to open.
Image neighbour_picture(const Dataset& samples, const Dataset& train, const Neighbours& found, int rows);

}  // namespace duel
