// One step of D and one of G on nets so small that a student can follow every number: one hidden layer, points of the plane, two samples
// or three, in double. The nets, losses and optimisers are those that train; nothing is computed by other code for show.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/optim.h"
#include "models/gan.h"
#include "models/losses.h"

namespace duel {

struct HandInput {
  Generator g;      // f64, one hidden layer
  Discriminator d;  //
  Tensor real, z;   // f64 [n,1,1,2] and [n,1,1,nz]
};
// Weights, real points (of the ring of eight) and noise follow from the seed, each rounded to one decimal place so that they are easy to
// reckon with. Throws Error(usage) on a width, nz or batch outside 1 … 8.
HandInput seeded_input(int width, int nz, int batch, int64_t seed);
// {"g": {"0.w": [[…], …], "0.bias": […], "1.w": …, "1.bias": …}, "d": {…}, "real": [[x, y], …], "z": [[…], …]}, weights [out, in]. Throws
// Error(data) naming the file and what in it does not fit.
HandInput read_hand_input(const std::string& file);
nlohmann::ordered_json json_of(HandInput& input);

// One printed number, vector or matrix: "a1 = W0·z1 + b0 = (0.1, -0.3)".
struct HandLine {
  std::string name, formula;  // the formula may be empty
  std::vector<double> values;
  int64_t columns;  // of a row
};
struct HandSection {
  std::string title, words;
  std::vector<HandLine> lines;  // names are unique in a section
};
// Takes both steps; `input` has the new weights afterwards. Sections in the order of the arithmetic.
std::vector<HandSection> hand_step(HandInput& input, AdversarialLoss loss, const OptimizerSettings& optimizer);

std::string text_of(const std::vector<HandSection>& sections);
nlohmann::ordered_json json_of(const std::vector<HandSection>& sections);  // title → name → rows of numbers

}  // namespace duel
