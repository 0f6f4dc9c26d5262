// The settings of a GAN run.
#pragma once
#include <string>

#include "apps/support/run_settings.h"
#include "models/dcgan.h"

namespace duel {

struct GanSettings : RunSettings<GanSettings> {
  static constexpr auto kind = "a GAN run";
  std::string net = "dcgan", data = "fashion-mnist", device = "auto", precision = "f32";
  int size = 32, channels = 0, batch = 128, nz = 100, ngf = 64, ndf = 64;
  int64_t seed = 1;
  double lr = 2e-4, beta1 = 0.5;
  int64_t steps = 0;  // where the run ends; 0: after `epochs`
  double epochs = 2;
  double minutes = 0;  // stop after this long, whatever steps and epochs say; 0: no limit
  int sample_every = 200, log_every = 10, checkpoint_every = 500;

  template <class F>
  void each(F&& f) {
    f("net", net, "network: dcgan", true);
    f("data", data, "fashion-mnist, shapes, shapes:correlated, or a folder", true);
    f("size", size, "image size: 16, 32, 64 or 128", true);
    f("channels", channels, "1 or 3; 0 takes the data's", true);
    f("batch", batch, "images a step", true);
    f("nz", nz, "length of the noise vector", true);
    f("ngf", ngf, "G's channels before its last layer", true);
    f("ndf", ndf, "D's channels after its first layer", true);
    f("precision", precision, "f32 or bf16", true);
    f("seed", seed, "all randomness follows from it", true);
    f("lr", lr, "Adam's step size", true);
    f("beta1", beta1, "Adam's first decay", true);
    f("device", device, "cpu, cuda, sim, sim-checked or auto", true);
    f("steps", steps, "end after this many steps; 0: after --epochs", false);
    f("epochs", epochs, "end after this many passes over the data, unless --steps is given", false);
    f("minutes", minutes, "stop after this many minutes, if not at the end by then; 0: no limit", false);
    f("sample-every", sample_every, "steps between sample grids", false);
    f("log-every", log_every, "steps between records in metrics.jsonl", false);
    f("checkpoint-every", checkpoint_every, "steps between checkpoints", false);
  }

  void check() const;  // throws Error(usage) on values that make no sense
  DcganConfig network() const;
};

}  // namespace duel
