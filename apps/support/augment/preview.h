// Each step of a recipe over its range: a row a parameter, from least to greatest, all else in the middle of its range.
#pragma once
#include <vector>

#include "apps/support/augment/augmenter.h"
#include "apps/support/augment/labelled_sheet.h"

namespace duel {

// `steps`: what parse_recipe() made; of an empty recipe every step that there is, as the table has it. Each step acts alone and for sure.
// What is drawn besides its parameters (where a box lies, the noise itself) is drawn once for all tiles of a row, by the seed; of a policy,
// which draws what it does, seven epochs are shown. Noise and sharpness show the middle of a large picture, pixel by pixel.
std::vector<SheetRow> preview_rows(const Image& image, const AugmentJob& job);

}  // namespace duel
