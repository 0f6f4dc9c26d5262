// Images of a trained generator, whichever it is: the one way from a checkpoint to pictures, for `generate` and for what judges them.
#pragma once
#include <optional>
#include <string>

#include "apps/support/gan/state.h"
#include "apps/support/generate/generated_folder.h"
#include "apps/support/vae/state.h"
#include "engine/data/dataset.h"

namespace duel {

struct Generated : GeneratedImages {
  int64_t step = 0;  // of the net
  int margin = 0;    // background around each image, that training added
};

// n images of G, or of the decoder on draws from the prior. A conditional net makes as many of each class, class by class, or all of class
// `label` where that is not negative. A plain autoencoder throws Error(usage): it has no prior.
Generated generated(const TrainedGan& gan, int64_t n, int64_t seed, int label = -1);
Generated generated(const TrainedVae& vae, int64_t n, int64_t seed, int label = -1);

// Which generator: its checkpoint, step and seed, for the text in a PNG.
nlohmann::ordered_json about_generator(const Origin& origin, int64_t step, int64_t seed);

// What the metadata of a safetensors file calls its format; empty where it does not say.
std::string format_of(const std::string& file);
bool is_generator(const std::string& format);  // of a checkpoint of gan, cgan or vae

// n images of the generator in `file`, of such a format.
Generated generated_by(const std::string& file, int64_t n, int64_t seed, Device device);

// The pictures that write_generated() would write, in memory. Without labels all are of one nameless class.
Dataset in_memory(const GeneratedImages& images, const std::string& name);

// Writes them into a new folder and says so.
void generate_into(const std::string& folder, const Generated& images);

}  // namespace duel
