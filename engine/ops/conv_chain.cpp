// Convolutions whose norms have no pass of their own: each finds the statistics of its output as it stores it, and the next one normalises
// that as it loads it. The first derivative makes the weight gradient from the same loads; batch norm's own is one launch as ever.
#include <algorithm>
#include <optional>

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"
#include "engine/ops/joined.h"
#include "engine/ops/rules.h"
#include "engine/tickets.h"
#include "kernels/normed_conv2d/normed_conv2d.h"

namespace duel {
namespace {

Conv2dProblem problem_of(const ConvLink& link, const Shape& x) {
  return link.transposed ? conv_transpose2d_problem(x, link.w.shape(), link.window) : conv2d_problem(x, link.w.shape(), link.window);
}
Tensor convolved(const ConvLink& link, const Tensor& x) {
  return link.transposed ? conv_transpose2d(x, link.w, link.window) : conv2d(x, link.w, link.window);
}
bool has_norm(const ConvLink& link) { return static_cast<bool>(link.norm.gamma); }

Tensor finished(const ConvLink& link, const Tensor& y, int groups) {
  if (has_norm(link)) return batch_norm(y, link.norm, link.then, groups);
  return finished(y, {}, link.then);
}

// The output of a link as the next one finds it, before norm and activation; mean and invstd where the link has found them.
struct Raw {
  Tensor y, mean, invstd;
};

// What the links of a chain want of an op. That a row asked for by name fits none of them is an error, as it is for an op by itself.
template <class Op>
struct Wanted {
  Device device;
  bool fits = false;
  std::optional<NormedConv2dProblem> refused{};

