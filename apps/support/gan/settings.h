// The settings of a GAN run, conditional or not.
#pragma once
#include <string>

#include "apps/support/gan/adversarial_settings.h"
#include "apps/support/run/settings.h"
#include "augment/diff_augment.h"

namespace duel {

struct GanSettings : RunSettings<GanSettings>, AdversarialSettings {
  static constexpr auto kind = "a GAN run";

  bool conditional = false;
  std::string net = "dcgan", label_in_g = "one-hot", label_in_d = "one-hot";
  std::string data = "fashion-mnist", device = "auto", precision = "f32";
  int size = 32, channels = 0, batch = 128, nz = 100, ngf = 64, ndf = 64;
  double dropout = -1;
  bool minibatch_stddev = false;
  int64_t images = 0, seed = 1;

  std::string diff_augment;
  double ada = 0, ema = 0;

  int64_t steps = 0;  // where the run ends; 0: after `epochs`
  double epochs = 2;
  double minutes = 0;  // stop after this long, whatever steps and epochs say; 0: no limit
  int sample_every = 200, log_every = 10, inspect_every = 200, checkpoint_every = 500;
  std::string extractor;
  int eval_every = 0, eval_n = 2000;

  template <class F>
  void each(F&& f) {
    // A schedule that ends at zero does so when the run does, so its length is part of what is computed.
    const bool shaped = is_shaped();
    f("conditional", conditional, "a class for each image: cgan", true);
    f("label-in-g", label_in_g, "how the label enters G: one-hot, embedding or norm", true);
    f("label-in-d", label_in_d, "how the label enters D: one-hot, embedding or projection", true);
    f("net", net, "networks: dcgan, mlp, small-mlp or keras", true);
    f("data", data, "fashion-mnist, shapes, shapes:correlated, shapes:misleading, or a folder", true);
    f("images", images, "train on this many, in the classes' own shares; 0: all", true);
    f("size", size, "image size, square; 0 takes the data's", true);
    f("channels", channels, "1 or 3; 0 takes the data's", true);
    f("batch", batch, "images a step", true);
    f("nz", nz, "length of the noise vector", true);
    f("ngf", ngf, "G's channels before its last layer", true);
    f("ndf", ndf, "D's channels after its first layer", true);
    f("d-norm", d_norm, "of D: batch (none in nets without), layer, instance, spectral or none", true);
    f("dropout", dropout, "of D's hidden layers; -1: .3 for mlp and keras, else 0", true);
    f("minibatch-stddev", minibatch_stddev, "show D how much the images of a batch differ", true);
    f("init", init, "weights start from normal (N(0, .02)), glorot, he or orthogonal; empty: normal for dcgan, else glorot", true);
    f("precision", precision, "f32, tf32 (on a GPU) or bf16", true);
    f("seed", seed, "all randomness follows from it", true);
    each_of_objective(f);
    f("diff-augment", diff_augment, "what D sees is changed at random: color, translation, cutout, by commas; empty: nothing", true);
    f("ada", ada, "the same, as strongly as keeps the mean sign of D(x) at this; 0.6 is usual, 0: not at all", true);
    each_of_optimizer(f);
    f("ema", ema, "keep an average of G with this decay, and sample from it; 0: none", true);
    f("device", device, "cpu, cuda, sim, sim-checked or auto", true);
    f("steps", steps, "end after this many steps; 0: after --epochs", shaped);
    f("epochs", epochs, "end after this many passes over the data, unless --steps is given", shaped);
    f("minutes", minutes, "stop after this many minutes, if not at the end by then; 0: no limit", false);
    f("sample-every", sample_every, "steps between sample grids", false);
    f("log-every", log_every, "steps between records in metrics.jsonl", false);
    f("inspect-every", inspect_every, "steps between looks into the layers, for records, page and doctor; 0: never", false);
    f("checkpoint-every", checkpoint_every, "steps between checkpoints", false);
    f("extractor", extractor, "a run of classify, whose features judge the samples; the best are kept. Empty: none", true);
    f("eval-every", eval_every, "steps between such judgements; 0: an epoch", true);
    f("eval-n", eval_n, "images of each side in them", true);
  }

  void check() const;                                  // throws Error(usage) on values that make no sense
  GanConfig network(int h, int w, int classes) const;  // channels known; classes of the data
  DiffAugment diff_augmentation() const;
  Init initial() const;
};

// Before the flags are parsed: takes those away that mean nothing to the program, and fixes what it is.
void choose_kind(CLI::App& command, GanSettings& settings, bool conditional);

}  // namespace duel
