#include "augment/erase/erase.h"

namespace duel {

std::string EraseProblem::text() const { return problem_text(*this); }
EraseProblem EraseProblem::parse(const std::string& text) {
  const auto p = parse_problem<EraseProblem>(text);
  if (p.n < 0 || p.h < 1 || p.w < 1 || p.c < 1) fail(Failure::usage, "problem '" + text + "': n is at least 0; h, w and c at least 1");
  return p;
}

std::vector<Buffer> EraseBoxes::buffers(const Problem& p) {
  return {{"x", Role::in, p.dtype, p.count()},
          {"box", Role::in, DType::i32, int64_t{4} * p.n, Fill::index, 12},
          {"y", Role::out, p.dtype, p.count()}};
}

std::vector<Case<EraseProblem>> EraseBoxes::cases() {
  std::vector<Case<Problem>> cases;
  for (const char* dtype : {":f32", ":f64", ":bf16"})
    for (const char* value : {"", "/value=0.5"}) {
      for (const char* sizes : {"n1h1w1c1", "n5h9w7c3", "n7h3w17c1", "n2h12w12c5", "n0h4w4c3", "n2h2w20011c1"})
        cases.push_back({EraseProblem::parse(std::string(sizes) + dtype + value), Tag::edge});
      cases.push_back({EraseProblem::parse(std::string("n4h32w32c3") + dtype + value), Tag::dcgan});
    }
  for (const char* text : {"n128h64w64c3:f32", "n128h64w64c3:bf16"}) cases.push_back({EraseProblem::parse(text), Tag::bench});
  return cases;
}

double EraseBoxes::flops(const Problem&) { return 0; }
int EraseBoxes::reduction(const Problem&) { return 1; }

static const OpRegistration<EraseBoxes> erase_boxes_op;

}  // namespace duel
