// The tester is tested: rows with planted faults must all be refused, and a right row accepted.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/op.h"
#include "kernels/registry.h"
#include "kernels/rounding.h"
#include "tests/row_check.h"
#include "tests/support.h"
#include "tests/toy_faults.h"
#include "tests/toy_op.h"

namespace duel {
namespace {

KERNEL_VARIANT(Toy, right, 1, toy_supports, no_scratch, run<Fault::none>);
KERNEL_VARIANT(Toy, scratch_user, 1, toy_supports, some_scratch, run<Fault::scratch_user>);

// Off by more than the usual tolerance, and less than four times it.
void run_rounding(const ToyProblem& p, const Toy::Args& a, Scratch scratch, Stream stream) {
  toy_run(p, a, scratch, stream);
  for (int64_t i = 0; i < p.n; ++i) static_cast<float*>(a.y)[i] += 8e-5f;
}
KERNEL_VARIANT(Toy, rounding, asked_rank, toy_supports, no_scratch, run_rounding);
KERNEL_VARIANT(Toy, rounding_more, asked_rank, toy_supports, no_scratch, run_rounding);
KERNEL_VARIANT(Toy, rounding_a_little_more, asked_rank, toy_supports, no_scratch, run_rounding);
KERNEL_VARIANT(Toy, rounding_always, asked_rank, toy_supports, no_scratch, run_rounding);
ROUNDS_MORE(Toy, rounding_more, 4);
ROUNDS_MORE(Toy, rounding_a_little_more, 1.1);
MULTIPLIES_IN_TF32(Toy, rounding_always);

// As if it rounded what it is given, which leaves integers as they are.
void run_rounding_operands(const ToyProblem& p, const Toy::Args& a, Scratch scratch, Stream stream) {
  toy_run(p, a, scratch, stream);
  for (int64_t i = 0; i < p.n; ++i)
    if (float& y = static_cast<float*>(a.y)[i]; y != std::floor(y)) y *= 1 + 0x1p-12f;
}
KERNEL_VARIANT(Toy, rounding_operands, asked_rank, toy_supports, no_scratch, run_rounding_operands);
KERNEL_VARIANT(Toy, rounding_operands_unsaid, asked_rank, toy_supports, no_scratch, run_rounding_operands);
MULTIPLIES_IN_TF32(Toy, rounding_operands);

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
KERNEL_VARIANT(BadFill, ref, reference_rank, toy_supports, no_scratch, run_log);

// y = x/3, then mean of y as it is stored.
struct TwoSteps : Toy {
  struct Args {
    const void* x;
    void *y, *mean;
  };
  static constexpr auto name = "two_steps";
  static constexpr bool exact_on_integers = false;
  static std::vector<Buffer> buffers(const Problem& p) {
    return {{"x", Role::in, p.dtype, p.n}, {"y", Role::out, p.dtype, p.n}, {"mean", Role::out, accumulator_of(p.dtype), 1}};
  }
};
const OpRegistration<TwoSteps> two_steps_op;
void find_mean(const ToyProblem& p, const TwoSteps::Args& a) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    double sum = 0;
    for (int64_t i = 0; i < p.n; ++i) sum += static_cast<double>(static_cast<const T*>(a.y)[i]);
    *static_cast<accumulator_t<T>*>(a.mean) = static_cast<accumulator_t<T>>(sum / static_cast<double>(p.n));
  });
}
// factor: 1 + 2⁻⁸ moves most of what is stored in bf16 by a last digit.
void two_steps(const ToyProblem& p, const TwoSteps::Args& a, double factor) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < p.n; ++i)
      static_cast<T*>(a.y)[i] = static_cast<T>(static_cast<double>(static_cast<const T*>(a.x)[i]) / 3 * factor);
  });
  find_mean(p, a);
}
void two_steps_ref(const ToyProblem& p, const TwoSteps::Args& a, Scratch, Stream) { two_steps(p, a, 1); }
void two_steps_up(const ToyProblem& p, const TwoSteps::Args& a, Scratch, Stream) { two_steps(p, a, 1 + 0x1p-8); }
// The mean of the reference's y beside one's own y.
void two_steps_of_another(const ToyProblem& p, const TwoSteps::Args& a, Scratch, Stream) {
  two_steps(p, a, 1);
  const float mean = *static_cast<float*>(a.mean);
  two_steps(p, a, 1 + 0x1p-8);
  *static_cast<float*>(a.mean) = mean;
}
KERNEL_VARIANT(TwoSteps, ref, reference_rank, toy_supports, no_scratch, two_steps_ref);
KERNEL_VARIANT(TwoSteps, rounds_up, -2, toy_supports, no_scratch, two_steps_up);
KERNEL_VARIANT(TwoSteps, of_another, -2, toy_supports, no_scratch, two_steps_of_another);
ROUNDS_BETWEEN_AND_FINDS(TwoSteps, find_mean, "mean");

