// One training step of a GAN: D on real, D on fake, G. The algorithm of Goodfellow et al. (2014), and what has been made of it by argument:
// other losses, penalties on D, several D steps to a G step. It can be recorded and played again (engine/graph.h).
//
// With `accumulate` = N, each update is made with the mean of the gradients of N batches, which pass through the nets one after another: a
// batch N times as large, in the memory of one. G's images for its own update are then made a second time, so that no history of theirs
// outlives a pass. The noise and all that is drawn are numbered as those of the one large batch, so where samples do not meet, the
// gradients are those of that batch. Where they meet, they do so in a batch of their own: the statistics of batch norm (whose running ones
// move N times as often, and G's once more for its images made again), the deviation of a minibatch, the means of feature matching, the
// spread that DRAGAN takes its noise by.
#pragma once
#include <functional>

#include "engine/optim.h"
#include "models/ema.h"
#include "models/gan.h"
#include "models/losses.h"
#include "models/penalties.h"

namespace duel {

struct GanObjective {
  AdversarialLoss loss = AdversarialLoss::non_saturating;
  Penalty penalty = Penalty::none;
  double penalty_weight = 10;
  double clip = 0;              // D's weights are kept in [−clip, clip] (Arjovsky, Chintala & Bottou, 2017); 0: left alone
  double real_is = 1;           // what D is to say of real images; below 1: one-sided label smoothing
  double label_noise = 0;       // each target moves towards the other by U(0, label_noise)
  double instance_noise = 0;    // standard deviation of noise on all that D judges (Sønderby et al., 2017); a penalty looks without it …
  int64_t noise_steps = 10000;  // … which falls linearly to 0 in so many steps
  double matching = 0;          // weight of feature matching in G's loss
  double l1 = 0;                // weight of Σ|w| in both nets' losses; Σw² is the optimiser's weight decay
  int critic_steps = 1;         // D steps to a G step
  int accumulate = 1;           // batches to an update
};
// Throws Error(usage) with the reason on what makes no sense: batch norm in a penalised critic, targets outside [0, 1], a Wasserstein
// critic that nothing keeps Lipschitz, a trick that the loss cannot have.
void check_objective(const GanObjective& objective, const GanConfig& config);

// What a step reports, averaged over its batch. "before" and "after" D's update, the last one of the step.
struct GanReport {
  static constexpr const char* names[] = {"loss_d",     "loss_g",     "d_real",     "d_fake",     "d_fake_after",
                                          "real_right", "fake_right", "score_real", "score_fake", "penalty"};
  static constexpr int size = 10;
  double loss_d, loss_g;
  double d_real, d_fake;  // σ of what D says, before: probabilities where the loss makes it a logit
  double d_fake_after;
  double real_right, fake_right;  // shares that D judges rightly, before: above and below 0, or ½ where its targets are 1 and 0 themselves
  double score_real, score_fake;  // what D says, before
  double penalty;                 // without its weight
};

// What one step passed through, for whoever looks into the layers: of its last D step, and of G's.
struct LayerSeen {
  const Layer* layer;
  Tensor in, out;   // what its norm was given, and what left it
  Tensor gradient;  // of the loss by `out`
};
struct StepSeen {
  std::vector<LayerSeen> g, d_real, d_fake;  // hidden layers; D's on real and on generated images
  Tensors gradient_g, gradient_d;            // by the weights, in the order of each(), as the optimiser got them
};

struct GanStep {
  Generator& g;
  Discriminator& d;
  Optimizer &opt_g, &opt_d;
  int64_t seed;   // of all that is drawn
  Tensor step;    // i32[1] on the device: how many steps are done; numbers the draws. opt_g's counter, or one that is counted beside it
  Tensor real;    // f32 [critic_steps·accumulate·n,h,w,c] in [−1, 1]: assign() each batch of n into it, D step by D step
  Tensor labels;  // i32 [critic_steps·accumulate·n], of real; G is asked for the same. Undefined where the nets are not conditional
  Tensor report;  // f32 [GanReport::size], written by each step
  GanObjective objective = {};
  Ema<Generator>* average = nullptr;  // of G, where one is wanted
  bool range_known = false;           // of the images: looked at in the first step

  // What D is shown of images, real or generated, in its own steps and in those of G: a random T(x), differentiable to second order where
  // there is a penalty, whose gradient is then that of D(T(x)). `pass` numbers the passes of a step, each of which has draws of its own and
  // as many samples as x. Undefined: the images themselves.
  std::function<Tensor(const Tensor& x, int pass)> transform = nullptr;
  Tensor said = {};  // f32 [2·accumulate·n], written by each step: what D says, before, of its last share of real images and of the
                     // generated ones
  std::function<void(const Tensor& said)> heard = nullptr;  // told what D says of real images, above 0 where it calls them real
  // Filled by each step while it is there. Such a step takes the ops of joined layers one after another (engine/ops/conv_chain.cpp), so its
  // last bits may be others than without; one that is recorded as a graph is not for looking into.
  StepSeen* look = nullptr;
  Tensor targets = {}, target_of_g = {};  // what the losses want of D; made by the first step where none changes them
  Tensor one = {};                        // of the losses by themselves; made by the first step
  int passes() const;                     // of a step

  void operator()();
  // z [critic_steps·accumulate·n,1,1,nz]; mix: what the penalty draws, uniform in [0, 1). The last D step's fakes are G's as well.
  void operator()(const Tensor& z, const Tensor& mix);
  GanReport read() const;

 private:
  struct Turn;
  Pass pass_of(const Turn& turn, int pass) const;
  int number(const Turn& turn, int pass) const;
  Tensor made(const Turn& turn) const;
  Tensor learn_d(const Turn& turn, const Tensor& fake, Tensors& gradients);
  void learn_g(const Turn& turn, const Tensor& fake, Tensors& gradients);
  Tensor seen(const Tensor& x, int number) const;
  Tensor targets_of_d(int64_t n, int on_real, int on_fake);
  void update(Optimizer& optimizer, Tensors& gradients, const Tensors& weights) const;
  Pass watched(Pass pass, std::vector<LayerSeen>& layers) const;
  Tensors gradients_of(const Tensor& loss, const Tensors& wanted);
  Tensors gradients_of(const Tensor& loss, const Tensors& weights, std::vector<LayerSeen>& layers);
  void note(const Turn& turn, int first, const Tensor& values);
  void note_said(int64_t first, const Tensor& said);
};

}  // namespace duel
