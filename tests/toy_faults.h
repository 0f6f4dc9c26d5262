// Rows of the toy op that are wrong in one way each: what the verifier has to refuse, and what it should say.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/toy_op.h"

namespace duel {
namespace {

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
  assumes_alignment,
};

size_t some_scratch(const ToyProblem& p) { return 4 * static_cast<size_t>(p.n); }

// The right answer, then what `fault` does to it. Faults that leave memory alone save what was there before.
template <Fault fault, class T>
void faulty(const ToyProblem& p, const Toy::Args& a, Scratch scratch) {
  T *x = static_cast<T*>(const_cast<void*>(a.x)), *y = static_cast<T*>(a.y);
  auto* s = static_cast<int32_t*>(a.s);
  auto* total = static_cast<accumulator_t<T>*>(a.total);
  const void* w = a.w;
  const std::vector<T> y_before(y, y + p.n);
  const std::vector<int32_t> s_before(s, s + p.n);
  const auto total_before = *total;
  toy_compute<T>(p, a);
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
    case Fault::assumes_alignment:  // to more than row_alignment
      if (reinterpret_cast<uintptr_t>(w) % (2 * row_alignment)) fail(Failure::device, "[toy] misaligned address");
      break;
  }
}

template <Fault fault>
void run(const ToyProblem& p, const Toy::Args& a, Scratch scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) { faulty<fault, typename decltype(tag)::type>(p, a, scratch); });
}
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
    PLANTED(assumes_alignment, "threw: [toy] misaligned address"),
};

// Rows are plain function pointers, so the fault travels in a global.
const Planted* planted_now = nullptr;
Row row_with(const Planted& fault) {
  planted_now = &fault;
  return {"toy",
          fault.name,
          __FILE__,
          Device::cpu,
          1,
          [](const void* p) { return toy_supports(*static_cast<const ToyProblem*>(p)); },
          [](const void* p) { return some_scratch(*static_cast<const ToyProblem*>(p)); },
          [](const void* p, const void* a, Scratch s, Stream t) {
            planted_now->run(*static_cast<const ToyProblem*>(p), *static_cast<const Toy::Args*>(a), s, t);
          }};
}

}  // namespace
}  // namespace duel
