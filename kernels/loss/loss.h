// Softmax and the cross entropy of logits, over the last axis; and labels as rows of such an array.
//
//   softmax        y[i,j] = exp(x[i,j]) / Σ_j exp(x[i,j])                log: y[i,j] = x[i,j] − log Σ_j exp(x[i,j])
//   cross_entropy  loss[i] = log Σ_j exp(logits[i,j]) − logits[i, labels[i]]
//   one_hot        y[i,j] = 1 where j = labels[i], else 0
//
// The row's largest entry is subtracted first, so no logit overflows (Goodfellow, Bengio & Courville, "Deep Learning" (2016), section 4.1).
// x, y and logits have dtype; labels are i32 in [0, cols), and a label outside gives NaN, in one_hot a whole row of it; loss has
// accumulator_of(dtype).
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

struct SoftmaxProblem {
  int64_t rows = 1;
  int cols = 1;
  bool log = false;
  DType dtype = DType::f32;

  std::string text() const;                              // rows128cols10:f32/log=1
  static SoftmaxProblem parse(const std::string& text);  // throws Error(usage)
  HD int64_t count() const { return rows * cols; }
};

struct Softmax {
  using Problem = SoftmaxProblem;
  struct Args {
    const void* x;
    void* y;
  };
  static constexpr auto name = "softmax";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

struct CrossEntropyProblem {
  int64_t rows = 1;
  int cols = 1;
  DType dtype = DType::f32;

  std::string text() const;                                   // rows128cols10:f32
  static CrossEntropyProblem parse(const std::string& text);  // throws Error(usage)
  HD int64_t count() const { return rows * cols; }
};

struct CrossEntropy {
  using Problem = CrossEntropyProblem;
  struct Args {
    const void *logits, *labels;
    void* loss;
  };
  static constexpr auto name = "cross_entropy";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

struct OneHotProblem {
  int64_t rows = 1;
  int cols = 1;
  DType dtype = DType::f32;

  std::string text() const;                             // rows128cols10:f32
  static OneHotProblem parse(const std::string& text);  // throws Error(usage)
  HD int64_t count() const { return rows * cols; }
};

struct OneHot {
  using Problem = OneHotProblem;
  struct Args {
    const void* labels;
    void* y;
  };
  static constexpr auto name = "one_hot";
  static constexpr bool exact_on_integers = true;
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

}  // namespace duel
