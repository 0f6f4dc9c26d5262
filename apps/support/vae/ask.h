// What can be asked of a trained VAE: sample, generate, reconstruct, interpolate, classes, arithmetic, manifold, encode, eval, export.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "apps/support/images/data.h"
#include "apps/support/run/ask.h"
#include "apps/support/vae/state.h"

namespace duel {

// A tenth is held out where a data set has no test images of its own.
ImageData vae_images(const std::string& data, int size, const VaeSettings& settings);
Dataset first_images(const Dataset& data, int count);  // fewer where there are fewer

struct VaeAsk : Ask {
  std::string data, label, split = "test", part, from_class, to_class;
  int side = 20;
  double reach = 1.5;
  std::vector<int> images;
  std::vector<std::string> classes;  // of a walk through labels
};

// Adds a subcommand for each question. What it returns answers it, with the exit code.
std::vector<std::pair<CLI::App*, int (*)(const VaeAsk&)>> add_vae_questions(CLI::App& app, VaeAsk& ask);

// The ELBO and its parts on --split of --data, printed; the exit code.
int say_elbo(const VaeAsk& ask);

}  // namespace duel
