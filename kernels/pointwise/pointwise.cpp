#include "kernels/pointwise/pointwise.h"

#include <cmath>

#include "kernels/draw.h"

namespace duel {
namespace {

void check(const std::string& text, int64_t n, int64_t inner, int64_t c, DType dtype) {
  if (n < 0 || inner < 1 || c < 1 || inner % c != 0 || n > (int64_t{1} << 48) / inner)
    fail(Failure::usage, "problem '" + text + "': n must be at least 0, i and c at least 1, and c must divide i");
  if (!is_floating(dtype)) fail(Failure::usage, "problem '" + text + "': the dtype must be f32, bf16 or f64");
}

Fill unary_fill(UnaryFn fn) {
  return fn == UnaryFn::sqrt || fn == UnaryFn::rsqrt || fn == UnaryFn::log || fn == UnaryFn::reciprocal ? Fill::positive : Fill::normal;
}

constexpr DType floating[] = {DType::f32, DType::f64, DType::bf16};
constexpr Spread spreads[] = {Spread::full, Spread::scalar, Spread::channel, Spread::sample, Spread::image};

// Sizes [n, inner], c around what rows divide work by: one element, primes, channels beyond a tile, and the chunk of the CPU rows ± 1.
struct Shape {
  int64_t n, inner, c;
};
constexpr Shape edge_shapes[] = {{1, 1, 1},  {0, 4, 2},       {1, 13, 13},   {13, 1, 1},    {3, 35, 7},     {5, 6, 3},
                                 {7, 30, 1}, {2, 5000, 2500}, {1, 16383, 1}, {1, 16385, 5}, {3, 16384, 64}, {257, 129, 3}};

}  // namespace

std::string UnaryProblem::text() const { return problem_text(*this); }
UnaryProblem UnaryProblem::parse(const std::string& text) {
  const UnaryProblem p = parse_problem<UnaryProblem>(text);
  check(text, p.n, p.inner, p.c, p.dtype);
  return p;
}

std::vector<Buffer> Unary::buffers(const Problem& p) {
  return {{"x", Role::in, p.dtype, spread_count(p.from, p.n, p.inner, p.c), unary_fill(p.fn)}, {"y", Role::out, p.dtype, p.count()}};
}

std::vector<Case<UnaryProblem>> Unary::cases() {
  std::vector<Case<UnaryProblem>> cases;
  for (DType t : floating) {
    for (const Shape& s : edge_shapes)
      for (Spread from : spreads) cases.push_back({{s.n, s.inner, s.c, UnaryFn::affine, from, 0.75, -2, t}, Tag::edge});
    for (size_t fn = 0; fn < std::size(unary_names); ++fn)
      for (Spread from : spreads) cases.push_back({{5, 77, 7, static_cast<UnaryFn>(fn), from, -0.3, 0.7, t}, Tag::edge});
    cases.push_back({{11, 13, 1, UnaryFn::step, Spread::full, 0.2, 0, t}, Tag::edge});
    cases.push_back({{4, 1024, 64, UnaryFn::square, Spread::full, 0, 0, t}, Tag::dcgan});
    for (Spread from : {Spread::channel, Spread::image}) cases.push_back({{4, 1024, 64, UnaryFn::identity, from, 0, 0, t}, Tag::dcgan});
    if (t == DType::f64) continue;
    for (UnaryFn fn : {UnaryFn::affine, UnaryFn::square, UnaryFn::sqrt, UnaryFn::exp, UnaryFn::softplus})
      cases.push_back({{128, 65536, 64, fn, Spread::full, 2, -1, t}, Tag::bench});
    for (Spread from : {Spread::channel, Spread::image}) cases.push_back({{128, 65536, 64, UnaryFn::identity, from, 0, 0, t}, Tag::bench});
  }
  cases.push_back(
      {{600, 1000, 10, UnaryFn::affine, Spread::image, 0.75, -2, DType::f64}, Tag::edge});  // more packs than a full card has threads
  return cases;
}
double Unary::flops(const Problem& p) { return static_cast<double>(p.count()); }
int Unary::reduction(const Problem&) { return 1; }
bool Unary::exact_on_integers(const Problem& p) {
  switch (p.fn) {
    case UnaryFn::affine: {  // where no product and no sum needs rounding
      const auto quarters = [](double v) { return std::abs(v) <= 16 && v * 4 == std::rint(v * 4); };
      return quarters(p.a) && quarters(p.b);
    }
    case UnaryFn::identity:
    case UnaryFn::neg:
    case UnaryFn::abs:
    case UnaryFn::sign:
    case UnaryFn::square:
    case UnaryFn::clamp:
    case UnaryFn::inside:
    case UnaryFn::step:
      return true;
    default:
      return false;
  }
}
UnaryProblem Unary::random(uint64_t seed) {
  Draw draw(seed);
  UnaryProblem p;
  p.n = draw_size(draw), p.c = draw_size(draw), p.inner = p.c * draw_size(draw);
  p.fn = static_cast<UnaryFn>(draw.next() % std::size(unary_names));
  p.from = draw.of(spreads), p.dtype = draw.of(floating);
  p.a = draw.between(-8, 0) / 4.0, p.b = draw.between(0, 8) / 4.0;
  return p;
}

std::string BinaryProblem::text() const { return problem_text(*this); }
BinaryProblem BinaryProblem::parse(const std::string& text) {
  const BinaryProblem p = parse_problem<BinaryProblem>(text);
  check(text, p.n, p.inner, p.c, p.dtype);
  return p;
}

std::vector<Buffer> Binary::buffers(const Problem& p) {
  const Fill b_fill = p.fn == BinaryFn::div ? Fill::positive : p.fn == BinaryFn::bce_logits ? Fill::probability : Fill::normal;
  return {{"a", Role::in, p.dtype, spread_count(p.a_spread, p.n, p.inner, p.c)},
          {"b", Role::in, p.dtype, spread_count(p.b_spread, p.n, p.inner, p.c), b_fill},
          {"y", Role::out, p.dtype, p.count()}};
}

std::vector<Case<BinaryProblem>> Binary::cases() {
  std::vector<Case<BinaryProblem>> cases;
  for (DType t : floating) {
    for (const Shape& s : edge_shapes)
      for (Spread b : spreads) cases.push_back({{s.n, s.inner, s.c, BinaryFn::sub, Spread::full, b, t}, Tag::edge});
    for (Spread a : spreads)
      for (Spread b : spreads) {
        cases.push_back({{5, 84, 12, BinaryFn::sub, a, b, t}, Tag::edge});
        cases.push_back({{37, 999, 3, BinaryFn::sub, a, b, t}, Tag::edge});
      }
    for (size_t fn = 0; fn < std::size(binary_names); ++fn)
      for (Spread b : spreads) cases.push_back({{5, 77, 7, static_cast<BinaryFn>(fn), Spread::full, b, t}, Tag::edge});
    for (Spread b : {Spread::channel, Spread::image}) cases.push_back({{4, 1024, 64, BinaryFn::add, Spread::full, b, t}, Tag::dcgan});
    cases.push_back({{64, 1, 1, BinaryFn::bce_logits, Spread::full, Spread::scalar, t}, Tag::dcgan});
    if (t == DType::f64) continue;
    for (BinaryFn fn : {BinaryFn::add, BinaryFn::mul, BinaryFn::bce_logits})
      cases.push_back({{128, 65536, 64, fn, Spread::full, Spread::full, t}, Tag::bench});
    for (Spread b : {Spread::channel, Spread::sample, Spread::image})
      cases.push_back({{128, 65536, 64, BinaryFn::mul, Spread::full, b, t}, Tag::bench});
    for (Spread b : {Spread::channel, Spread::image}) cases.push_back({{128, 12288, 3, BinaryFn::add, Spread::full, b, t}, Tag::bench});
  }
  return cases;
}
double Binary::flops(const Problem& p) { return static_cast<double>(p.count()); }
int Binary::reduction(const Problem&) { return 1; }
bool Binary::exact_on_integers(const Problem& p) { return p.fn != BinaryFn::div && p.fn != BinaryFn::bce_logits; }
BinaryProblem Binary::random(uint64_t seed) {
  Draw draw(seed);
  BinaryProblem p;
  p.n = draw_size(draw), p.c = draw_size(draw), p.inner = p.c * draw_size(draw);
  p.fn = static_cast<BinaryFn>(draw.next() % std::size(binary_names));
  p.a_spread = draw.of(spreads), p.b_spread = draw.of(spreads), p.dtype = draw.of(floating);
  return p;
}

std::string CastProblem::text() const { return problem_text(*this); }
CastProblem CastProblem::parse(const std::string& text) {
  const CastProblem p = parse_problem<CastProblem>(text);
  if (p.n < 0 || p.n > (int64_t{1} << 48)) fail(Failure::usage, "problem '" + text + "': n must be between 0 and 2⁴⁸");
  return p;
}

std::vector<Buffer> Cast::buffers(const Problem& p) {
  const Buffer x = p.from == DType::u8    ? Buffer{"x", Role::in, p.from, p.n, Fill::index, 256}
                   : p.from == DType::i32 ? Buffer{"x", Role::in, p.from, p.n, Fill::index, 70000}
                                          : Buffer{"x", Role::in, p.from, p.n};
  return {x, {"y", Role::out, p.to, p.n}};
}

std::vector<Case<CastProblem>> Cast::cases() {
  constexpr DType all[] = {DType::f32, DType::bf16, DType::f64, DType::i32, DType::u8};
  std::vector<Case<CastProblem>> cases;
  for (DType from : all)
    for (DType to : all) {
      for (int64_t n : {1, 1021}) cases.push_back({{n, from, to}, Tag::edge});
      cases.push_back({{16385, from, to}, Tag::dcgan});
    }
  cases.push_back({{0, DType::f32, DType::bf16}, Tag::edge});
  for (CastProblem p :
       {CastProblem{1 << 23, DType::f32, DType::bf16}, {1 << 23, DType::bf16, DType::f32}, {1 << 23, DType::u8, DType::f32}})
    cases.push_back({p, Tag::bench});
  return cases;
}
double Cast::flops(const Problem& p) { return static_cast<double>(p.n); }
int Cast::reduction(const Problem&) { return 1; }

static const OpRegistration<Unary> unary_op;
static const OpRegistration<Binary> binary_op;
static const OpRegistration<Cast> cast_op;

}  // namespace duel
