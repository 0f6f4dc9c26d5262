// Matrix product, row-major, one for each member of a batch:
//
//   C[m,n] = op(A) · op(B)       op(A) is [m,k]: A is stored [k,m] when ta        op(B) is [k,n]: B is stored [n,k] when tb
//
// Members of a batch follow one another without gaps. Sums are in accumulator_of(dtype). C has dtype `out`: that of A and B, or f32 for
// bf16 operands (weight gradients, and logits on their way into a loss).
#pragma once
#include <string>
#include <vector>

#include "kernels/op.h"

namespace duel {

struct GemmProblem {
  int batch = 1, m = 1, n = 1, k = 1;
  bool ta = false, tb = false;
  DType dtype = DType::f32;
  DType out = DType::f32;  // set it along with dtype: no row supports f32 operands with a bf16 out

  std::string text() const;                           // m128n64k100:bf16/tb=1/out=f32; b8 before m for a batch
  static GemmProblem parse(const std::string& text);  // out defaults to dtype; throws Error(usage)
  bool valid() const { return is_floating(dtype) && (out == dtype || (dtype == DType::bf16 && out == DType::f32)); }
  HD int64_t a_count() const { return int64_t{batch} * m * k; }
  HD int64_t b_count() const { return int64_t{batch} * k * n; }
  HD int64_t c_count() const { return int64_t{batch} * m * n; }
};

struct Gemm {
  using Problem = GemmProblem;
  struct Args {
    const void *a, *b;
    void* c;
  };
  static constexpr auto name = "gemm";
  static constexpr bool exact_on_integers = true;
  static constexpr bool multiply_adds = true;
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
  static Problem random(uint64_t seed);
};

}  // namespace duel
