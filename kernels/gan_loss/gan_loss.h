// What a discriminator's outputs cost, averaged, and what they say: one launch for the loss, all that is reported of it and its gradient,
// which is what a backward pass begins with. Where that begins elsewhere, its gradient is another launch.
//
//   gan_loss        (t, y)      → loss = Σ_groups mean ℓ(t, y)      said[group] = mean σ(t), share of t that is right, mean t,
//                                                            gt = ℓ′(t, y)/rows
//   gan_loss_grad   (t, y, g)   → gt = g·ℓ′(t, y)/rows
//
//   judged by       ℓ(t, y)                    the border
//   cross_entropy   log(1 + eᵗ) − y·t          0     Goodfellow et al. (2014), equation 1: t is the logit of a probability
//   squares         ½ (t − y)²                 ½     Mao et al., "Least squares GAN" (2017), equation 9
//   hinge           max(0, 1 − s·t)            0     Lim & Ye, "Geometric GAN" (2017), with s = 2y − 1
//   linear          −s·t                       0     Arjovsky, Chintala & Bottou, "Wasserstein GAN" (2017)
//
// t is [groups, rows]; y is what they are to be, 0 to 1: one for each group, or one for each t (own_targets). The first group is what is
// real, so right is a t above the border; in all others, below it. That is not asked of y, which noise may take over the border. loss and g
// are one number, said is [groups, 3]. Everything has dtype, f32 or f64; sums are made in double, in a fixed order.
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

enum class JudgedBy { cross_entropy, squares, hinge, linear };

struct GanLossProblem {
  int64_t rows = 1;  // of a group
  int groups = 1;
  JudgedBy by = JudgedBy::cross_entropy;
  bool own_targets = false;
  DType dtype = DType::f32;

  std::string text() const;                              // rows128groups2:f32/by=hinge/own_targets=1
  static GanLossProblem parse(const std::string& text);  // throws Error(usage)
  HD int64_t count() const { return groups * rows; }
};

struct GanLoss {
  using Problem = GanLossProblem;
  struct Args {
    const void *t, *y;
    void *loss, *said, *gt;
  };
  static constexpr auto name = "gan_loss";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

struct GanLossGrad {
  using Problem = GanLossProblem;
  struct Args {
    const void *t, *y, *g;
    void* gt;
  };
  static constexpr auto name = "gan_loss_grad";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

}  // namespace duel
