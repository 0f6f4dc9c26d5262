// The tester is tested: rows with planted faults must all be refused, and a right row accepted.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/op.h"
#include "kernels/registry.h"
#include "tests/row_check.h"
#include "tests/support.h"

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
  static std::vector<Case<Problem>> cases() { return {{{37, DType::f32}}, {{200, DType::f32}}, {{64, DType::bf16}}, {{64, DType::f64}}}; }
  static double flops(const Problem& p) { return 3.0 * static_cast<double>(p.n); }
  static int reduction(const Problem& p) { return static_cast<int>(p.n); }
  static constexpr bool exact_on_integers = true;
};
const OpRegistration<Toy> toy_op;

enum class Fault {
  none,
  scratch_user,
  first_unwritten,
  middle_unwritten,
  last_unwritten,
  integer_unwritten,
  nothing_written,
  past_end,
  before_start,
  far_past_end,
  past_scratch,
  nan,
  infinity,
  minus_infinity,
  zeros,
  shifted,
  truncated,
  small_error,
  small_error_on_reals,
  rounded_to_bf16,
  tf32,
  half_precision_sum,
  stale,
  adds_to_output,
  ignores_update,
  updates_twice,
  changes_input,
  nondeterministic,
  reads_scratch,
  sign_flipped,
  swapped_neighbours,
  throws,
};

bool supports(const ToyProblem& p) { return is_floating(p.dtype); }
size_t some_scratch(const ToyProblem& p) { return 4 * static_cast<size_t>(p.n); }

