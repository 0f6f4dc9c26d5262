#include "augment/color/color_matrix.h"

namespace duel {

std::string ColorMatrixProblem::text() const { return problem_text(*this); }
ColorMatrixProblem ColorMatrixProblem::parse(const std::string& text) {
  const auto p = parse_problem<ColorMatrixProblem>(text);
  if (p.n < 0 || p.inner < 1 || p.c < 1) fail(Failure::usage, "problem '" + text + "': n is at least 0, inner and c at least 1");
  return p;
}

std::vector<Buffer> ColorMatrix::buffers(const Problem& p) {
  const int64_t count = p.pixels() * p.c;
  return {{"x", Role::in, p.dtype, count}, {"color", Role::in, DType::f32, 12 * p.n}, {"y", Role::out, p.dtype, count}};
}

std::vector<Case<ColorMatrixProblem>> ColorMatrix::cases() {
  std::vector<Case<Problem>> cases;
  for (const char* dtype : {":f32", ":f64", ":bf16"})
    for (const char* form : {"/form=affine", "/form=linear", "/form=adjoint"}) {
      for (const char* sizes : {"n1inner1c1", "n3inner35c3", "n2inner17c2", "n2inner9c7", "n257inner1c3", "n2inner20011c3", "n0inner4c3"})
        cases.push_back({ColorMatrixProblem::parse(std::string(sizes) + dtype + form), Tag::edge});
      cases.push_back({ColorMatrixProblem::parse(std::string("n4inner1024c3") + dtype + form), Tag::dcgan});
    }
  for (const char* text : {"n128inner4096c3:f32/form=affine", "n128inner1024c1:f32/form=affine", "n128inner4096c3:bf16/form=affine"})
    cases.push_back({ColorMatrixProblem::parse(text), Tag::bench});
  return cases;
}

double ColorMatrix::flops(const Problem& p) { return static_cast<double>(p.pixels()) * (p.c == 3 ? 18 : 2 * p.c); }
int ColorMatrix::reduction(const Problem& p) { return p.c == 3 ? 4 : 2; }

static const OpRegistration<ColorMatrix> color_matrix_op;

}  // namespace duel
