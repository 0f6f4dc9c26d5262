// Images of a trained generator, whichever it is: for `generate` and for what judges them. gan/generated.h and vae/generated.h make them.
#pragma once
#include <optional>
#include <string>

#include "apps/support/generate/generated_folder.h"
#include "apps/support/run/checkpoint.h"
#include "engine/data/dataset.h"

namespace duel {

struct Generated : GeneratedImages {
  int64_t step = 0;  // of the net
  int margin = 0;    // background around each image, that training added
};

// Which generator: its checkpoint, step and seed, for the text in a PNG.
nlohmann::ordered_json about_generator(const Origin& origin, int64_t step, int64_t seed);

// All but the values, of a TrainedGan or TrainedVae whose net has this config.
template <class Trained, class Config>
Generated described(const Trained& trained, const Config& c, int64_t n, int64_t seed, int label) {
  Generated made{{.n = n, .h = c.h, .w = c.w, .c = c.channels, .labels = {}, .classes = trained.classes, .about = {}, .values = {}},
                 trained.step,
                 trained.margin};
  if (c.classes) made.labels = balanced_labels(n, c.classes, label);
  if (!trained.origin.file.empty()) made.about = about_generator(trained.origin, trained.step, seed);
  return made;
}

std::vector<int32_t> labels_of_part(const std::vector<int32_t>& labels, int64_t from, int64_t to);  // none where there are none

// The pictures that write_generated() would write, in memory. Without labels all are of one nameless class.
Dataset in_memory(const GeneratedImages& images, const std::string& name);

// Writes them into a new folder and says so.
void generate_into(const std::string& folder, const Generated& images);

}  // namespace duel
