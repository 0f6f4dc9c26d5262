// Images as nets are shown them, in [−1, 1]. Those in [0, 255] train a net to nothing without a word.
#pragma once
#include <string>

#include "engine/tensor.h"

namespace duel {

// Throws Error(usage) where some value lies outside [−1, 1], and where all lie in [0, ½) and differ, as pixels do that were divided by
// their image's length, with `why` as the reason. Reads the images back: once a run, not once a step.
void check_image_range(const Tensor& images, const std::string& model, const std::string& why);

}  // namespace duel