// y = b + x/3, where that is rounded first. An op that says so, and one that does not.
struct Adds : Toy {
  struct Args {
    const void *x, *b;
    void* y;
  };
  static constexpr auto name = "adds";
  static constexpr bool exact_on_integers = false;
  static std::vector<Buffer> buffers(const Problem& p) {
    return {{"x", Role::in, p.dtype, p.n}, {"b", Role::in, p.dtype, p.n}, {"y", Role::out, p.dtype, p.n}};
  }
};
struct AddsUnsaid : Adds {
  static constexpr auto name = "adds_unsaid";
};
const OpRegistration<Adds> adds_op;
const OpRegistration<AddsUnsaid> adds_unsaid_op;
void add_to_third(const ToyProblem& p, const Adds::Args& a, double factor) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < p.n; ++i) {
      const T third = static_cast<T>(static_cast<double>(static_cast<const T*>(a.x)[i]) / 3 * factor);
      static_cast<T*>(a.y)[i] = static_cast<T>(static_cast<double>(third) + static_cast<double>(static_cast<const T*>(a.b)[i]));
    }
  });
}
void adds_ref(const ToyProblem& p, const Adds::Args& a, Scratch, Stream) { add_to_third(p, a, 1); }
void adds_a_digit(const ToyProblem& p, const Adds::Args& a, Scratch, Stream) { add_to_third(p, a, 1 + 0x1p-8); }
void adds_wrong(const ToyProblem& p, const Adds::Args& a, Scratch, Stream) { add_to_third(p, a, 1.2); }
KERNEL_VARIANT(Adds, ref, reference_rank, toy_supports, no_scratch, adds_ref);
KERNEL_VARIANT(Adds, a_digit, -2, toy_supports, no_scratch, adds_a_digit);
KERNEL_VARIANT(Adds, wrong, -2, toy_supports, no_scratch, adds_wrong);
KERNEL_VARIANT(AddsUnsaid, ref, reference_rank, toy_supports, no_scratch, adds_ref);
KERNEL_VARIANT(AddsUnsaid, a_digit, -2, toy_supports, no_scratch, adds_a_digit);
ADDS_TO_ROUNDED(Adds, "b");

std::vector<ErasedCase> small_cases() {
  std::vector<ErasedCase> cases = find_op("toy").cases();
  std::erase_if(cases, [](const ErasedCase& c) { return c.tag == Tag::bench; });
  return cases;
}

}  // namespace

using namespace duel::test;

TEST_CASE("a right row is accepted, with scratch memory and without") {
  for (const char* name : {"ref", "right", "scratch_user"})
    for (const ErasedCase& c : small_cases())
      for (uint64_t seed : {1, 2, 3}) {
        const Verdict v = check_both(*find_row("toy", name, Device::cpu), find_op("toy"), c, seed);
        CHECK_MESSAGE(v.passed, name, " ", c.text, ": ", v.why);
      }
}

