// random_fill: numbers that are a pure function of (seed, stream, step, sample, element); see philox.h. The same bits on every device,
// at every instruction set and batch size.
//
//   y[i, e] = draw(seed, stream, step, sample = first + i, element = e)
//
//   uniform    a + (b − a)·u in [a, b)       u has 24 bits
//   normal     a + b·z, z standard normal    Box & Muller (1958), |z| < 6.8
//   bernoulli  1 with probability a, else 0  (resolution 2⁻²⁴)
//
// A draw is made in f32. f64 takes that f32 number exactly, and bf16 takes it rounded (a bf16 uniform can therefore round up to b): one
// seed gives one experiment, whatever the dtype. Of sample and element/4 the low 32 bits count.
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

enum class Distribution { uniform, normal, bernoulli };

struct RandomProblem {
  using Distribution = duel::Distribution;
  int64_t n = 1, inner = 1;  // y [n samples, inner elements]
  Distribution distribution = Distribution::uniform;
  int64_t seed = 0;   // all 64 bits count
  int stream = 0;     // who draws: one number for each independent use
  int64_t first = 0;  // id of the first sample
  double a = 0, b = 1;
  DType dtype = DType::f32;

  std::string text() const;                             // n128inner100seed7:f32/distribution=normal
  static RandomProblem parse(const std::string& text);  // throws Error(usage)
};

struct RandomFill {
  using Problem = RandomProblem;
  struct Args {
    const void* step;
    void* y;
  };  // step: i32[1] on the device
  static constexpr auto name = "random_fill";
  static constexpr bool exact_on_integers = true;  // exact always; the parameters of a draw are part of the problem
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

}  // namespace duel
