// Convolutions whose kernel covers the whole image (D's last layer, G's first): one matrix product, with nothing to transpose or reorder.
//
//   y[n,k] = Σ_j x[n,j]·w[k,j]      gx[n,j] = Σ_k gy[n,k]·w[k,j]      gw[k,j] = Σ_n gy[n,k]·x[n,j]      j runs over r·s·c
//
// Against the row `onednn`: no reorder of the weights, which are larger than the activations here, and no convolution code that walks
// one-pixel images.
#include "kernels/conv2d/conv2d.h"
#include "kernels/onednn.h"
#include "kernels/registry.h"
#ifdef DUEL_ONEDNN

namespace duel {
namespace {

using onednn::MatmulShape;

bool covers(const Conv2dProblem& d) {
  return (d.dtype == DType::f32 || d.dtype == DType::bf16) && d.p == 1 && d.q == 1 && d.top == 0 && d.left == 0 && d.r == d.h && d.s == d.w;
}
int filter(const Conv2dProblem& d) { return d.r * d.s * d.c; }

struct Fwd {
  static MatmulShape shape(const Conv2dProblem& d) {
    return {.m = d.n, .n = d.k, .k = filter(d), .tb = true, .dtype = d.dtype, .out = d.dtype};
  }
};
struct Dgrad {
  static MatmulShape shape(const Conv2dProblem& d) { return {.m = d.n, .n = filter(d), .k = d.k, .dtype = d.dtype, .out = d.dtype}; }
};
struct Wgrad {
  static MatmulShape shape(const Conv2dProblem& d) {
    return {.m = d.k, .n = filter(d), .k = d.n, .ta = true, .dtype = d.dtype, .out = DType::f32};
  }
};

template <class Which>
bool supports(const Conv2dProblem& d) {
  return covers(d) && onednn::matmul_plan(Which::shape(d)) != nullptr;
}
template <class Which>
size_t scratch(const Conv2dProblem& d) {
  return onednn::matmul_plan(Which::shape(d))->scratch_bytes();
}
template <class Which>
void product(const Conv2dProblem& d, const void* a, const void* b, void* c, Scratch scratch) {
  onednn::guarded([&] { onednn::matmul_plan(Which::shape(d))->run(a, b, c, scratch.data); });
}

// With one output channel there is nothing to multiply, only an outer product to write: the row `onednn` does that at the speed of memory.
bool supports_dgrad(const Conv2dProblem& d) { return d.k > 1 && supports<Dgrad>(d); }

void run_fwd(const Conv2dProblem& d, const Conv2dFwd::Args& a, Scratch s, Stream) { product<Fwd>(d, a.x, a.w, a.y, s); }
void run_dgrad(const Conv2dProblem& d, const Conv2dDgrad::Args& a, Scratch s, Stream) { product<Dgrad>(d, a.gy, a.w, a.gx, s); }
void run_wgrad(const Conv2dProblem& d, const Conv2dWgrad::Args& a, Scratch s, Stream) { product<Wgrad>(d, a.gy, a.x, a.gw, s); }

KERNEL_VARIANT(Conv2dFwd, cover, 4, supports<Fwd>, scratch<Fwd>, run_fwd, Sums::by_threads);
KERNEL_VARIANT(Conv2dDgrad, cover, 4, supports_dgrad, scratch<Dgrad>, run_dgrad, Sums::by_threads);
KERNEL_VARIANT(Conv2dWgrad, cover, 4, supports<Wgrad>, scratch<Wgrad>, run_wgrad, Sums::by_threads);

}  // namespace
}  // namespace duel
#endif
