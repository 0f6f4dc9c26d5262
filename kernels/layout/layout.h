// Moving elements without touching them (and one adjoint that adds).
//
//   concat_channels   y[row] = [a[row], b[row]]                              a [rows, ca], b [rows, cb], y [rows, ca + cb]
//   slice_channels    y[row] = x[row, from : from + count]                   x [rows, c], y [rows, count]; the adjoint of either half
//   gather_rows       y[i] = table[index[i]]                                 table [rows, cols], index i32 [count], y [count, cols]
//   scatter_add_rows  y[r] = Σ g[i] over i with index[i] = r, ascending i    g [count, cols], y [rows, cols]: gather_rows' adjoint
//   transpose         y[b, j, i] = x[b, i, j]                                x [batch, rows, cols]
//
// Any element type, except that scatter_add_rows adds: floating only, y in the accumulator's type. Indices must lie in [0, rows): rows do
// not check them, the caller does. Empty sides are allowed; a buffer of no elements may be null.
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

struct ConcatChannelsProblem {
  int64_t rows = 1, ca = 1, cb = 1;  // ca or cb may be 0
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("rows", rows), f.integer("ca", ca), f.integer("cb", cb), f.type(dtype);
  }
  std::string text() const;                                     // rows128ca64cb10:f32
  static ConcatChannelsProblem parse(const std::string& text);  // throws Error(usage), as all here
};
struct ConcatChannels {
  using Problem = ConcatChannelsProblem;
  struct Args {
    const void *a, *b;
    void* y;
  };
  static constexpr auto name = "concat_channels";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
};

struct SliceChannelsProblem {
  int64_t rows = 1, c = 1, from = 0, count = 1;  // 0 ≤ from, from + count ≤ c
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("rows", rows), f.integer("c", c), f.integer("from", from), f.integer("count", count), f.type(dtype);
  }
  std::string text() const;  // rows128c74from64count10:f32
  static SliceChannelsProblem parse(const std::string& text);
};
struct SliceChannels {
  using Problem = SliceChannelsProblem;
  struct Args {
    const void* x;
    void* y;
  };
  static constexpr auto name = "slice_channels";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
  static Problem random(uint64_t seed);
};

struct GatherRowsProblem {
  int64_t rows = 1, cols = 1, count = 1;  // rows of the table, their length, and how many are gathered
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("rows", rows), f.integer("cols", cols), f.integer("count", count), f.type(dtype);
  }
  std::string text() const;  // rows10cols64count128:f32
  static GatherRowsProblem parse(const std::string& text);
};
struct GatherRows {
  using Problem = GatherRowsProblem;
  struct Args {
    const void *table, *index;
    void* y;
  };
  static constexpr auto name = "gather_rows";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
};
struct ScatterAddRows {
  using Problem = GatherRowsProblem;
  struct Args {
    const void *g, *index;
    void* y;
  };
  static constexpr auto name = "scatter_add_rows";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
};

struct TransposeProblem {
  int64_t batch = 1, rows = 1, cols = 1;  // of x; y is [batch, cols, rows]
  DType dtype = DType::f32;

  template <class F>
  void each(F&& f) {
    f.integer("batch", batch), f.integer("rows", rows), f.integer("cols", cols), f.type(dtype);
  }
  std::string text() const;  // batch8rows64cols100:f32
  static TransposeProblem parse(const std::string& text);
};
struct Transpose {
  using Problem = TransposeProblem;
  struct Args {
    const void* x;
    void* y;
  };
  static constexpr auto name = "transpose";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static constexpr bool exact_on_integers = true;
};

}  // namespace duel
