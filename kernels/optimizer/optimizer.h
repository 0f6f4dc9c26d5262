// Optimiser steps over all tensors of a net in one call. g′ = g + weight_decay·p (L2), except where decoupled; t = the step's
// number, from 1, which each of them counts.
//
//   sgd_step      v ← momentum·v + g′                              p ← p − lr·v
//   rmsprop_step  v ← alpha·v + (1−alpha)·g′²                      p ← p − lr·g′ / (√v + eps)            Hinton, lecture 6e (2012)
//   adam_step     m ← beta1·m + (1−beta1)·g′,  v ← beta2·v + (1−beta2)·g′²
//                 p ← p − lr · m/(1−beta1^t) / (√(v/(1−beta2^t)) + eps)                                   Kingma & Ba (2015), algorithm 1
//                 decoupled: p ← p − lr·weight_decay·p first, and g′ = g                                  Loshchilov & Hutter (2019),
//                 algorithm 2
//   increment     counter ← counter + 1
//
// lr and step are read on the device, so that a captured graph follows its schedule, and a step needs no launch to be counted.
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

// One tensor of a step: n elements each. Everything but `copy` has the problem's dtype, f32 or f64. These pointers are aligned to an
// element only, as a parameter or gradient may be a slice: a row with wide accesses has to look at each.
struct OptimizerTensor {
  void* p;        // parameters, updated
  const void* g;  // gradient
  void *a, *b;    // state. sgd: a = v (may be null without momentum); rmsprop: a = v; adam: a = m, b = v
  void* copy;     // bf16: receives p rounded, so that no pass of its own makes the bf16 weights; or null
  int64_t n;
};

struct OptimizerProblem {
  int64_t total = 1;  // elements of all tensors together
  int tensors = 1;
  double momentum = 0;                // sgd
  double alpha = 0.99;                // rmsprop
  double beta1 = 0.9, beta2 = 0.999;  // adam
  double eps = 1e-8;                  // rmsprop, adam: outside the root
  double weight_decay = 0;
  bool decoupled = false;    // adam: AdamW
  bool copy = false;         // tests and benches pass bf16 copies; a step itself looks at each tensor's pointer
  DType dtype = DType::f32;  // f32 or f64

  std::string text() const;                                // total1000tensors3:f32/beta1=0.5
  static OptimizerProblem parse(const std::string& text);  // throws Error(usage)
};

struct OptimizerArgs {
  const OptimizerTensor* list;  // on the host, `tensors` entries
  const void* lr;               // f32[1] on the device
  void* step;                   // i32[1] on the device: how many steps there have been; this one is counted
  void* ticket;                 // i32[1] on the device, zero before and after: for rows whose blocks say when they are done
};

// Tests pass flat buffers (p, g, the states, the copy, lr, step, ticket); bind cuts them into `tensors` parts of uneven sizes.
struct SgdStep {
  using Problem = OptimizerProblem;
  using Args = OptimizerArgs;
  static constexpr auto name = "sgd_step";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static void bind(const Problem&, void* const* pointers, const std::function<void(const void* args)>& use);
};
struct RmspropStep {
  using Problem = OptimizerProblem;
  using Args = OptimizerArgs;
  static constexpr auto name = "rmsprop_step";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static void bind(const Problem&, void* const* pointers, const std::function<void(const void* args)>& use);
};
struct AdamStep {
  using Problem = OptimizerProblem;
  using Args = OptimizerArgs;
  static constexpr auto name = "adam_step";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static void bind(const Problem&, void* const* pointers, const std::function<void(const void* args)>& use);
};

struct IncrementProblem {
  int64_t n = 1;

  std::string text() const;                                // n1:i32
  static IncrementProblem parse(const std::string& text);  // throws Error(usage)
};
struct Increment {
  using Problem = IncrementProblem;
  struct Args {
    void* counter;
  };  // i32[n]
  static constexpr auto name = "increment";
  static constexpr bool exact_on_integers = true;
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

}  // namespace duel
