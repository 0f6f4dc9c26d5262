// An op that exists in tests only, with its reference row, for tests of what surrounds a row: the verifier, the benches, dispatch. A test
// that includes this (one file of a program) adds the rows that it needs.
#pragma once
#include <vector>

#include "kernels/op.h"
#include "kernels/registry.h"

namespace duel {
namespace {

// y = 2x + w, s = sign of x, total += Σ x: an element-wise output, an integer one whose −1 looks like poison, and an updated buffer.
struct ToyProblem {
  int64_t n = 1;
  DType dtype = DType::f32;
  template <class F>
  void each(F&& f) {
    f.integer("n", n), f.type(dtype);
  }
  std::string text() const { return problem_text(*this); }
  static ToyProblem parse(const std::string& text) { return parse_problem<ToyProblem>(text); }
};
struct Toy {
  using Problem = ToyProblem;
  struct Args {
    const void *x, *w;
    void *y, *s, *total;
  };
  static constexpr auto name = "toy";
  static std::vector<Buffer> buffers(const Problem& p) {
    return {{"x", Role::in, p.dtype, p.n},
            {"w", Role::in, p.dtype, p.n},
            {"y", Role::out, p.dtype, p.n},
            {"s", Role::out, DType::i32, p.n},
            {"total", Role::inout, accumulator_of(p.dtype), 1}};
  }
  static std::vector<Case<Problem>> cases() {
    return {{{37, DType::f32}}, {{200, DType::f32}}, {{64, DType::bf16}}, {{64, DType::f64}}, {{100000, DType::f32}, Tag::bench}};
  }
  static double flops(const Problem& p) { return 1e5 * static_cast<double>(p.n); }  // a price that makes the last case too dear for ref
  static int reduction(const Problem& p) { return static_cast<int>(p.n); }
  static constexpr bool exact_on_integers = true;
};
const OpRegistration<Toy> toy_op;

bool toy_supports(const ToyProblem& p) { return is_floating(p.dtype); }

template <class T>
void toy_compute(const ToyProblem& p, const Toy::Args& a) {
  const T *x = static_cast<const T*>(a.x), *w = static_cast<const T*>(a.w);
  T* y = static_cast<T*>(a.y);
  auto* s = static_cast<int32_t*>(a.s);
  auto* total = static_cast<accumulator_t<T>*>(a.total);
  double sum = 0;
  for (int64_t i = 0; i < p.n; ++i) {
    const double v = static_cast<double>(x[i]);
    y[i] = static_cast<T>(2 * v + static_cast<double>(w[i]));
    s[i] = v > 0 ? 1 : v < 0 ? -1 : 0;
    sum += v;
  }
  *total = static_cast<accumulator_t<T>>(static_cast<double>(*total) + sum);
}

void toy_run(const ToyProblem& p, const Toy::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) { toy_compute<typename decltype(tag)::type>(p, a); });
}
KERNEL_VARIANT(Toy, ref, reference_rank, toy_supports, no_scratch, toy_run);

}  // namespace
}  // namespace duel
