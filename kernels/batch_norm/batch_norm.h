// Batch normalisation over rows, with the activation behind it in the same pass.
// Ioffe & Szegedy, "Batch Normalization" (2015), algorithm 1 (training) and 2 (inference).
//
//   x̂ = (x − mean) · invstd        invstd = 1 / √(var + eps)        y = act(gamma · x̂ + beta)
//
//   batch_norm_fwd    (x, gamma, beta)                      → y, mean, invstd, and the running statistics moved towards the batch's
//   batch_norm_bwd    (x, gy, gamma, beta, mean, invstd)    → gx, ggamma, gbeta
//   batch_norm_infer  (x, gamma, beta, mean, var)           → y
//
// Layout [groups, rows, c], channels contiguous; rows = n·h·w of an NHWC tensor, or of one of its groups. x, y, gx, gy have dtype;
// everything per channel has accumulator_of(dtype). Each group of samples is normalised by statistics of its own, as if it were the batch:
// mean and invstd are [groups, c], all else per channel is [c]; gradients of gamma and beta are summed over the groups, and the running
// statistics take in one group after the other. With one group:
//
// The batch is normalised with its biased variance (divisor rows); what the running variance takes in is the
// unbiased one (divisor rows − 1; with a single row there is none, and the biased 0 is taken). momentum is the weight of the new batch:
// running ← (1 − momentum) · running + momentum · batch. act may be none, relu or leaky_relu; no row supports another.
//
// Statistics are found without forming E[x²] − E[x]²: a channel whose mean is far larger than its deviation keeps its variance.
#pragma once
#include <string>
#include <vector>

#include "kernels/activation/activation.h"
#include "kernels/op.h"

namespace duel {

struct BatchNormProblem {
  int64_t rows = 1;  // of a group
  int c = 1, groups = 1;
  double eps = 1e-5, momentum = 0.1;
  Act act = Act::none;
  double slope = 0;  // of leaky_relu
  DType dtype = DType::f32;

  std::string text() const;                                // rows512c64:f32/act=leaky_relu/slope=0.2/groups=2
  static BatchNormProblem parse(const std::string& text);  // throws Error(usage)
  HD int64_t count() const { return groups * rows * c; }
};

struct BatchNormFwd {
  using Problem = BatchNormProblem;
  // running_mean and running_var may both be null: nothing is tracked then.
  struct Args {
    const void *x, *gamma, *beta;
    void *y, *mean, *invstd, *running_mean, *running_var;
  };
  static constexpr auto name = "batch_norm_fwd";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

// With ĝ = gy · act′(gamma·x̂ + beta), where x̂ is that of the given mean and invstd, and means taken over rows:
//   gbeta = Σ ĝ      ggamma = Σ ĝ·x̂      gx = gamma · invstd · (ĝ − mean(ĝ) − x̂ · mean(ĝ·x̂))
// The sign that relu and leaky_relu ask for is that of bn_affine() (functions.h), so it is the one the forward pass saw.
struct BatchNormBwd {
  using Problem = BatchNormProblem;
  struct Args {
    const void *x, *gy, *gamma, *beta, *mean, *invstd;
    void *gx, *ggamma, *gbeta;
  };
  static constexpr auto name = "batch_norm_bwd";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

// Samples do not meet here, so `groups` is only a factor of the rows.
struct BatchNormInfer {
  using Problem = BatchNormProblem;
  struct Args {
    const void *x, *gamma, *beta, *mean, *var;
    void* y;
  };
  static constexpr auto name = "batch_norm_infer";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

}  // namespace duel
