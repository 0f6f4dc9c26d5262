// The settings of a VAE's run.
#pragma once
#include <optional>
#include <string>

#include "apps/support/run/settings.h"
#include "apps/support/train/optimizer_flags.h"
#include "engine/data/dataset.h"
#include "models/vae_step.h"

namespace duel {

struct VaeSettings : RunSettings<VaeSettings>, OptimizerFlags {
  static constexpr auto kind = "a VAE's run";

  std::string net = "vae", likelihood = "bernoulli", data = "fashion-mnist", device = "auto", precision = "f32", init, extractor;
  bool conditional = false;
  int size = 0, channels = 0, latent = 0, width = 0, hidden = 16, batch = 128;
  double beta = 1, sigma = 0.1, l1 = 0, ema = 0, content = 0, style = 0, variation = 0;
  int accumulate = 1;
  int64_t images = 0, seed = 1;
  int64_t steps = 0;  // 0: from epochs
  double epochs = 10;
  double minutes = 0;                 // stop after this long, whatever steps say; 0: no limit
  int eval_every = 0, eval_n = 2000;  // every 0: an epoch
  int checkpoint_every = 500;

  VaeSettings() { lr = 1e-3, beta1 = 0.9; }  // Keras's

  template <class F>
  void each(F&& f) {
    // A schedule that ends at zero does so when the run does, so its length is part of what is computed.
    const bool shaped = is_shaped();
    f("net", net, "network: vae (Keras's example), conv (shaped as DCGAN) or ae (the first without its randomness)", true);
    f("likelihood", likelihood, "of a pixel: bernoulli, gaussian or continuous-bernoulli", true);
    f("sigma", sigma, "standard deviation of a Gaussian's pixel, where 1 is the range from black to white", true);
    f("beta", beta, "weight of the KL; 1 is the VAE proper", true);
    f("latent", latent, "length of z; 0: 2 for vae and ae, 64 for conv", true);
    f("conditional", conditional, "give both halves of the net the label", true);
    f("data", data, "fashion-mnist, shapes, shapes:correlated, shapes:misleading, or a folder", true);
    f("images", images, "train on this many, in the classes' own shares; 0: all", true);
    f("size", size, "image size, square; 0 takes the data's", true);
    f("channels", channels, "1 or 3; 0 takes the data's", true);
    f("width", width, "channels of the first layer; 0: 32 for vae and ae, 64 for conv", true);
    f("hidden", hidden, "of the dense layer before the latent ones of vae and ae", true);
    f("batch", batch, "images a step", true);
    f("precision", precision, "f32, tf32 (on a GPU) or bf16", true);
    f("seed", seed, "all randomness follows from it", true);
    f("accumulate", accumulate, "batches whose gradients are averaged for one update, each seen by itself", true);
    f("l1", l1, "weight of the sum of absolute weights in the loss", true);
    f("content", content, "weight of what the last convolution of --extractor sees otherwise in what is decoded", true);
    f("style", style, "weight of how differently its maps go together (Gram matrices), layer by layer", true);
    f("total-variation", variation, "weight of the differences between neighbouring pixels of what is decoded", true);
    each_of_step_size(f), each_of_decay(f);
    f("init", init, "weights start from normal (N(0, .02)), glorot, he or orthogonal; empty: normal for conv, else glorot", true);
    f("ema", ema, "keep an average of the weights with this decay, and show and judge it; 0: none", true);
    f("device", device, "cpu, cuda, sim, sim-checked or auto", true);
    f("steps", steps, "end after this many steps; 0: after --epochs", shaped);
    f("epochs", epochs, "end after this many passes over the data, unless --steps is given", shaped);
    f("minutes", minutes, "stop after this many minutes, if not at the end by then; 0: no limit", false);
    f("eval-every", eval_every, "steps between looks at the test images; 0: an epoch", true);
    f("extractor", extractor, "a run of classify, whose features judge the samples at each look. Empty: none", true);
    f("eval-n", eval_n, "images of each side in that", true);
    f("checkpoint-every", checkpoint_every, "steps between checkpoints", false);
  }

  void check() const;                                  // throws Error(usage) on values that make no sense
  VaeConfig network(int h, int w, int classes) const;  // channels known; classes of the data
  VaeObjective objective() const;
  std::optional<Init> initial() const;  // none: the net's own
  Perceptual perceptual(const Classifier* by) const;
  int batches_a_step() const { return accumulate; }
};

// --content and --style show the classifier images as they are: throws Error(usage) where it takes others.
void check_perceptual(const VaeSettings& settings, const ClassifierConfig& takes, const Dataset& images);

}  // namespace duel
