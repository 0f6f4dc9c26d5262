#include "kernels/reduce/reduce.h"

#include <algorithm>
#include <limits>

#include "kernels/draw.h"

namespace duel {

std::string ReduceProblem::text() const { return problem_text(*this); }
ReduceProblem ReduceProblem::parse(const std::string& text) {
  const ReduceProblem p = parse_problem<ReduceProblem>(text);
  if (0 > p.n || p.inner < 1 || p.c < 1 || p.inner % p.c != 0 || (int64_t{1} << 48) / p.inner < p.n)
    fail(Failure::usage, "problem '" + text + "': n must be at least 0, i and c at least 1, and c must divide i");
  if (!is_floating(p.dtype)) fail(Failure::usage, "problem '" + text + "': the dtype must be f32, bf16 or f64");
  return p;
}

std::vector<Buffer> Reduce::buffers(const Problem& p) {
  return {{"x", Role::in, p.dtype, p.count()}, {"y", Role::out, accumulator_of(p.dtype), p.results()}};
}

std::vector<Case<ReduceProblem>> Reduce::cases() {
  std::vector<Case<ReduceProblem>> cases;
  // [n, inner], c: one element, nothing, primes, channels narrower and wider than a block of columns, and the chunk of the CPU rows ± 1.
  struct Shape {
    int64_t n, inner, c;
  };
  constexpr Shape edge[] = {{1, 1, 1},        {0, 6, 3},         {13, 1, 1},     {1, 13, 13},   {3, 35, 7},
                            {257, 129, 3},    {1000, 10, 10},    {1, 65535, 1},  {1, 65537, 1}, {3, 65537, 1},
                            {70, 1025, 1025}, {130, 2051, 2051}, {65, 6400, 100}};
  for (DType t : {DType::f32, DType::f64, DType::bf16})
    for (ReduceFn fn : {ReduceFn::sum, ReduceFn::maximum})
      for (Keep keep : {Keep::scalar, Keep::channel, Keep::sample, Keep::image}) {
        for (const Shape& s : edge)
          if (s.n || fn == ReduceFn::sum)  // a maximum over nothing is −∞, which a table of finite answers has no place for
            cases.push_back({{s.n, s.inner, s.c, keep, fn, t}, Tag::edge});
        for (Shape s : {Shape{16, 1, 1}, {4, 4096, 64}, {4, 12288, 3}}) cases.push_back({{s.n, s.inner, s.c, keep, fn, t}, Tag::dcgan});
        if (t != DType::f64 && fn == ReduceFn::sum) cases.push_back({{128, 65536, 64, keep, fn, t}, Tag::bench});
      }
  cases.push_back({{524288, 64, 64, Keep::channel, ReduceFn::sum, DType::f32}, Tag::bench});
  for (Keep keep : {Keep::channel, Keep::image}) cases.push_back({{128, 12288, 3, keep, ReduceFn::sum, DType::f32}, Tag::bench});
  return cases;
}

double Reduce::flops(const Problem& p) { return static_cast<double>(p.count()); }
int Reduce::reduction(const Problem& p) {
  if (p.fn == ReduceFn::maximum) return 1;
  return static_cast<int>(std::clamp<int64_t>(p.count() / std::max<int64_t>(1, p.results()), 1, std::numeric_limits<int>::max()));
}

ReduceProblem Reduce::random(uint64_t seed) {
  Draw draw(seed);
  ReduceProblem p;
  p.n = draw_size(draw), p.c = draw_size(draw), p.inner = p.c * draw_size(draw);
  p.keep = draw.of({Keep::scalar, Keep::channel, Keep::sample, Keep::image}), p.fn = draw.of({ReduceFn::sum, ReduceFn::maximum});
  p.dtype = draw.of({DType::f32, DType::f64, DType::bf16});
  return p;
}

static const OpRegistration<Reduce> reduce_op;

}  // namespace duel
