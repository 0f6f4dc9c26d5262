// The reference: two passes over what a statistic covers, everything in double.
#include <vector>

#include "kernels/batch_norm/functions.h"
#include "kernels/registry.h"
#include "kernels/sample_norm/sample_norm.h"

namespace duel {
namespace {

bool supports(const SampleNormProblem& p) { return is_floating(p.dtype) && bn_supports_act(p.act); }

// f(index into x, channel, statistic) for every element, in order.
template <class F>
void each_element(const SampleNormProblem& p, F&& f) {
  for (int64_t i = 0; i < p.count(); ++i) f(i, i % p.c, p.statistic(i / p.inner, i % p.c));
}

template <class T>
void fwd(const SampleNormProblem& p, const SampleNormFwd::Args& a) {
  using A = accumulator_t<T>;
  const T* x = static_cast<const T*>(a.x);
  const A *gamma = static_cast<const A*>(a.gamma), *beta = static_cast<const A*>(a.beta);
  A *mean = static_cast<A*>(a.mean), *invstd = static_cast<A*>(a.invstd);
  const double terms = static_cast<double>(p.terms());
  std::vector<double> average(static_cast<size_t>(p.statistics())), deviations(average.size());
  each_element(p, [&](int64_t i, int64_t, int64_t s) { average[static_cast<size_t>(s)] += static_cast<double>(x[i]) / terms; });
  each_element(p, [&](int64_t i, int64_t, int64_t s) {
    const double d = static_cast<double>(x[i]) - average[static_cast<size_t>(s)];
    deviations[static_cast<size_t>(s)] += d * d;
  });
  for (size_t s = 0; s < average.size(); ++s) {
    mean[s] = static_cast<A>(average[s]);
    invstd[s] = static_cast<A>(bn_invstd(deviations[s] / terms, p.eps));
  }
  each_element(p, [&](int64_t i, int64_t ch, int64_t s) {  // from the statistics as they were stored: the backward pass will see those
    const double v = (static_cast<double>(x[i]) - mean[s]) * gamma[ch] * invstd[s] + beta[ch];
    static_cast<T*>(a.y)[i] = static_cast<T>(act_forward(p.act, v, p.slope));
  });
}

template <class T>
void bwd(const SampleNormProblem& p, const SampleNormBwd::Args& a) {
  using A = accumulator_t<T>;
  const T *x = static_cast<const T*>(a.x), *gy = static_cast<const T*>(a.gy);
  const A *gamma = static_cast<const A*>(a.gamma), *beta = static_cast<const A*>(a.beta);
  const A *mean = static_cast<const A*>(a.mean), *invstd = static_cast<const A*>(a.invstd);
  auto normal = [&](int64_t i, int64_t s) { return (static_cast<double>(x[i]) - mean[s]) * invstd[s]; };  // x̂
  auto gated = [&](int64_t i, int64_t ch, int64_t s) {                                                    // ĝ
    const A v = bn_affine(static_cast<A>(x[i]), mean[s], mul_rn(gamma[ch], invstd[s]), beta[ch]);
    return static_cast<double>(gy[i]) * act_grad_factor(p.act, static_cast<double>(v), p.slope);
  };
  std::vector<double> ggamma(static_cast<size_t>(p.c)), gbeta(ggamma.size());
  std::vector<double> sum(static_cast<size_t>(p.statistics())), sum_normal(sum.size());  // of gamma·ĝ and gamma·ĝ·x̂
  each_element(p, [&](int64_t i, int64_t ch, int64_t s) {
    const double g = gated(i, ch, s), gn = g * normal(i, s);
    gbeta[static_cast<size_t>(ch)] += g, ggamma[static_cast<size_t>(ch)] += gn;
    sum[static_cast<size_t>(s)] += gamma[ch] * g, sum_normal[static_cast<size_t>(s)] += gamma[ch] * gn;
  });
  const double terms = static_cast<double>(p.terms());
  each_element(p, [&](int64_t i, int64_t ch, int64_t s) {
    const double rest = gamma[ch] * gated(i, ch, s) - sum[static_cast<size_t>(s)] / terms;
    static_cast<T*>(a.gx)[i] = static_cast<T>(invstd[s] * (rest - normal(i, s) * (sum_normal[static_cast<size_t>(s)] / terms)));
  });
  for (size_t ch = 0; ch < ggamma.size(); ++ch) {
    static_cast<A*>(a.ggamma)[ch] = static_cast<A>(ggamma[ch]);
    static_cast<A*>(a.gbeta)[ch] = static_cast<A>(gbeta[ch]);
  }
}

template <class T>
void double_bwd(const SampleNormProblem& p, const SampleNormDoubleBwd::Args& a) {
  using A = accumulator_t<T>;
  const T *x = static_cast<const T*>(a.x), *gy = static_cast<const T*>(a.gy), *u = static_cast<const T*>(a.u);
  const A *gamma = static_cast<const A*>(a.gamma), *beta = static_cast<const A*>(a.beta);
  const A *mean = static_cast<const A*>(a.mean), *invstd = static_cast<const A*>(a.invstd);
  struct Element {
    double normal, slope, h, u;  // x̂, act′
  };
  const auto element = [&](int64_t i, int64_t ch, int64_t s) {
    const A v = bn_affine(static_cast<A>(x[i]), mean[s], mul_rn(gamma[ch], invstd[s]), beta[ch]);
    const double slope = act_grad_factor(p.act, static_cast<double>(v), p.slope);
    return Element{(static_cast<double>(x[i]) - mean[s]) * invstd[s], slope, gamma[ch] * static_cast<double>(gy[i]) * slope,
                   static_cast<double>(u[i])};
  };
  struct Means {
    double h = 0, h_normal = 0, u = 0, u_normal = 0, uh = 0;
  };
  std::vector<Means> means(static_cast<size_t>(p.statistics()));
  const double terms = static_cast<double>(p.terms());
  each_element(p, [&](int64_t i, int64_t ch, int64_t s) {
    const Element e = element(i, ch, s);
    Means& m = means[static_cast<size_t>(s)];
    m.h += e.h / terms, m.h_normal += e.h * e.normal / terms, m.u += e.u / terms, m.u_normal += e.u * e.normal / terms;
    m.uh += e.u * e.h / terms;
  });
  std::vector<double> by_gamma(static_cast<size_t>(p.c));
  each_element(p, [&](int64_t i, int64_t ch, int64_t s) {
    const Element e = element(i, ch, s);
    const Means& m = means[static_cast<size_t>(s)];
    const double d = invstd[s] * (e.u - m.u - e.normal * m.u_normal);
    static_cast<T*>(a.by_gy)[i] = static_cast<T>(gamma[ch] * e.slope * d);
    by_gamma[static_cast<size_t>(ch)] += static_cast<double>(gy[i]) * e.slope * d;
    const double along = m.uh - m.u * m.h - 3 * m.h_normal * m.u_normal;
    const double sum = m.h_normal * (e.u - m.u) + m.u_normal * (e.h - m.h) + e.normal * along;
    static_cast<T*>(a.by_x)[i] = static_cast<T>(-double{invstd[s]} * invstd[s] * sum);
  });
  for (size_t ch = 0; ch < by_gamma.size(); ++ch) static_cast<A*>(a.by_gamma)[ch] = static_cast<A>(by_gamma[ch]);
}

void run_fwd(const SampleNormProblem& p, const SampleNormFwd::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) { fwd<typename decltype(tag)::type>(p, a); });
}
void run_bwd(const SampleNormProblem& p, const SampleNormBwd::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) { bwd<typename decltype(tag)::type>(p, a); });
}
void run_double_bwd(const SampleNormProblem& p, const SampleNormDoubleBwd::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) { double_bwd<typename decltype(tag)::type>(p, a); });
}

KERNEL_VARIANT(SampleNormFwd, ref, reference_rank, supports, no_scratch, run_fwd);
KERNEL_VARIANT(SampleNormBwd, ref, reference_rank, supports, no_scratch, run_bwd);
KERNEL_VARIANT(SampleNormDoubleBwd, ref, reference_rank, supports, no_scratch, run_double_bwd);

}  // namespace
}  // namespace duel
