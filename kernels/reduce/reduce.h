// Sums and maxima: the adjoints of broadcasting (kernels/pointwise), and what losses and statistics are made of.
//
//   x [n, inner], last axis of c channels (c divides inner)
//   keep scalar:   y[0]  = Σ over everything
//   keep channel:  y[ch] = Σ over i with i % c = ch
//   keep sample:   y[s]  = Σ over x[s, :]
//   keep image:    y[s, ch] = Σ over x[s, i] with i % c = ch
//
// or the maximum over the same set (NaN if any is NaN). x is f32, f64 or bf16; y has its accumulator's type. The order of addition is
// fixed by the problem alone. n may be 0: a sum over nothing is 0, a maximum over nothing −∞.
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

enum class Keep : int { scalar, channel, sample, image };
constexpr const char* keep_names[] = {"scalar", "channel", "sample", "image"};
enum class ReduceFn : int { sum, maximum };
constexpr const char* reduce_names[] = {"sum", "maximum"};

struct ReduceProblem {
  int64_t n = 1, inner = 1, c = 1;
  Keep keep = Keep::scalar;
  ReduceFn fn = ReduceFn::sum;
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("n", n), f.integer("i", inner), f.integer("c", c);
    f.type(dtype);
    f.choice("keep", keep, keep_names), f.choice("fn", fn, reduce_names);
  }
  std::string text() const;                             // n8i1024c64:f32/keep=channel/fn=sum
  static ReduceProblem parse(const std::string& text);  // throws Error(usage)
  HD int64_t count() const { return n * inner; }
  HD int64_t results() const { return keep == Keep::scalar ? 1 : keep == Keep::channel ? c : keep == Keep::sample ? n : n * c; }
};

struct Reduce {
  using Problem = ReduceProblem;
  struct Args {
    const void* x;
    void* y;
  };
  static constexpr auto name = "reduce";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
  static Problem random(uint64_t seed);
};

}  // namespace duel
