// Images of a trained generator that fill up the rare classes of a data set.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "apps/support/gan/state.h"
#include "apps/support/vae/state.h"
#include "augment/smote.h"
#include "engine/data/dataset.h"

namespace duel {

// How many images each class lacks to have as many as the largest.
std::vector<int64_t> missing(const Dataset& data);

// b behind a, of the same size and classes.
Dataset joined(Dataset a, const Dataset& b);

// Trained is TrainedGan or TrainedVae.

// Whether what the generator in `run` makes can stand beside the images of `data`: the same size, once a margin that training added is
// gone, and where `labelled` the same classes. Throws Error(data).
template <class Trained>
void check_fills(const Trained& generator, const std::string& run, const Dataset& data, bool labelled);

struct ClassSamples {
  Dataset images;
  std::vector<int64_t> seed, number;  // of each: `generate --label CLASS --seed SEED` makes it as its image NUMBER, counted from 0
};
// counts[c] images of each class c, class by class, each class from a seed of its own; of the size and channels of `like`. Fewer where
// stop_requested().
template <class Trained>
ClassSamples class_samples(const Trained& generator, const std::vector<int64_t>& counts, const Dataset& like, int64_t seed);

// Of such images those that a judge puts into their class. A class that is rejected ten times over stays short. Throws Error(numeric) where
// the judge's answer is no number.
struct FilteredSamples : ClassSamples {
  std::vector<int64_t> tried, lacking;  // of each class
  std::string note() const;             // 310 of 400 samples kept; Bag is 3 short
};
using Judge = std::function<std::vector<float>(const Dataset&)>;  // class probabilities, a row an image
template <class Trained>
FilteredSamples filtered_samples(const Trained& generator, const std::vector<int64_t>& counts, const Dataset& like, int64_t seed,
                                 const Judge& judge);

// SMOTE between the codes of a VAE, decoded: each class up to as many as the largest has.
struct SmotedCodes {
  Dataset images;                        // those that were made
  std::vector<int32_t> base, neighbour;  // rows of `data` whose codes it lies between
  std::vector<float> share;              // of the way from base to neighbour
};
SmotedCodes smote_codes(const TrainedVae& vae, const Dataset& data, const SmoteOptions& options);

}  // namespace duel