TEST_CASE("a row may round more, on integers too, where it says so and as much as it says") {
  const OpInfo& op = find_op("toy");
  for (const Values values : {Values::integers, Values::reals}) {
    const Question q = ask(op, op.parse("n37:f32"), values, 5);
    CHECK_FALSE(check(*find_row("toy", "rounding", Device::cpu), q).passed);
    CHECK_FALSE(check(*find_row("toy", "rounding_a_little_more", Device::cpu), q).passed);
    const Verdict v = check(*find_row("toy", "rounding_more", Device::cpu), q);
    CHECK_MESSAGE(v.passed, v.why);
  }
}

TEST_CASE("where an input is added to what was rounded to bf16, a digit of the rounded one may be left; in f32 nothing is") {
  const auto verdict = [](const char* op, const char* row, const char* problem) {
    return check(*find_row(op, row, Device::cpu), ask(find_op(op), find_op(op).parse(problem), Values::reals, 5));
  };
  const Verdict said = verdict("adds", "a_digit", "n2000:bf16");
  CHECK_MESSAGE(said.passed, said.why);
  CHECK_FALSE(verdict("adds_unsaid", "a_digit", "n2000:bf16").passed);
  CHECK_FALSE(verdict("adds", "wrong", "n2000:bf16").passed);
  CHECK_FALSE(verdict("adds", "a_digit", "n2000:f32").passed);
}

TEST_CASE("a row that rounds what it multiplies may be off on reals, not on integers") {
  const OpInfo& op = find_op("toy");
  const auto passes = [&](const char* row, Values values) {
    return check(*find_row("toy", row, Device::cpu), ask(op, op.parse("n37:f32"), values, 5)).passed;
  };
  CHECK(passes("rounding_operands", Values::integers));
  CHECK(passes("rounding_operands", Values::reals));
  CHECK_FALSE(passes("rounding_operands_unsaid", Values::reals));
  CHECK(passes("rounding_always", Values::reals));
  CHECK_FALSE(passes("rounding_always", Values::integers));
}

TEST_CASE("what follows from an output as it is stored is held to the row's own output") {
  const OpInfo& op = find_op("two_steps");
  const Question q = ask(op, op.parse("n64:bf16"), Values::reals, 5);
  const Verdict up = check(*find_row("two_steps", "rounds_up", Device::cpu), q);
  CHECK_MESSAGE(up.passed, up.why);
  const Verdict other = check(*find_row("two_steps", "of_another", Device::cpu), q);
  CHECK_FALSE(other.passed);
  CHECK(other.buffer == "mean");
  const Question wide = ask(op, op.parse("n64:f32"), Values::reals, 5);
  CHECK(check(*find_row("two_steps", "rounds_up", Device::cpu), wide).buffer == "y");
}

TEST_CASE("an op that rounds between its steps meets f64 up to that rounding, in bf16 alone") {
  const OpInfo& op = find_op("two_steps");
  for (const char* text : {"n64:bf16", "n64:f32"}) {
    Question q = ask(op, op.parse(text), Values::reals, 9);
    const auto f64 = answer_in_f64(q);
    REQUIRE(f64);
    CHECK(compare_with_f64(*f64, q, q.answer).passed);
    const bool narrow = q.buffers[1].dtype == DType::bf16;
    const auto off_by = [&](double roundings) {
      reinterpret_cast<float*>(q.answer[2].data())[0] = static_cast<float>((*f64)[2][0] * (1 + roundings * 8e-3));
      return !compare_with_f64(*f64, q, q.answer).passed;
    };
    CHECK(off_by(3.8) == !narrow);
    CHECK(off_by(4.2));
  }
}

TEST_CASE("every planted fault is refused, for what it is") {
  const OpInfo& op = find_op("toy");
  for (const Planted& p : planted) {
    const Row row = row_with(p);
    for (const ErasedCase& c : small_cases()) {
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
