// The doctor: patterns in what a GAN's run measured that mean trouble, each put into one plain sentence with what to try.
//
// It knows nothing of programs, nets or files. Whoever has readings fills in those it has; a rule whose readings are missing keeps silent,
// and so does one that is not sure. Each rule is a function of its own in doctor.cpp, beside its threshold, the reason and the source.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace duel {

struct Readings {
  // Of training: what was recorded, oldest first, each as often as it was. Empty: never.
  std::vector<double> loss_d, loss_g;
  std::vector<double> real_right,
      fake_right;                          // shares of a batch that D judges rightly; leave out where D's zero means nothing (Wasserstein)
  std::vector<double> d_fake_after;        // D(G(z)) as a probability, as G's step saw it; leave out where the loss makes none
  bool saturating = false;                 // G minimises log(1 − D(G(z))), the minimax loss
  bool cross_entropy = false;              // D's loss is one, of targets in [0, 1]: it cannot be negative
  std::optional<double> d_moves, g_moves;  // how much a weight of the net changed in a step, the one that changed most
  // Shares of real images that D with batch norm judges rightly: beside generated ones in one batch, and beside other real ones.
  std::optional<double> right_in_company, right_alone;

  // Of samples in evaluation mode.
  std::optional<double> spread;          // mean distance between two samples, relative to real images (sample_check.h)
  std::optional<double> twin;            // median distance to the nearest other sample, likewise
  std::optional<double> modes_found;     // share of the modes, where they can be counted (metrics/modes.h)
  std::optional<double> saturated;       // share of values with |v| > 0.99, G ending in tanh …
  std::optional<double> real_saturated;  // … and of the real images' values
  std::optional<double> checkerboard;    // energy at the stride's frequency, relative to real images (checkerboard_energy)
  std::optional<double> copied;  // share nearer to a training image than held-out images are in one of a hundred cases (duplicates.h)
  std::optional<double> dead;    // share of a ReLU layer's channels that were above 0 nowhere in a batch, of G's worst layer …
  std::string dead_layer;        // … and which that is
  std::optional<double> label_agreement;  // of a conditional G (label_agreement())
  std::optional<double> norm_drift;       // how far G's output in training mode, with the batch's statistics, is from that with the running
                                          // ones: root mean square, relative to the standard deviation between the samples
};

constexpr size_t doctor_window = 20;  // records that are looked at, and as many it takes: single batches are too noisy to judge by

struct Finding {
  std::string name;      // "collapse": one word or two, the same for the same rule
  std::string sentence;  // what was seen, and what to try
};

// In the order of how much they matter; empty where nothing speaks of trouble.
std::vector<Finding> diagnose(const Readings& readings);

// Mean squared diagonal detail of 2×2 blocks, (a − b − c + d)/2, over the variance of all values: what a period of two pixels in both
// directions holds, which is where kernels that do not divide evenly by their stride leave their trace (Odena, Dumoulin & Olah,
// "Deconvolution and checkerboard artifacts", Distill 2016). `images`: n of h×w×c values; 0 where all are equal.
double checkerboard_energy(const std::vector<float>& images, int h, int w, int c);

// Whether samples of a class are like the real images of it: how much of what the mean images of the real classes differ by (each less the
// mean of them all) is in those of the samples, by least squares. 1: they vary from class to class alike; 0: as chance has it. The real
// images of each class are taken in two halves, whose noise is independent, so that it counts for nothing. Rows of `size` values, each with
// its label; classes with no sample or fewer than two real images are left out. None where the halves disagree about what the classes
// differ by (a cosine below one half): then mean images do not tell these classes apart.
std::optional<double> label_agreement(const std::vector<float>& samples, const std::vector<int>& asked, const std::vector<float>& real,
                                      const std::vector<int>& labels, int classes, size_t size);

}  // namespace duel