  bool operator()(const NormedConv2dProblem& p) {
    const bool has = has_row<Op>(p, device);
    if (!has && !refused) refused = p;
    fits = fits || has;
    return has;
  }
  void check_used() const {
    if (!fits && refused && !row_asked_for(Op::name).empty()) pick<Op>(*refused, device);  // throws
  }
};

// Whether single ops are asked for by name, which a chain in one piece would pass over.
bool singles_asked_for() {
  return any_asked_for({"conv2d_fwd", "conv2d_dgrad", "conv2d_wgrad", "conv2d_grads", "conv2d_dgrad_grads", "batch_norm_fwd", "activation",
                        "activation_grad"});
}

// How a link runs.
struct Plan {
  bool reads_raw = false, statistics = false;  // it finishes what the link before left; it finds what its own norm wants
  NormedConv2dProblem problem;
};

NormedConv2dProblem normed_problem(const Conv2dProblem& d, const ConvLink* before, const ConvLink& link, bool statistics, int groups) {
  NormedConv2dProblem p{.conv = d, .norm = before && has_norm(*before), .statistics = statistics, .groups = groups};
  if (before) p.act = before->then.act, p.slope = before->then.slope;
  if (statistics) p.eps = link.norm.eps, p.momentum = link.norm.momentum;
  return p;
}

NormedConv2dProblem wgrad_problem(NormedConv2dProblem p, bool transposed) {
  p.statistics = false, p.eps = NormedConv2dProblem{}.eps, p.momentum = NormedConv2dProblem{}.momentum, p.then = Act::none;
  p.of = transposed ? NormedOperand::gy : NormedOperand::x;
  return p;
}

// Of both gradients in one launch.
NormedConv2dProblem pair_problem(const NormedConv2dProblem& p, Act then = Act::none, bool to_weight = true) {
  NormedConv2dProblem pair = wgrad_problem(p, false);
  pair.then = then, pair.input_only = !to_weight;
  return pair;
}

std::vector<Plan> planned(const Tensor& x, const std::vector<ConvLink>& links, int groups) {
  const size_t count = links.size();
  Wanted<NormedConv2dFwd> fwd{x.device()};
  Wanted<NormedConv2dDgrad> dgrad{x.device()};
  Wanted<NormedConv2dWgrad> wgrad{x.device()};
  Wanted<NormedConv2dGrads> grads{x.device()};
  Wanted<NormedConv2dDgradGrads> dgrad_grads{x.device()};
  const auto runs = [&](size_t i, const NormedConv2dProblem& p) { return links[i].transposed ? dgrad(p) : fwd(p); };
  std::vector<Plan> plans(count);
  Shape shape = x.shape();  // of a link's input
  for (size_t i = 0; i < count; ++i) {
    Conv2dProblem& d = plans[i].problem.conv;
    d = problem_of(links[i], shape), d.dtype = x.dtype();
    shape = links[i].transposed ? x_shape(d) : y_shape(d);
  }
  if (singles_asked_for()) return plans;
  for (size_t i = 1; i < count; ++i) {
    const ConvLink &before = links[i - 1], &link = links[i];
    const bool finds = !has_norm(before) || runs(i - 1, normed_problem(plans[i - 1].problem.conv, nullptr, before, true, groups));
    const NormedConv2dProblem reads = normed_problem(plans[i].problem.conv, &before, link, false, groups);
    plans[i].reads_raw = finds && runs(i, reads) && wgrad(wgrad_problem(reads, link.transposed));
    plans[i - 1].statistics = plans[i].reads_raw && has_norm(before);
  }
  for (size_t i = 0; i < count; ++i) {
    Plan& plan = plans[i];
    plan.problem = normed_problem(plan.problem.conv, plan.reads_raw ? &links[i - 1] : nullptr, links[i], plan.statistics, groups);
    // The activation that ends the chain goes along with the last convolution where a row can.
    if (const Act then = links[i].then.act; i + 1 == count && plan.reads_raw && !has_norm(links[i]) && act_saves_output(then)) {
      NormedConv2dProblem with_activation = plan.problem;
      with_activation.then = then;
      if (links[i].transposed && runs(i, with_activation)) plan.problem = with_activation;
    }
    if ((plan.reads_raw || plan.statistics) && !runs(i, plan.problem)) return std::vector<Plan>(count);  // each alone, not both
    if (plan.reads_raw) links[i].transposed ? dgrad_grads(pair_problem(plan.problem)) : grads(pair_problem(plan.problem));
  }
  fwd.check_used(), dgrad.check_used(), wgrad.check_used(), grads.check_used(), dgrad_grads.check_used();
  return plans;
}

void* pointer(const Tensor& t) { return t ? t.data() : nullptr; }

// Of the convolution of what `before` leaves: by raw.y, gamma, beta and the weight. `out` is the output, of which g is the gradient.
Tensors first_order(const ConvLink& before, const ConvLink& link, const Raw& raw, const NormedConv2dProblem& p, const Tensor& out, Tensor g,
                    bool to_input, bool to_weight) {
  const Conv2dProblem& d = p.conv;
  const Device device = g.device();
  const BatchNorm& bn = before.norm;
  NormedConv2dProblem pair = pair_problem(p, p.then, to_weight);
  const auto fits = [&] {
    return link.transposed ? has_row<NormedConv2dDgradGrads>(pair, device) : has_row<NormedConv2dGrads>(pair, device);
  };
  // Behind a norm the gradient by the input alone is the plain convolution's.
  const bool wanted = to_input && (to_weight || !p.norm), with_activation = wanted && p.then != Act::none && fits();
  if (!with_activation) pair.then = Act::none;
  const bool together = with_activation || (wanted && fits());
  if (p.then != pair.then) g = activation_grad(out, g, p.then);
  void* const counters = to_weight ? tickets(device, static_cast<int>(most_tickets)) : nullptr;
  Tensor by_input, gw;
  if (to_weight) gw = Tensor(link.w.shape(), accumulator_of(g.dtype()), device);
  if (together) {
    by_input = Tensor(raw.y.shape(), g.dtype(), device);
    if (link.transposed)
      dispatch<NormedConv2dDgradGrads>(
          pair,
          {raw.y.data(), pointer(raw.mean), pointer(raw.invstd), pointer(bn.gamma), pointer(bn.beta), link.w.data(), g.data(),
           pair.then == Act::none ? nullptr : out.data(), by_input.data(), pointer(gw), counters},
          device);
    else
      dispatch<NormedConv2dGrads>(pair,
                                  {raw.y.data(), pointer(raw.mean), pointer(raw.invstd), pointer(bn.gamma), pointer(bn.beta), g.data(),
                                   link.w.data(), by_input.data(), pointer(gw), counters},
                                  device);
  } else {
    if (to_weight) {
      const void *x = raw.y.data(), *gy = g.data();
      if (link.transposed) std::swap(x, gy);
      dispatch<NormedConv2dWgrad>(wgrad_problem(p, link.transposed),
                                  {x, gy, pointer(raw.mean), pointer(raw.invstd), pointer(bn.gamma), pointer(bn.beta), gw.data(), counters},
                                  device);
    }
    if (!to_input) return {{}, {}, {}, gw};
    by_input = link.transposed ? conv2d_fwd(g, link.w, d) : conv2d_dgrad(g, link.w, d);
    if (!p.norm) by_input = activation_grad(raw.y, by_input, before.then.act, before.then.slope);
  }
  if (!p.norm) return {by_input, {}, {}, gw};
  Tensors all = batch_norm_gradients(batch_norm_problem(raw.y, bn, before.then, p.groups), raw.y, bn, raw.mean, raw.invstd, by_input);
  all.push_back(gw);
  return all;
}

// The same from the ops by themselves, which differentiate again: the convolution's rule, then that of what stands before it.
Tensors recorded_again(const ConvLink& before, const ConvLink& link, const Raw& raw, const NormedConv2dProblem& p, const Tensor& out,
                       Tensor g, bool to_input, bool to_weight) {
  if (p.then != Act::none) g = activation_grad(out, g, p.then);
  ConvLink apart = before;  // statistics have moved once
  if (has_norm(before))
    apart.norm.running_mean = before.norm.running_mean.clone(), apart.norm.running_var = before.norm.running_var.clone();
  const Tensor read = finished(apart, raw.y, p.groups);
  const Needs needs((to_input ? 1u : 0u) | (to_weight ? 2u : 0u));
  const Tensors of_conv =
      link.transposed ? conv2d_dgrad_gradients(read, link.w, p.conv, g, needs) : conv2d_fwd_gradients(read, link.w, p.conv, g, needs);
  Tensors all{of_conv[0], {}, {}};
  if (to_input && read.node() != raw.y.node()) {
    const Tensors of_norm = read.node()->vjp(read, of_conv[0], Needs(~0u));
    std::copy(of_norm.begin(), of_norm.end(), all.begin());
  }
  all.push_back(of_conv[1]);
  return all;
}

// One convolution with a norm on what it reads (before is nullptr: none), or a look at what it stores, or both.
Raw normed_conv2d(const ConvLink* before, const ConvLink& link, const Raw& raw, const Plan& plan) {
  const NormedConv2dProblem& p = plan.problem;
  const Conv2dProblem& d = p.conv;
  const Device device = raw.y.device();
  const DType dtype = raw.y.dtype(), wide = accumulator_of(dtype);
  check_like("conv_chain", raw.y, link.w);
  Raw out{Tensor(link.transposed ? x_shape(d) : y_shape(d), dtype, device), {}, {}};
  if (p.statistics) {
    batch_norm_problem(out.y, link.norm, link.then, p.groups);  // refuses what batch_norm() would
    const Shape statistics{p.groups, out.y.shape()[-1]};
    out.mean = Tensor(statistics, wide, device), out.invstd = Tensor(statistics, wide, device);
  }
  const BatchNorm none, &read = before ? before->norm : none, &found = p.statistics ? link.norm : none;
  void* const counters = p.statistics ? tickets(device, static_cast<int>(most_tickets)) : nullptr;
  const auto run = [&](auto op) {
    dispatch<typename decltype(op)::type>(
        p,
        {raw.y.data(), pointer(raw.mean), pointer(raw.invstd), pointer(read.gamma), pointer(read.beta), link.w.data(), nullptr,
         out.y.data(), pointer(out.mean), pointer(out.invstd), pointer(found.running_mean), pointer(found.running_var), counters},
        device);
  };
  if (link.transposed) run(std::type_identity<NormedConv2dDgrad>{});
  else run(std::type_identity<NormedConv2dFwd>{});
  if (!before) {
    out.y = record("normed_conv2d", out.y, {raw.y, link.w}, [link, x = raw.y, d](const Tensor&, const Tensor& g, Needs needs) {
      return link.transposed ? conv2d_dgrad_gradients(x, link.w, d, g, needs) : conv2d_fwd_gradients(x, link.w, d, g, needs);
    });
    return out;
  }
  const auto rule = [before = *before, link, raw, p](const Tensor& y, const Tensor& g, bool to_input, bool to_weight) {
    return recording() ? recorded_again(before, link, raw, p, y, g, to_input, to_weight)
                       : first_order(before, link, raw, p, y, g, to_input, to_weight);
  };
  if (p.norm)
    out.y =
        record("normed_conv2d", out.y, {raw.y, before->norm.gamma, before->norm.beta, link.w},
               [rule](const Tensor& y, const Tensor& g, Needs needs) { return rule(y, g, needs[0] || needs[1] || needs[2], needs[3]); });
  else
    out.y = record("normed_conv2d", out.y, {raw.y, link.w}, [rule](const Tensor& y, const Tensor& g, Needs needs) {
      const Tensors all = rule(y, g, needs[0], needs[1]);
      return Tensors{all[0], all[3]};
    });
  return out;
}

}  // namespace

Tensor conv_chain(const Tensor& x, const std::vector<ConvLink>& links, int groups) {
  check(!links.empty(), "conv_chain", "wants at least one convolution");
  check(groups >= 1 && x.shape()[0] % groups == 0, "conv_chain", "{} has samples that do not make {} equal groups", x, groups);
  const std::vector<Plan> plans = planned(x, links, groups);
  Raw raw{x, {}, {}};
  for (size_t i = 0; i < links.size(); ++i) {
    const ConvLink* const before = plans[i].reads_raw ? &links[i - 1] : nullptr;
    if (before || plans[i].statistics) raw = normed_conv2d(before, links[i], raw, plans[i]);
    else raw = {convolved(links[i], raw.y), {}, {}};
    const bool read_raw = i + 1 < links.size() && plans[i + 1].reads_raw;
    if (!read_raw && plans[i].problem.then == Act::none) raw = {finished(links[i], raw.y, groups), {}, {}};
  }
  return raw.y;
}

}  // namespace duel
