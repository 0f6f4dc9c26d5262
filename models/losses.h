// Adversarial losses, on logits. Each takes D's outputs and returns a scalar to minimise. What D minimises comes in two halves, one for the
// real images and one for the generated ones, so that each can have a pass of its own.
//
//                         D, real                D, generated               G
//   non-saturating        −E log σ(t)            −E log(1 − σ(t))           −E log σ(t)          Goodfellow et al. (2014), section 3
//   minimax               the same               the same                   E log(1 − σ(t))      ibid., equation 1: saturates
//   least-squares         ½ E (t − 1)²           ½ E t²                     ½ E (t − 1)²         Mao et al. (2017), equation 9
//   hinge                 E max(0, 1 − t)        E max(0, 1 + t)            −E t                 Lim & Ye (2017); Miyato et al. (2018)
//   wasserstein           −E t                   E t                        −E t                 Arjovsky, Chintala & Bottou (2017)
//
// A Wasserstein critic must be kept Lipschitz by something else: weight clipping, a gradient penalty (penalties.h), spectral norm.
#pragma once
#include "engine/ops.h"

namespace duel {

enum class AdversarialLoss { non_saturating, minimax, least_squares, hinge, wasserstein };
constexpr const char* loss_names[] = {"non-saturating", "minimax", "least-squares", "hinge", "wasserstein"};

// What D is to say: `real_is` .9 is one-sided label smoothing (Salimans et al., 2016, section 3.4). Only the first three losses have
// targets. A target outside [0, 1] leaves the cross entropy without a lower bound, and throws Error(usage). A tensor [n,1,1,1] gives each
// sample a target of its own.
Tensor d_loss_real(AdversarialLoss loss, const Tensor& on_real, double real_is = 1);
Tensor d_loss_real(AdversarialLoss loss, const Tensor& on_real, const Tensor& real_is);
Tensor d_loss_fake(AdversarialLoss loss, const Tensor& on_fake, double fake_is = 0);
Tensor d_loss_fake(AdversarialLoss loss, const Tensor& on_fake, const Tensor& fake_is);
Tensor g_loss(AdversarialLoss loss, const Tensor& on_fake);

// The same in one, with what D says of each (engine/ops.h). D's outputs are those of n real images and then those of as many generated
// ones, with targets for both, [2] or [2,n]: 1 and 0 where the loss has none. G's target is what D is to say in g_target, [1].
Judged d_judged(AdversarialLoss loss, const Tensor& on_both, const Tensor& targets);
Judged g_judged(AdversarialLoss loss, const Tensor& on_fake, const Tensor& target);
double g_target(AdversarialLoss loss);  // 0 for minimax, whose G raises D's loss; else 1

// Whether the loss reads D's output as the logit of a probability, or as a target's estimate: it has targets.
bool has_targets(AdversarialLoss loss);
// Whether σ(t) is D's probability that what it saw is real.
bool says_probability(AdversarialLoss loss);

// ‖E f(x) − E f(G(z))‖² over D's features [n,h,w,c], per value: Salimans et al., "Improved techniques for training GANs" (2016), section
// 3.1.
Tensor feature_matching(const Tensor& of_real, const Tensor& of_fake);

}  // namespace duel
