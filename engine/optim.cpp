#include "engine/optim.h"

#include <fmt/format.h>

#include "engine/dispatch.h"
#include "engine/rng.h"
#include "engine/tickets.h"
#include "kernels/optimizer/optimizer.h"

namespace duel {

// For who watches rows (dispatch.h).
static std::vector<Touched> touched_by(const OptimizerProblem& problem, const OptimizerArgs& args) {
  std::vector<Touched> touched{{{"lr", Role::in, DType::f32, 1}, args.lr}};
  for (const OptimizerTensor* t = args.list; t != args.list + problem.tensors; ++t) {
    touched.push_back({{"g", Role::in, problem.dtype, t->n}, t->g});
    for (const auto& [name, data] : {std::pair{"p", t->p}, {"a", t->a}, {"b", t->b}})
      touched.push_back({{name, Role::inout, problem.dtype, t->n}, data});
    touched.push_back({{"copy", Role::out, DType::bf16, t->n}, t->copy});
  }
  return touched;
}

Optimizer::Optimizer(OptimizerSettings settings, Tensors params, Tensors copies, Tensor counter)
    : settings_(settings), params_(std::move(params)), copies_(std::move(copies)), step_(std::move(counter)) {
  if (params_.empty()) fail(Failure::usage, "[optimizer] has no parameters to update");
  copies_.resize(params_.size());
  const Device device = params_[0].device();
  const bool two = settings.kind == OptimizerKind::adam || settings.kind == OptimizerKind::adamw;
  for (const Tensor& p : params_) {
    a_.push_back(Tensor::zeros(p.shape(), p.dtype(), device));
    if (two) b_.push_back(Tensor::zeros(p.shape(), p.dtype(), device));
  }
  lr_ = Tensor::from({1}, {settings.lr}, DType::f32, device);
  if (!step_) step_ = step_counter(0, device);
  if (step_.dtype() != DType::i32 || step_.shape() != Shape{1} || step_.device() != device)
    fail(Failure::usage, fmt::format("[optimizer] counts its steps in i32[1] on {}, where its parameters are, not in {}; make it with "
                                     "step_counter()",
                                     name_of(device), step_.text()));
}

void Optimizer::step(const Tensors& gradients) {
  if (gradients.size() != params_.size())
    fail(Failure::usage, fmt::format("[optimizer] {} gradients for {} parameters", gradients.size(), params_.size()));
  std::vector<OptimizerTensor> list;
  int64_t total = 0;
  for (size_t i = 0; i < params_.size(); ++i) {
    const Tensor &p = params_[i], &g = gradients[i];
    if (!g || g.shape() != p.shape() || g.dtype() != p.dtype())
      fail(Failure::usage, fmt::format("[optimizer] parameter {} is {}, but its gradient is {}", i, p.text(), g.text()));
    list.push_back(
        {p.data(), g.data(), a_[i].data(), b_.empty() ? nullptr : b_[i].data(), copies_[i] ? copies_[i].data() : nullptr, p.count()});
    total += p.count();
  }
  const Device device = params_[0].device();
  const OptimizerProblem problem{.total = total,
                                 .tensors = static_cast<int>(list.size()),
                                 .momentum = settings_.momentum,
                                 .alpha = settings_.alpha,
                                 .beta1 = settings_.beta1,
                                 .beta2 = settings_.beta2,
                                 .eps = settings_.eps,
                                 .weight_decay = settings_.weight_decay,
                                 .decoupled = settings_.kind == OptimizerKind::adamw,
                                 .dtype = params_[0].dtype()};
  const OptimizerArgs args{list.data(), lr_.data(), step_.data(), tickets(device, 1)};
  switch (settings_.kind) {
    case OptimizerKind::sgd:
      dispatch<SgdStep>(problem, args, device);
      break;
    case OptimizerKind::rmsprop:
      dispatch<RmspropStep>(problem, args, device);
      break;
    case OptimizerKind::adam:
    case OptimizerKind::adamw:
      dispatch<AdamStep>(problem, args, device);
      break;
  }
}

void Optimizer::set_lr(double lr) {
  settings_.lr = lr;
  const float value = static_cast<float>(lr);
  lr_.assign(static_cast<const void*>(&value));
}

void Optimizer::each(const std::function<void(const std::string&, Tensor&)>& f) {
  for (size_t i = 0; i < a_.size(); ++i) f(fmt::format("a.{}", i), a_[i]);
  for (size_t i = 0; i < b_.size(); ++i) f(fmt::format("b.{}", i), b_[i]);
  f("step", step_);
}

}  // namespace duel
