// The reference: two passes over x for the statistics, everything in double.
#include <cmath>
#include <vector>

#include "kernels/batch_norm/functions.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const BatchNormProblem& p) { return is_floating(p.dtype) && bn_supports_act(p.act); }

double act_of(const BatchNormProblem& p, double v) { return act_forward(p.act, v, p.slope); }

template <class T>
void fwd(const BatchNormProblem& p, const BatchNormFwd::Args& a) {
  using A = accumulator_t<T>;
  const T* x = static_cast<const T*>(a.x);
  const double rows = static_cast<double>(p.rows);
  for (int j = 0; j < p.c; ++j) {
    double sum = 0, deviations = 0;
    for (int64_t i = 0; i < p.rows; ++i) sum += static_cast<double>(x[i * p.c + j]);
    const double mean = sum / rows;
    for (int64_t i = 0; i < p.rows; ++i) {
      const double d = static_cast<double>(x[i * p.c + j]) - mean;
      deviations += d * d;
    }
    A& mean_out = static_cast<A*>(a.mean)[j];
    A& invstd_out = static_cast<A*>(a.invstd)[j];
    mean_out = static_cast<A>(mean);
    invstd_out = static_cast<A>(bn_invstd(deviations / rows, p.eps));
    if (a.running_mean) {
      A& running_mean = static_cast<A*>(a.running_mean)[j];
      A& running_var = static_cast<A*>(a.running_var)[j];
      running_mean = static_cast<A>(bn_running_mean(p, running_mean, mean));
      running_var = static_cast<A>(bn_running_var(p, running_var, deviations));
    }
    const double gamma = static_cast<const A*>(a.gamma)[j], beta = static_cast<const A*>(a.beta)[j];
    for (int64_t i = 0; i < p.rows; ++i)  // from the statistics as they were stored: they are what the backward pass will see
      static_cast<T*>(a.y)[i * p.c + j] =
          static_cast<T>(act_of(p, (static_cast<double>(x[i * p.c + j]) - mean_out) * gamma * invstd_out + beta));
  }
}

template <class T>
void bwd(const BatchNormProblem& p, const BatchNormBwd::Args& a, double* of_gamma, double* of_beta) {
  using A = accumulator_t<T>;
  const T *x = static_cast<const T*>(a.x), *gy = static_cast<const T*>(a.gy);
  for (int j = 0; j < p.c; ++j) {
    const A gamma = static_cast<const A*>(a.gamma)[j], beta = static_cast<const A*>(a.beta)[j];
    const A mean = static_cast<const A*>(a.mean)[j], invstd = static_cast<const A*>(a.invstd)[j];
    auto normal = [&](int64_t i) { return (static_cast<double>(x[i * p.c + j]) - mean) * invstd; };  // x̂
    auto gated = [&](int64_t i) {                                                                    // ĝ
      const A v = bn_affine(static_cast<A>(x[i * p.c + j]), mean, mul_rn(gamma, invstd), beta);
      return static_cast<double>(gy[i * p.c + j]) * act_grad_factor(p.act, static_cast<double>(v), p.slope);
    };
    double sum = 0, sum_normal = 0;
    for (int64_t i = 0; i < p.rows; ++i) {
      sum += gated(i);
      sum_normal += gated(i) * normal(i);
    }
    of_beta[j] += sum;
    of_gamma[j] += sum_normal;
    const double rows = static_cast<double>(p.rows), scale = static_cast<double>(gamma) * invstd;
    for (int64_t i = 0; i < p.rows; ++i)
      static_cast<T*>(a.gx)[i * p.c + j] = static_cast<T>(scale * (gated(i) - sum / rows - normal(i) * (sum_normal / rows)));
  }
}

template <class T>
void infer(const BatchNormProblem& p, const BatchNormInfer::Args& a) {
  using A = accumulator_t<T>;
  for (int j = 0; j < p.c; ++j) {
    const double mean = static_cast<const A*>(a.mean)[j], invstd = bn_invstd(static_cast<const A*>(a.var)[j], p.eps);
    const double gamma = static_cast<const A*>(a.gamma)[j], beta = static_cast<const A*>(a.beta)[j];
    for (int64_t i = 0; i < p.groups * p.rows; ++i) {
      const double x = static_cast<double>(static_cast<const T*>(a.x)[i * p.c + j]);
      static_cast<T*>(a.y)[i * p.c + j] = static_cast<T>(act_of(p, (x - mean) * gamma * invstd + beta));
    }
  }
}

void run_fwd(const BatchNormProblem& p, const BatchNormFwd::Args& a, Scratch, Stream) {
  for (int group = 0; group < p.groups; ++group)
    with_floating(p.dtype, [&](auto tag) { fwd<typename decltype(tag)::type>(of_group(p), of_group(p, a, group)); });
}
void run_bwd(const BatchNormProblem& p, const BatchNormBwd::Args& a, Scratch, Stream) {
  std::vector<double> of_gamma(static_cast<size_t>(p.c)), of_beta(of_gamma);
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    for (int group = 0; group < p.groups; ++group) bwd<T>(of_group(p), of_group(p, a, group), of_gamma.data(), of_beta.data());
    for (size_t j = 0; j < of_gamma.size(); ++j) {
      static_cast<A*>(a.ggamma)[j] = static_cast<A>(of_gamma[j]);
      static_cast<A*>(a.gbeta)[j] = static_cast<A>(of_beta[j]);
    }
  });
}
void run_infer(const BatchNormProblem& p, const BatchNormInfer::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) { infer<typename decltype(tag)::type>(p, a); });
}

KERNEL_VARIANT(BatchNormFwd, ref, reference_rank, supports, no_scratch, run_fwd);
KERNEL_VARIANT(BatchNormBwd, ref, reference_rank, supports, no_scratch, run_bwd);
KERNEL_VARIANT(BatchNormInfer, ref, reference_rank, supports, no_scratch, run_infer);

}  // namespace
}  // namespace duel
