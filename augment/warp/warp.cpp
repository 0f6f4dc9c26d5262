#include "augment/warp/warp.h"

#include <algorithm>

namespace duel {

std::string WarpProblem::text() const { return problem_text(*this); }
WarpProblem WarpProblem::parse(const std::string& text) {
  const auto p = parse_problem<WarpProblem>(text);
  const auto small = [](int side) { return side >= 1 && side <= 1 << 16; };
  if (p.n < 0 || !small(p.h) || !small(p.w) || !small(p.c) || !small(p.p) || !small(p.q))
    fail(Failure::usage, "problem '" + text + "': n is at least 0; h, w, c, p and q are 1 to 65536");
  return p;
}

namespace {

Buffer maps(const WarpProblem& p) { return {"map", Role::in, DType::f32, int64_t{9} * p.n}; }

std::vector<Case<WarpProblem>> all_cases() {
  std::vector<Case<WarpProblem>> cases;
  const WarpProblem shapes[] = {
      {1, 1, 1, 1, 1, 1}, {3, 5, 7, 1, 5, 7}, {2, 4, 9, 3, 11, 3}, {2, 6, 5, 5, 4, 4},  // more channels than a pass takes
      {0, 4, 4, 3, 4, 4},                                                               // no sample
  };
  for (WarpProblem p : shapes)
    for (Interpolation by : {Interpolation::nearest, Interpolation::bilinear, Interpolation::bicubic})
      for (Border border : {Border::zeros, Border::constant, Border::edge, Border::reflect, Border::wrap}) {
        p.interpolation = by, p.border = border, p.antialias = border == Border::reflect, p.fill = border == Border::constant ? .25f : 0.f;
        cases.push_back({p, Tag::edge});
      }
  for (DType t : {DType::f64, DType::bf16})
    for (Interpolation by : {Interpolation::nearest, Interpolation::bilinear, Interpolation::bicubic}) {
      cases.push_back({{3, 5, 7, 3, 6, 4, by, Border::reflect, true, 0, t}, Tag::edge});
      cases.push_back({{2, 5, 7, 1, 6, 4, by, Border::zeros, false, 0, t}, Tag::edge});
    }
  for (int side : {28, 32, 64})
    cases.push_back({{2, side, side, side == 28 ? 1 : 3, side, side, Interpolation::bilinear, Border::reflect}, Tag::dcgan});
  for (DType t : {DType::f32, DType::bf16})
    cases.push_back({{128, 64, 64, 3, 64, 64, Interpolation::bilinear, Border::reflect, false, 0, t}, Tag::bench});
  return cases;
}

int taps(const WarpProblem& p) {
  return p.interpolation == Interpolation::nearest ? 1 : p.interpolation == Interpolation::bilinear ? 4 : 16;
}
double work(const WarpProblem& p) { return 2.0 * taps(p) * static_cast<double>(p.result()); }

}  // namespace

std::vector<Buffer> WarpImages::buffers(const Problem& p) {
  return {{"x", Role::in, p.dtype, p.source()}, maps(p), {"y", Role::out, p.dtype, p.result()}};
}
std::vector<Case<WarpProblem>> WarpImages::cases() { return all_cases(); }
double WarpImages::flops(const Problem& p) { return work(p); }
int WarpImages::reduction(const Problem& p) { return taps(p) * (p.antialias ? most_taps * most_taps : 1); }

std::vector<Buffer> WarpImagesAdjoint::buffers(const Problem& p) {
  return {{"gy", Role::in, p.dtype, p.result()}, maps(p), {"gx", Role::out, p.dtype, p.source()}};
}
std::vector<Case<WarpProblem>> WarpImagesAdjoint::cases() { return all_cases(); }
double WarpImagesAdjoint::flops(const Problem& p) { return work(p); }
// All outputs may read one pixel, and where the border brings them they do.
int WarpImagesAdjoint::reduction(const Problem& p) {
  return static_cast<int>(std::min<int64_t>(int64_t{taps(p)} * p.p * p.q * (p.antialias ? most_taps : 1), 1 << 24));
}

static const OpRegistration<WarpImages> warp_images_op;
static const OpRegistration<WarpImagesAdjoint> warp_images_adjoint_op;

}  // namespace duel
