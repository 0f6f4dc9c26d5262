// Normalisation of each sample by itself, with the activation behind it in the same pass: layer norm and instance norm.
//
//   x̂ = (x − mean) · invstd        invstd = 1 / √(var + eps)        y = act(gamma · x̂ + beta)
//
//   sample_norm_fwd   (x, gamma, beta)                      → y, mean, invstd
//   sample_norm_bwd   (x, gy, gamma, beta, mean, invstd)    → gx, ggamma, gbeta
//   sample_norm_double_bwd   (x, gy, u, gamma, beta, mean, invstd)   → by_x, by_gy, by_gamma: Σ u·gx differentiated, as a gradient penalty
//   asks
//
//   over layer      one mean and variance a sample, over all its positions and channels: Ba, Kiros & Hinton, "Layer Normalization" (2016).
//                   gamma and beta are per channel, which for images is Wu & He, "Group Normalization" (2018), with one group.
//   over instance   one mean and variance a sample and channel, over its positions: Ulyanov, Vedaldi & Lempitsky, "Instance
//                   Normalization" (2016).
//
// x, y, gx, gy are [n, inner] of dtype, the last axis of c channels (c divides inner). gamma, beta and their gradients are [c], mean and
// invstd [n] or [n, c], all of accumulator_of(dtype). The variance is the biased one, found without forming E[x²] − E[x]². act may be none,
// relu or leaky_relu; no row supports another.
#pragma once
#include <string>
#include <vector>

#include "kernels/activation/activation.h"
#include "kernels/op.h"

namespace duel {

enum class NormOver : int { layer, instance };
constexpr const char* norm_over_names[] = {"layer", "instance"};

struct SampleNormProblem {
  int64_t n = 1, inner = 1, c = 1;
  NormOver over = NormOver::layer;
  double eps = 1e-5;
  Act act = Act::none;
  double slope = 0;  // of leaky_relu
  DType dtype = DType::f32;

  std::string text() const;                                 // n8i4096c64:f32/over=layer/act=leaky_relu/slope=0.2
  static SampleNormProblem parse(const std::string& text);  // throws Error(usage)
  HD int64_t count() const { return n * inner; }
  HD int64_t positions() const { return inner / c; }
  HD int64_t statistics() const { return over == NormOver::layer ? n : n * c; }
  HD int64_t terms() const { return over == NormOver::layer ? inner : inner / c; }  // that one mean is taken over
  // Whose mean meets channel ch of a sample.
  HD int64_t statistic(int64_t sample, int64_t ch) const { return over == NormOver::layer ? sample : sample * c + ch; }
};

struct SampleNormFwd {
  using Problem = SampleNormProblem;
  struct Args {
    const void *x, *gamma, *beta;
    void *y, *mean, *invstd;
  };
  static constexpr auto name = "sample_norm_fwd";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static Problem random(uint64_t seed);
};

// With ĝ = gy · act′(gamma·x̂ + beta), where x̂ is that of the given mean and invstd, and means taken over what one statistic covers:
//   gbeta = Σ ĝ      ggamma = Σ ĝ·x̂      gx = invstd · (gamma·ĝ − mean(gamma·ĝ) − x̂ · mean(gamma·ĝ·x̂))
// The sign that relu and leaky_relu ask for is that of bn_affine() (kernels/batch_norm/functions.h), so it is the one the forward pass saw.
struct SampleNormBwd {
  using Problem = SampleNormProblem;
  struct Args {
    const void *x, *gy, *gamma, *beta, *mean, *invstd;
    void *gx, *ggamma, *gbeta;
  };
  static constexpr auto name = "sample_norm_bwd";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static Problem random(uint64_t seed);
};

// The derivatives of Σ u·gx, with gx as sample_norm_bwd has it and mean and invstd followed to x. With h = gamma·gy·act′ and means over
// what one statistic covers, a = mean(h·x̂), b = mean(u·x̂):
//   by_gy = gamma·act′·d     by_gamma = Σ gy·act′·d     d = invstd · (u − mean(u) − x̂·b)
//   by_x  = −invstd² · (a·(u − mean(u)) + b·(h − mean(h)) + x̂·(mean(u·h) − mean(u)·mean(h) − 3·a·b))
// By beta it is 0: act is piecewise linear.
struct SampleNormDoubleBwd {
  using Problem = SampleNormProblem;
  struct Args {
    const void *x, *gy, *u, *gamma, *beta, *mean, *invstd;
    void *by_x, *by_gy, *by_gamma;
  };
  static constexpr auto name = "sample_norm_double_bwd";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static Problem random(uint64_t seed);
};

}  // namespace duel