template <class T>
void compute(const ToyProblem& p, const Toy::Args& a) {
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

// The right answer, then what `fault` does to it. Faults that leave memory alone save what was there before.
template <Fault fault, class T>
void faulty(const ToyProblem& p, const Toy::Args& a, Scratch scratch) {
  T *x = static_cast<T*>(const_cast<void*>(a.x)), *y = static_cast<T*>(a.y);
  auto* s = static_cast<int32_t*>(a.s);
  auto* total = static_cast<accumulator_t<T>*>(a.total);
  const std::vector<T> y_before(y, y + p.n);
  const std::vector<int32_t> s_before(s, s + p.n);
  const auto total_before = *total;
  compute<T>(p, a);
  const int64_t n = p.n, middle = n / 2;
  static int calls = 0;
  ++calls;
  const auto nudge = [&](int64_t i, double by) { y[i] = static_cast<T>(static_cast<double>(y[i]) + by); };
  const bool integers = static_cast<double>(x[0]) == std::nearbyint(static_cast<double>(x[0]));
  using Limits = std::numeric_limits<double>;
  switch (fault) {
    case Fault::none:
      break;
    case Fault::scratch_user:
      for (int64_t i = 0; i < n; ++i) static_cast<float*>(scratch.data)[i] = 1;
      break;
    case Fault::first_unwritten:
      y[0] = y_before[0];
      break;
    case Fault::middle_unwritten:
      y[middle] = y_before[middle];
      break;
    case Fault::last_unwritten:
      y[n - 1] = y_before[n - 1];
      break;
    case Fault::integer_unwritten:  // only where the answer is what the first poison looks like
      for (int64_t i = 0; i < n; ++i)
        if (s[i] == -1) s[i] = s_before[i];
      break;
    case Fault::nothing_written:
      std::copy(y_before.begin(), y_before.end(), y), std::copy(s_before.begin(), s_before.end(), s);
      break;
    case Fault::past_end:
      y[n] = T(1.0f);
      break;
    case Fault::before_start:
      y[-1] = T(1.0f);
      break;
    case Fault::far_past_end:
      s[n + 200] = 7;
      break;
    case Fault::past_scratch:
      static_cast<unsigned char*>(scratch.data)[scratch.bytes] ^= 1;
      break;
    case Fault::nan:
      y[middle] = static_cast<T>(Limits::quiet_NaN());
      break;
    case Fault::infinity:
      y[middle] = static_cast<T>(Limits::infinity());
      break;
    case Fault::minus_infinity:
      y[n - 1] = static_cast<T>(-Limits::infinity());
      break;
    case Fault::zeros:
      std::fill(y, y + n, T(0.0f));
      break;
    case Fault::shifted:
      std::rotate(y, y + 1, y + n);
      break;
    case Fault::truncated:
      std::fill(y + n - n % 8 - (n % 8 ? 0 : 8), y + n, T(0.0f));
      break;
    case Fault::small_error:
      nudge(middle, 1e-2 * (dtype_of<T>() == DType::bf16 ? 100 : 1));
      break;
    case Fault::small_error_on_reals:
      if (!integers) nudge(middle, 1e-2 * (dtype_of<T>() == DType::bf16 ? 100 : 1));
      break;
    case Fault::rounded_to_bf16:
      for (int64_t i = 0; i < n; ++i) y[i] = static_cast<T>(static_cast<float>(bf16(static_cast<float>(y[i])))), *total += 0;
      if (dtype_of<T>() == DType::bf16) nudge(0, 1);
      break;
    case Fault::tf32:  // 10 bits of mantissa
      for (int64_t i = 0; i < n; ++i) y[i] = static_cast<T>(static_cast<double>(y[i]) * (1 + 0x1p-11));
      if (dtype_of<T>() == DType::bf16) nudge(0, 1);
      break;
    case Fault::half_precision_sum: {
      float sum = static_cast<float>(total_before);
      for (int64_t i = 0; i < n; ++i) sum = static_cast<float>(bf16(sum + static_cast<float>(x[i]) * 1.01f));
      *total = sum;
      break;
    }
    case Fault::stale: {  // returns what it computed for the first inputs of this size it ever saw
      static std::vector<T> kept;
      if (kept.size() == static_cast<size_t>(n)) std::copy(kept.begin(), kept.end(), y);
      else kept.assign(y, y + n);
      break;
    }
    case Fault::adds_to_output:
      for (int64_t i = 0; i < n; ++i) s[i] += s_before[i];
      break;
    case Fault::ignores_update:
      *total = total_before;
      break;
    case Fault::updates_twice:
      *total += *total - total_before;
      break;
    case Fault::changes_input:
      x[n - 1] = static_cast<T>(static_cast<float>(x[n - 1]) + 1.0f);
      break;
    case Fault::nondeterministic:  // the last bit, on every other call
      if (calls % 2) reinterpret_cast<unsigned char*>(y + middle)[0] ^= 1;
      break;
    case Fault::reads_scratch:
      if (static_cast<unsigned char*>(scratch.data)[0] != 0xff) s[middle] += 1;
      break;
    case Fault::sign_flipped:
      y[0] = static_cast<T>(-static_cast<double>(y[0]) - 1);
      break;
    case Fault::swapped_neighbours:
      std::swap(y[0], y[1]), nudge(0, 1);
      break;
    case Fault::throws:
      fail(Failure::device, "[toy] planted");
  }
}

template <Fault fault>
void run(const ToyProblem& p, const Toy::Args& a, Scratch scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) { faulty<fault, typename decltype(tag)::type>(p, a, scratch); });
}
void run_reference(const ToyProblem& p, const Toy::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) { compute<typename decltype(tag)::type>(p, a); });
}
KERNEL_VARIANT(Toy, ref, reference_rank, supports, no_scratch, run_reference);
KERNEL_VARIANT(Toy, right, 1, supports, no_scratch, run<Fault::none>);
KERNEL_VARIANT(Toy, scratch_user, 1, supports, some_scratch, run<Fault::scratch_user>);

