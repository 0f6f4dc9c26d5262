#include "kernels/gemm/gemm.h"

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

Tensor product(const Tensor& a, const Tensor& b, bool ta, bool tb, DType out);

Tensor record_product(Tensor c, const Tensor& a, const Tensor& b, bool ta, bool tb) {
  return record("matmul", c, {a, b}, [a, b, ta, tb](const Tensor&, const Tensor& g, Needs needs) {
    // A gradient of an input is wanted in the accumulator's dtype: it may be a weight's.
    const Tensor gg = cast(g, a.dtype());
    const DType wide = accumulator_of(a.dtype());
    return Tensors{needs[0] ? (ta ? product(b, gg, tb, true, wide) : product(gg, b, false, !tb, wide)) : Tensor(),
                   needs[1] ? (tb ? product(gg, a, true, ta, wide) : product(a, gg, !ta, false, wide)) : Tensor()};
  });
}

Tensor product(const Tensor& a, const Tensor& b, bool ta, bool tb, DType out) {
  check_like("matmul", a, b);
  const int rank = a.shape().rank();
  check((rank == 2 || rank == 3) && b.shape().rank() == rank && (rank == 2 || a.shape()[0] == b.shape()[0]), "matmul",
        "wants two matrices or two equal batches of them, not {} and {}", a, b);
  const int64_t m = a.shape()[ta ? -1 : -2], k = a.shape()[ta ? -2 : -1], kb = b.shape()[tb ? -1 : -2], n = b.shape()[tb ? -2 : -1];
  check(k == kb, "matmul", "{}{} times {}{}: inner sizes {} and {} differ", a.shape(), ta ? "ᵀ" : "", b.shape(), tb ? "ᵀ" : "", k, kb);
  const int64_t batch = rank == 3 ? a.shape()[0] : 1;
  Tensor c(rank == 3 ? Shape{batch, m, n} : Shape{m, n}, out, a.device());
  dispatch<Gemm>({.batch = static_cast<int>(batch),
                  .m = static_cast<int>(m),
                  .n = static_cast<int>(n),
                  .k = static_cast<int>(k),
                  .ta = ta,
                  .tb = tb,
                  .dtype = a.dtype(),
                  .out = out},
                 {a.data(), b.data(), c.data()}, a.device());
  return record_product(c, a, b, ta, tb);
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, bool ta, bool tb) { return product(a, b, ta, tb, a ? a.dtype() : DType::f32); }

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias) {
  const Tensor y = matmul(x, w, false, true);
  return bias ? add(y, bias) : y;
}

}  // namespace duel
