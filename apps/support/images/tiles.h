// From a net's numbers to pictures of many tiles.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/io/image.h"

namespace duel {

// Values in [−1, 1], NHWC, as images of h × w pixels; what is left over of an incomplete one is dropped.
std::vector<Image> to_images(const std::vector<float>& values, int h, int w, int channels);

// A picture of so many tiles must be one that programs can open. Throws Error(usage).
void check_tiles(int64_t columns, int64_t rows, int h, int w);

// Pictures are written as PNG. Throws Error(usage) for a name that says otherwise.
void check_is_png(const std::string& out);

}  // namespace duel
