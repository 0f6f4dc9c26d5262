// One training step of a classifier: cross entropy on one batch, then the update. As gan_step.h, it can be recorded and played again.
#pragma once
#include "engine/grad.h"
#include "engine/optim.h"
#include "models/classifier.h"

namespace duel {

struct ClassifyStep {
  Classifier& net;
  Optimizer& optimizer;
  int64_t seed;          // of dropout's coins
  Tensor step;           // i32[1], on the device: the optimiser's counter, or one that is counted beside it
  Tensor x;              // f32 [n,h,w,channels]: where the batch lies; assign() the next one
  Tensor labels;         // i32 [n]
  Tensor loss_sum;       // f32 []: the loss of each step is added, whoever reads it starts it afresh
  double smoothing = 0;  // of labels: Szegedy, Vanhoucke, Ioffe, Shlens & Wojna, "Rethinking the inception architecture" (2016), section 7
  // Undefined where each loss weighs 1, and where an image has one label.
  Tensor weight{};          // f32 [n]: of the loss by `labels`
  Tensor partner_labels{};  // i32 [n]: of the images mixed into x, whose loss is added,
  Tensor partner_weight{};  // f32 [n]: times this

  void operator()() {
    const Tensor logits = net(x, Mode::train, {seed, step});
    Tensor losses = cross_entropy(logits, labels);
    if (weight) losses = losses * weight;
    if (partner_labels) losses = losses + cross_entropy(logits, partner_labels) * partner_weight;
    Tensor loss = mean(losses);
    if (smoothing > 0) loss = loss * (1 - smoothing) - mean(log_softmax(logits)) * smoothing;
    optimizer.step(grad(loss, used(net)));
    if (!optimizer.counts_in(step)) increment(step);
    NoGrad only_looking;
    loss_sum.assign(add(loss_sum, cast(loss.detach(), loss_sum.dtype())).detach());
  }
};

}  // namespace duel
