#include "augment/flip/flip.h"

#include <algorithm>

namespace duel {

std::string HorizontalFlipProblem::text() const { return problem_text(*this); }
HorizontalFlipProblem HorizontalFlipProblem::parse(const std::string& text) {
  const auto p = parse_problem<HorizontalFlipProblem>(text);
  int64_t product = 1;
  for (int size : {p.n, p.h, p.w, p.c}) {
    if (size < 0 || (size > 0 && product > (int64_t{1} << 48) / size))
      fail(Failure::usage, "problem '" + text + "': n, h, w and c must be at least 0, their product below 2⁴⁸");
    product *= std::max(size, 1);
  }
  return p;
}

std::vector<Buffer> HorizontalFlip::buffers(const Problem& p) {
  Buffer x{"x", Role::in, p.dtype, p.count()};
  if (!is_floating(p.dtype)) x.fill = Fill::index, x.limit = p.dtype == DType::u8 ? 256 : 1 << 30;
  return {x, {"coin", Role::in, DType::i32, p.n, Fill::index, 2}, {"y", Role::out, p.dtype, p.count()}};
}

std::vector<Case<HorizontalFlipProblem>> HorizontalFlip::cases() {
  std::vector<Case<Problem>> cases;
  for (DType t : {DType::f32, DType::f64, DType::bf16, DType::u8, DType::i32}) {
    for (Problem p : {Problem{1, 1, 1, 1},
                      {7, 1, 2, 1},
                      {5, 3, 1, 4},  // nothing to turn
                      {4, 5, 17, 1},
                      {6, 2, 16, 2},
                      {3, 7, 31, 3},
                      {3, 7, 33, 4},
                      {2, 3, 13, 5},     // no special case for this many channels
                      {257, 1, 3, 1},    // many samples a chunk
                      {2, 3, 4099, 3},   // few rows a chunk
                      {2, 1, 20011, 1},  // a row longer than a chunk
                      {3, 2, 5, 257},
                      {0, 4, 4, 3},
                      {2, 4, 0, 3}}) {
      p.dtype = t;
      cases.push_back({p, Tag::edge});
    }
    cases.push_back({{4, 28, 28, 1, t}, Tag::dcgan});
    cases.push_back({{4, 64, 64, 3, t}, Tag::dcgan});
    if (t == DType::f64 || t == DType::i32) continue;
    for (Problem p : {Problem{128, 64, 64, 3}, {128, 32, 32, 1}, {32, 1024, 1024, 3}}) {
      p.dtype = t;
      cases.push_back({p, Tag::bench});
    }
  }
  return cases;
}

double HorizontalFlip::flops(const Problem&) { return 0; }
int HorizontalFlip::reduction(const Problem&) { return 1; }

static const OpRegistration<HorizontalFlip> horizontal_flip_op;

}  // namespace duel