struct Planted {
  Fault fault;
  const char* name;
  void (*run)(const ToyProblem&, const Toy::Args&, Scratch, Stream);
  const char* told;  // part of the verdict
};
#define PLANTED(fault, told) \
  { Fault::fault, #fault, run<Fault::fault>, told }
const Planted planted[] = {
    PLANTED(first_unwritten, "y[0] was not written"),
    PLANTED(middle_unwritten, "was not written"),
    PLANTED(last_unwritten, "was not written"),
    PLANTED(integer_unwritten, "s["),
    PLANTED(nothing_written, "was not written"),
    PLANTED(past_end, "wrote outside y, 1 bytes past its end"),
    PLANTED(before_start, "before its start"),
    PLANTED(far_past_end, "wrote outside s"),
    PLANTED(past_scratch, "scratch"),
    PLANTED(nan, "nan"),
    PLANTED(infinity, "inf"),
    PLANTED(minus_infinity, "-inf"),
    PLANTED(zeros, "y["),
    PLANTED(shifted, "y["),
    PLANTED(truncated, "y["),
    PLANTED(small_error, "y["),
    PLANTED(small_error_on_reals, "outside the tolerance"),
    PLANTED(rounded_to_bf16, "y["),
    PLANTED(tf32, "y["),
    PLANTED(half_precision_sum, "total[0]"),
    PLANTED(stale, "y["),
    PLANTED(adds_to_output, "s["),
    PLANTED(ignores_update, "total[0]"),
    PLANTED(updates_twice, "total[0]"),
    PLANTED(changes_input, "changed its input x"),
    PLANTED(nondeterministic, "y["),
    PLANTED(reads_scratch, "differs between two runs"),
    PLANTED(sign_flipped, "y[0]"),
    PLANTED(swapped_neighbours, "y["),
    PLANTED(throws, "threw: [toy] planted"),
};

// A row whose run is looked up by the problem-free pointer below: rows are plain function pointers, so the fault travels in a global.
const Planted* planted_now = nullptr;
Row row_with(const Planted& fault) {
  planted_now = &fault;
  return {"toy",
          fault.name,
          __FILE__,
          Device::cpu,
          1,
          [](const void* p) { return supports(*static_cast<const ToyProblem*>(p)); },
          [](const void* p) { return some_scratch(*static_cast<const ToyProblem*>(p)); },
          [](const void* p, const void* a, Scratch s, Stream t) {
            planted_now->run(*static_cast<const ToyProblem*>(p), *static_cast<const Toy::Args*>(a), s, t);
          }};
}

// y = log x with a fill that does not match.
struct BadFill : Toy {
  struct Args {
    const void* x;
    void* y;
  };
  static constexpr auto name = "bad_fill";
  static std::vector<Buffer> buffers(const Problem& p) { return {{"x", Role::in, p.dtype, p.n}, {"y", Role::out, p.dtype, p.n}}; }
};
const OpRegistration<BadFill> bad_fill_op;
void run_log(const ToyProblem& p, const BadFill::Args& a, Scratch, Stream) {
  for (int64_t i = 0; i < p.n; ++i) static_cast<float*>(a.y)[i] = std::log(static_cast<const float*>(a.x)[i]);
}
KERNEL_VARIANT(BadFill, ref, reference_rank, supports, no_scratch, run_log);

}  // namespace

using namespace duel::test;

TEST_CASE("a right row is accepted, with scratch memory and without") {
  for (const char* name : {"ref", "right", "scratch_user"})
    for (const ErasedCase& c : find_op("toy").cases())
      for (uint64_t seed : {1, 2, 3}) {
        const Verdict v = check_both(*find_row("toy", name, Device::cpu), find_op("toy"), c, seed);
        CHECK_MESSAGE(v.passed, name, " ", c.text, ": ", v.why);
      }
}

TEST_CASE("every planted fault is refused, for what it is") {
  const OpInfo& op = find_op("toy");
  for (const Planted& p : planted) {
    const Row row = row_with(p);
    for (const ErasedCase& c : op.cases()) {
      if (p.fault == Fault::half_precision_sum && c.text.find(":f64") == std::string::npos) continue;  // its size is fit for one case
      const Verdict v = check_both(row, op, c, 11);
      tally(!v.passed, v.passed);
      CHECK_FALSE_MESSAGE(v.passed, p.name, " was accepted on ", c.text);
      // Near a type's precision the same fault may show by another symptom; in f32 it is always the one planted.
      if (c.text.ends_with(":f32")) CHECK_MESSAGE(v.why.find(p.told) != std::string::npos, p.name, ": ", v.why);
    }
  }
}

