// The settings of a classifier's run.
#pragma once
#include <string>

#include "apps/support/run/settings.h"
#include "augment/recipe/recipe.h"
#include "engine/optim.h"
#include "models/classifier.h"

namespace duel {

struct ClassifySettings : RunSettings<ClassifySettings> {
  static constexpr auto kind = "a classifier's run";

  std::string net = "lenet", data = "fashion-mnist", device = "auto", precision = "f32", optimizer = "sgd", schedule = "cosine";
  std::string aug, sampler = "shuffled";
  bool class_weights = false, sample_pairing = false;
  int size = 0, channels = 0, width = 32, blocks = 1, batch = 128;
  double dropout = 0.5, lr = 0.05, momentum = 0.9, weight_decay = 5e-4, smoothing = 0, mixup = 0, cutmix = 0;
  int64_t images = 0, seed = 1;
  int64_t steps = 0;  // 0: from epochs
  double epochs = 10;
  double minutes = 0;  // stop after this long, whatever steps say; 0: no limit
  int eval_every = 0;  // 0: an epoch
  int checkpoint_every = 500;

  // A cosine ends at zero when the run does, and SamplePairing goes by shares of the run, so its length is part of what is computed.
  template <class F>
  void each(F&& f) {
    const bool shaped = schedule != "constant" || sample_pairing;
    f("net", net, "network: lenet or resnet", true);
    f("data", data, "fashion-mnist, shapes, shapes:correlated, shapes:misleading, or a folder", true);
    f("images", images, "train on this many, in the classes' own shares; 0: all", true);
    f("size", size, "image size, square; 0 takes the data's", true);
    f("channels", channels, "1 or 3; 0 takes the data's", true);
    f("width", width, "channels of the first layer", true);
    f("blocks", blocks, "blocks of a stage of the ResNet", true);
    f("dropout", dropout, "of the LeNet's dense layer", true);
    f("batch", batch, "images a step", true);
    f("precision", precision, "f32, tf32 (on a GPU) or bf16", true);
    f("seed", seed, "all randomness follows from it", true);
    f("optimizer", optimizer, "sgd or adamw", true);
    f("lr", lr, "step size at the start", true);
    f("schedule", schedule, "of the step size: cosine or linear (both to 0 at the end), or constant", true);
    f("momentum", momentum, "of sgd; the first decay of adamw", true);
    f("weight-decay", weight_decay, "pull of weights towards 0", true);
    f("smoothing", smoothing, "of labels", true);
    f("aug", aug, "augmentation, such as \"hflip; rotate -15..15\"; `classify steps` lists what there is; empty: none", true);
    f("mixup", mixup, "alpha of mixup's Beta distribution; 0: off", true);
    f("cutmix", cutmix, "alpha of CutMix's Beta distribution; 0: off", true);
    f("sample-pairing", sample_pairing, "average images, labels kept, in 8 of 10 epochs from a tenth to eight tenths of the run", true);
    f("sampler", sampler, "shuffled, or balanced: as many images of each class in an epoch", true);
    f("class-weights", class_weights, "weigh the loss of a class by 1 over its images", true);
    f("device", device, "cpu, cuda, sim, sim-checked or auto", true);
    f("steps", steps, "end after this many steps; 0: after --epochs", shaped);
    f("epochs", epochs, "end after this many passes over the data, unless --steps is given", shaped);
    f("minutes", minutes, "stop after this many minutes, if not at the end by then; 0: no limit", false);
    f("eval-every", eval_every, "steps between looks at the test images; 0: an epoch", true);
    f("checkpoint-every", checkpoint_every, "steps between checkpoints", false);
  }

  void check() const;                                         // throws Error(usage) on values that make no sense
  ClassifierConfig network(int h, int w, int classes) const;  // channels known
  OptimizerSettings optimizer_settings() const;
  Recipe recipe() const;                            // of `aug`, to images in [−1, 1]; without steps where that is empty
  double lr_at(int64_t step, int64_t total) const;  // of the step after `step`
};

}  // namespace duel
