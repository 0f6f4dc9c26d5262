#include "kernels/cb_moment/cb_moment.h"

namespace duel {

std::string CbMomentProblem::text() const { return problem_text(*this); }
CbMomentProblem CbMomentProblem::parse(const std::string& text) {
  const auto p = parse_problem<CbMomentProblem>(text);
  if (p.n < 0 || p.n > (int64_t{1} << 48) || !is_floating(p.dtype))
    fail(Failure::usage, "problem '" + text + "': n must be between 0 and 2⁴⁸ and the dtype f32, bf16 or f64");
  if (p.order < 0 || p.order > most_order)
    fail(Failure::usage, "problem '" + text + "': order must be between 0 and " + std::to_string(most_order));
  return p;
}

std::vector<Buffer> CbMoment::buffers(const Problem& p) { return {{"t", Role::in, p.dtype, p.n}, {"y", Role::out, p.dtype, p.n}}; }

std::vector<Case<CbMomentProblem>> CbMoment::cases() {
  std::vector<Case<CbMomentProblem>> cases;
  for (DType t : {DType::f32, DType::f64, DType::bf16}) {
    for (int order : {0, 1, 2, 3, 5, 8, 64}) cases.push_back({{1021, order, t}, Tag::edge});
    for (int64_t n : {0, 1, 7, 16383, 16385}) cases.push_back({{n, 1, t}, Tag::edge});
    for (int order : {0, 1}) {
      cases.push_back({{int64_t{4} * 28 * 28, order, t}, Tag::dcgan});
      if (t != DType::f64) cases.push_back({{int64_t{128} * 32 * 32 * 64, order, t}, Tag::bench});
    }
  }
  return cases;
}

double CbMoment::flops(const Problem& p) { return static_cast<double>(p.n) * (20 + 10.0 * p.order); }
int CbMoment::reduction(const Problem& p) { return 12 + 3 * p.order; }  // terms of the series

static const OpRegistration<CbMoment> cb_moment_op;

}  // namespace duel
