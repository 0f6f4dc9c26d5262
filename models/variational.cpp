#include "models/variational.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

namespace duel {

Tensor gaussian_nll(const Tensor& out, const Tensor& x, double sigma) {
  if (!(sigma > 0 && std::isfinite(sigma)))
    fail(Failure::usage, fmt::format("[gaussian_nll] sigma is {}; a standard deviation is positive", sigma));
  const double constant = std::log(sigma) + 0.5 * std::log(2 * std::numbers::pi);
  return sum_per_sample(affine(square(out - x), 1 / (2 * sigma * sigma), constant));
}

Tensor negative_log_likelihood(Likelihood likelihood, const Tensor& out, const Tensor& x, double sigma) {
  switch (likelihood) {
    case Likelihood::bernoulli:
      return bernoulli_nll(out, x);
    case Likelihood::gaussian:
      return gaussian_nll(out, x, sigma);
    case Likelihood::continuous_bernoulli:
      return continuous_bernoulli_nll(out, x);
  }
  return {};
}

Tensor mean_image(Likelihood likelihood, const Tensor& out) {
  if (likelihood == Likelihood::gaussian) return clamp(out, 0, 1);
  return likelihood == Likelihood::bernoulli ? sigmoid(out) : cb_moment(out);
}

Tensor bernoulli_entropy(const Tensor& x) {
  const double tiny = 1e-30;  // 0·log 0 counts as 0
  const Tensor other = affine(x, -1, 1);
  return neg(sum_per_sample(x * log(clamp(x, tiny, 1)) + other * log(clamp(other, tiny, 1))));
}

}  // namespace duel
