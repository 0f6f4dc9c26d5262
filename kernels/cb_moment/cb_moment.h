// cb_moment: moments of the continuous Bernoulli distribution, from its logit. Loaiza-Ganem & Cunningham, "The continuous Bernoulli: fixing
// a pervasive error in variational autoencoders" (2019), with λ = σ(t): its density on [0, 1] is λˣ(1 − λ)¹⁻ˣ·C(λ) = eᵗˣ / ∫₀¹ eᵗˢ ds.
//
//   order 0      y = log ∫₀¹ eᵗˢ ds                       the log-partition, so that −log p(x) = y − t·x
//   order n ≥ 1  y = ∫₀¹ sⁿ eᵗˢ ds / ∫₀¹ eᵗˢ ds = E xⁿ     in (0, 1); order 1 is the mean
//
// dy/dt is the mean for order 0, and E xⁿ⁺¹ − E xⁿ·E x for the others, so the family is closed under differentiation. The formulas in λ
// divide 0 by 0 at λ = ½; see functions.h for what is computed instead. dtypes f32, f64, bf16; on bf16 the arithmetic is f32, rounded once.
// n may be 0. NaN in gives NaN out.
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

struct CbMomentProblem {
  static constexpr int most_order = 64;
  int64_t n = 1;  // elements
  int order = 0;  // 0 to most_order
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("n", n), f.integer("order", order);
    f.type(dtype);
  }
  std::string text() const;                               // n1024order1:f32
  static CbMomentProblem parse(const std::string& text);  // throws Error(usage)
};

struct CbMoment {
  using Problem = CbMomentProblem;
  struct Args {
    const void* t;
    void* y;
  };
  static constexpr auto name = "cb_moment";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = false;
};

}  // namespace duel
