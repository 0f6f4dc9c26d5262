// The training steps that bench_step times: each model of models/ with the settings of its paper or its preset, ready to run on random
// images. bench/peers/torch_step.py has the same in PyTorch.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "kernels/device.h"
#include "kernels/dtype.h"

namespace duel::bench {

struct StepOptions {
  int size = 64, channels = 3, batch = 128, nz = 100, ngf = 64, ndf = 64;
  DType precision = DType::f32;
};

// One step of a model; it owns the nets, the optimisers and the images.
struct StepModel {
  std::function<void()> step;
  int images;                    // that a step sees: the batch, times D's steps
  std::function<double()> loss;  // since it was last asked for: D's of the last step, or the net's of all steps
  std::string weights;  // JSON, the shapes of each net's: {"g": {"0.w": [100, 4, 4, 512], …}, …}. A peer makes its nets of them
};

constexpr const char* step_models[] = {"dcgan", "cgan", "cgan-projection", "wgan-gp", "wgan-clip", "sn-gan", "mlp",   "small-mlp",
                                       "keras", "vae",  "conv-vae",        "cvae",    "ae",        "lenet",  "resnet"};
bool is_gan(const std::string& name);  // of those in the list: one that reads nz, ngf and ndf
// Throws Error(usage) on a name that is not in the list, and on sizes that the net cannot take.
StepModel make_step_model(const std::string& name, const StepOptions& options, Device device);

}  // namespace duel::bench
