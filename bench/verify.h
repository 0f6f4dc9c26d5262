// Is a row right on a problem that may be far too big for the reference row? Then it is held against the reference on the same problem with
// a small batch, and at full size against another row. Where two rows disagree at full size, the reference decides, however long it takes.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "kernels/op.h"
#include "kernels/registry.h"
#include "tests/row_check.h"

namespace duel::bench {

struct Verification {
  bool right = false;
  std::string how;         // "on n2h32…:f32, and at full size against onednn"
  std::string why;         // when wrong: the first bad element
  std::string reproducer;  // and how to see it again
  double error = -1;  // largest |row − f64| over the root mean square of the f64 answer, on real inputs; < 0 where there is no f64 answer
  double reference_seconds = 0;  // what the reference would take on the full problem, from what it took on the small one
};

// Verifies rows of one op on one problem; answers that rows share are computed once.
class Verifier {
 public:
  Verifier(const OpInfo& op, const ErasedCase& problem, uint64_t seed);
  Verification verify(const Row& row);

 private:
  struct Small {
    ErasedCase problem;
    test::Question integers, reals;
    std::optional<std::vector<std::vector<double>>> f64;
    double reference_seconds;  // on the full problem
  };
  const Small& small_for(const Row& row);        // the smallest batch that the row supports
  const Row* witness_for(const Row& row) const;  // the row to hold it against at full size; nullptr when there is none
  const test::Question& full_answer(const Row& answering);
  test::Verdict verify_full(const Row& row, Verification& v);
  const OpInfo& op_;
  const ErasedCase& problem_;
  uint64_t seed_;
  std::map<std::string, Small> small_;          // by problem text
  std::map<std::string, test::Question> full_;  // by the answering row's name
};

// The same problem with fewer samples, or rows, so that the reference takes about a second; the problem itself when it is small enough or
// has nothing to cut. `supports` may refuse a size.
ErasedCase reduced(const OpInfo& op, const ErasedCase& problem, const std::function<bool(const ErasedCase&)>& supports);

}  // namespace duel::bench