TEST_CASE("a verdict names the first bad element and how to see it again") {
  const OpInfo& op = find_op("toy");
  const ErasedCase c = op.parse("n37:f32");
  const Question q = ask(op, c, Values::integers, 5);
  const Verdict v = check(
      row_with(*std::find_if(std::begin(planted), std::end(planted), [](const Planted& p) { return p.fault == Fault::middle_unwritten; })),
      q);
  CHECK_FALSE(v.passed);
  CHECK(v.buffer == "y");
  CHECK(v.index == 18);
  CHECK(v.expected == element(q.answer[2], DType::f32, 18));
  CHECK(std::isnan(v.got));
  CHECK(reproducer(*find_row("toy", "right", Device::cpu), q) ==
        "bench_kernels --op toy --variant right --device cpu --problem n37:f32 --seed 5");
}

TEST_CASE("integers up to 4 are exact, reals are not integers, and fills keep to their ranges") {
  const Buffer normal{"x", Role::in, DType::f32, 5000};
  Buffer index{"i", Role::in, DType::i32, 5000, Fill::index, 7}, chance{"p", Role::in, DType::f32, 5000, Fill::probability},
      positive = normal;
  positive.fill = Fill::positive;
  const Bytes integers = filled(normal, Values::integers, 3, 4), reals = filled(normal, Values::reals, 3, 4);
  double low = 0, high = 0, sum = 0, squares = 0;
  for (int64_t i = 0; i < 5000; ++i) {
    const double v = element(integers, DType::f32, i), r = element(reals, DType::f32, i);
    CHECK(v == std::nearbyint(v));
    low = std::min(low, v), high = std::max(high, v), sum += r, squares += r * r;
  }
  CHECK(low == -4);
  CHECK(high == 4);
  CHECK(std::abs(sum / 5000) < 0.08);
  CHECK(squares / 5000 == doctest::Approx(1).epsilon(0.1));
  for (Values values : {Values::integers, Values::reals}) {
    const Bytes i7 = filled(index, values, 4, 4), p01 = filled(chance, values, 4, 4), plus = filled(positive, values, 4, 4);
    for (int64_t i = 0; i < 5000; ++i) {
      CHECK((element(i7, DType::i32, i) >= 0 && element(i7, DType::i32, i) < 7));
      CHECK((element(p01, DType::f32, i) > 0 && element(p01, DType::f32, i) < 1));
      CHECK(element(plus, DType::f32, i) > 0);
    }
  }
  CHECK(filled(normal, Values::reals, 3, 4) == reals);
  CHECK(filled(normal, Values::reals, 4, 4) != reals);
}

TEST_CASE("a reference that answers NaN is no reference") {
  const OpInfo& op = find_op("bad_fill");
  CHECK_THROWS_WITH_AS(ask(op, op.parse("n37:f32"), Values::reals, 1), doctest::Contains("does Buffer::fill"), Error);
}

TEST_CASE("the f64 answer catches a reference that is wrong in f32") {
  const OpInfo& op = find_op("toy");
  Question q = ask(op, op.parse("n37:f32"), Values::reals, 9);
  const auto f64 = answer_in_f64(q);
  REQUIRE(f64);
  CHECK(compare_with_f64(*f64, q, q.answer).passed);
  CHECK(error_against(*f64, q, q.answer) < 1e-6);
  float& y3 = reinterpret_cast<float*>(q.answer[2].data())[3];
  y3 += 1e-2f;
  const Verdict v = compare_with_f64(*f64, q, q.answer);
  CHECK_FALSE(v.passed);
  CHECK(v.index == 3);
  CHECK(error_against(*f64, q, q.answer) > 1e-3);
  y3 = std::numeric_limits<float>::quiet_NaN();
  CHECK_FALSE(compare_with_f64(*f64, q, q.answer).passed);
  CHECK(std::isnan(error_against(*f64, q, q.answer)));
}

}  // namespace duel
