#include "kernels/activation/activation.h"

namespace duel {
namespace {

using C = Case<ActivationProblem>;

std::vector<C> activation_cases() {
  std::vector<C> cases;
  for (DType t : {DType::f32, DType::f64, DType::bf16}) {
    for (size_t i = 0; i < std::size(act_names); ++i) {
      const Act act = static_cast<Act>(i);
      for (int64_t n : {1, 7, 1021, 16383, 16385, 50000}) cases.push_back({{n, act, 0.2, t}, Tag::edge});
      cases.push_back({{4 * 8 * 8 * 64, act, 0.2, t}, Tag::dcgan});
      if (t != DType::f64 && act != Act::none) cases.push_back({{int64_t{128} * 32 * 32 * 64, act, 0.2, t}, Tag::bench});
    }
    cases.push_back({{0, Act::relu, 0, t}, Tag::edge});
    cases.push_back({{333, Act::leaky_relu, -1.5, t}, Tag::edge});  // a slope of either sign
  }
  return cases;
}

}  // namespace

std::string ActivationProblem::text() const { return problem_text(*this); }
ActivationProblem ActivationProblem::parse(const std::string& text) {
  const ActivationProblem p = parse_problem<ActivationProblem>(text);
  if (p.n < 0 || p.n > (int64_t{1} << 48) || !is_floating(p.dtype))
    fail(Failure::usage, "problem '" + text + "': n must be between 0 and 2⁴⁸ and the dtype f32, bf16 or f64");
  return p;
}

std::vector<Buffer> Activation::buffers(const Problem& p) { return {{"x", Role::in, p.dtype, p.n}, {"y", Role::out, p.dtype, p.n}}; }
std::vector<Buffer> ActivationGrad::buffers(const Problem& p) {
  return {{"saved", Role::in, p.dtype, p.n, p.act == Act::sigmoid ? Fill::probability : Fill::normal},
          {"g", Role::in, p.dtype, p.n},
          {"gx", Role::out, p.dtype, p.n}};
}
std::vector<C> Activation::cases() { return activation_cases(); }
std::vector<C> ActivationGrad::cases() { return activation_cases(); }
double Activation::flops(const Problem& p) { return static_cast<double>(p.n); }
double ActivationGrad::flops(const Problem& p) { return 2.0 * static_cast<double>(p.n); }
int Activation::reduction(const Problem&) { return 1; }
int ActivationGrad::reduction(const Problem&) { return 1; }
bool Activation::exact_on_integers(const Problem& p) { return p.act == Act::none || p.act == Act::relu || p.act == Act::leaky_relu; }
bool ActivationGrad::exact_on_integers(const Problem& p) { return p.act != Act::softplus; }  // `saved` is an integer, not a function of one

static const OpRegistration<Activation> activation_op;
static const OpRegistration<ActivationGrad> activation_grad_op;

}  // namespace duel
