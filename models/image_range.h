// Images as nets are shown them, in [−1, 1]. Those in [0, 255] train a net to nothing without a word.
#pragma once
#include <string>

#include "engine/tensor.h"

namespace duel {

// images [n,…]. Throws Error(usage) where some value lies outside [−1, 1], and where none is below 0 and each image's squares sum to 1, as
// they do when its pixels were divided by its length, with `why` as the reason. Reads the images back: once a run, not once a step.
void check_image_range(const Tensor& images, const std::string& model, const std::string& why);

}  // namespace duel
