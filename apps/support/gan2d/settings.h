// The settings of a GAN on points of the plane. What trains is what `gan` trains with; the defaults are those of a small net that finds all
// eight modes of the ring.
#pragma once
#include <string>

#include "apps/support/gan/adversarial_settings.h"
#include "apps/support/run/settings.h"

namespace duel {

struct Gan2dSettings : RunSettings<Gan2dSettings>, AdversarialSettings {
  static constexpr auto kind = "a run of gan2d";

  std::string data = "ring", device = "cpu";
  int modes = 8, batch = 128, nz = 2, width = 128, depth = 3;
  double sigma = 0.1;
  int64_t seed = 1, steps = 3000;
  int frames = 60, log_every = 20;

  // λ = .1 is what the authors of WGAN-GP take for points of the plane (gan_toy.py of improved_wgan_training).
  Gan2dSettings() { d_norm = "none", penalty_weight = 0.1, lr = 1e-3, beta2 = 0.9, schedule = "linear"; }

  template <class F>
  void each(F&& f) {
    f("data", data, "ring, grid, moons, a picture whose dark pixels are the density, or a CSV of points", true);
    f("modes", modes, "Gaussians on the ring", true);
    f("sigma", sigma, "standard deviation of a Gaussian, and of the noise on the moons", true);
    f("batch", batch, "points a step", true);
    f("nz", nz, "length of the noise vector", true);
    f("width", width, "values of a hidden layer, in G and in D", true);
    f("depth", depth, "hidden layers, in G and in D", true);
    f("d-norm", d_norm, "of D: layer, spectral or none", true);
    f("init", init, "weights start from normal (N(0, .02)), glorot, he or orthogonal; empty: he", true);
    f("seed", seed, "all randomness follows from it", true);
    each_of_objective(f);
    each_of_optimizer(f);
    f("device", device, "cpu, cuda, sim, sim-checked or auto", true);
    f("steps", steps, "steps of G", true);
    f("frames", frames, "moments of the training that the page shows; early ones lie closer", false);
    f("log-every", log_every, "steps between records in metrics.jsonl", false);
  }

  void check() const;  // throws Error(usage) on values that make no sense
  GanConfig network() const;
};

}  // namespace duel
