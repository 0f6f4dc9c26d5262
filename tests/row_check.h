// The verifier: is this row's answer to this problem right?
//
//   Question q = ask(op, problem, Values::integers, seed);   // inputs, and the answer of the reference row
//   Verdict v = check(row, q);                                // runs the row twice and holds it against the answer
//
// Buffers are aligned to row_alignment and to no more. A row passes only if every buffer's margins are whole, no input has changed, every
// output element is written and right, and a second run on memory that holds other garbage gives the same bits (the checked GPU runs once).
// A difference is accepted by `difference <= tolerance`, which no NaN satisfies.
//
// Values::integers   inputs are small integers. Where the op is exact on them the answer must be the reference's number, bit for bit
//                    (the two zeros count as one number).
// Values::reals      inputs are normal (or what Buffer::fill asks for), and |difference| ≤ atol + rtol·√reduction·scale, where scale is
//                    |expected| or, for sums, at least the root mean square of the answer: partial sums that cancel leave an error of
//                    their own size behind.
//                        f32: rtol 1.3e-6, atol 1e-5      f64: rtol 1e-13, atol 1e-12      bf16: as f32, and 8e-3·|expected| for its
//                        rounding
//
// An op that rounds between its steps (kernels/rounding.h) is asked about in those words: what follows from another output is held to the
// row's own output, and in bf16 every output of a reference, those in f32 too, may lie from the answer in f64 by 32e-3 of the larger of
// |expected| and the root mean square of the answer more: the terms of a channel may be some four times as large as those of another. Where
// it adds an input to what it has rounded to bf16, 8e-3 of the largest value of that is allowed besides.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kernels/op.h"
#include "kernels/registry.h"
#include "tests/guarded_buffer.h"
#include "tests/row_values.h"

namespace duel::test {

struct Question {
  const OpInfo* op;
  ErasedCase problem;
  Values values;
  uint64_t seed;
  std::vector<Buffer> buffers;
  std::vector<Bytes> before;  // a buffer: its contents before the run; nothing for outputs
  std::vector<Bytes> answer;  // a buffer: its contents after it; nothing for inputs
  bool exact;                 // the answer must be met exactly
  double slack = 1;           // widens the tolerance where the answer itself is one of two rounded ones
};

struct Verdict {
  bool passed = false;
  std::string why;     // one line, without the row's name
  std::string buffer;  // of the first bad element
  int64_t index = -1;
  double expected = 0, got = 0;
  std::vector<Bytes> outputs;  // a buffer: its contents after the first run, as far as it came
};

// The inputs and the answer, which is the cpu reference row's, or `oracle`'s. Throws Error(internal) when there is no such row, when it
// does not support the problem, or when its answer is not finite: then the op's fill does not match what the op is defined for.
Question ask(const OpInfo& op, const ErasedCase& problem, Values values, uint64_t seed, const Row* oracle = nullptr);
bool can_ask(const OpInfo& op, const ErasedCase& problem);  // a reference row supports it

// Never throws for what the row does: an exception is a verdict too.
Verdict check(const Row& row, const Question& question);

// Both kinds of values, one after the other; the first bad verdict, else the last. Two different questions also show a row that keeps an
// answer from before.
Verdict check_both(const Row& row, const OpInfo& op, const ErasedCase& problem, uint64_t seed);

// The same problem and inputs answered by the reference row in f64, one vector of doubles a buffer (empty for inputs). Nothing where the
// problem has no f64 twin.
std::optional<std::vector<std::vector<double>>> answer_in_f64(const Question& question);
// Largest |output − f64 answer| over the root mean square of that buffer's answer, over all floating outputs.
double error_against(const std::vector<std::vector<double>>& f64, const Question& question, const std::vector<Bytes>& outputs);
// The outputs held against the f64 answer with the tolerances above.
Verdict compare_with_f64(const std::vector<std::vector<double>>& f64, const Question& question, const std::vector<Bytes>& outputs);

// bench_kernels --op conv2d_fwd --variant tiled --device sim --problem … --seed 7
std::string reproducer(const Row& row, const Question& question);
// conv2d_fwd/tiled/sim/n1h8…:f32
std::string full_name(const Row& row, const ErasedCase& problem);

// Runs the row once: `contents` holds one Bytes a buffer, what goes in before and what came out after. Throws what the row throws.
void run_once(const Row& row, const OpInfo& op, const ErasedCase& problem, std::vector<Bytes>& contents, size_t alignment = row_alignment);

const DeviceBackend& memory_of(Device device);  // throws Error(device) where it cannot be used

}  // namespace duel::test
