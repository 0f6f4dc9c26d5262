// activation and activation_grad on the CPU: one vectorised loop an activation. Bounded by memory, so large results go past the caches.
#include "kernels/activation/functions.h"
#include "kernels/cpu_stream.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const ActivationProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::bf16; }

template <Act act, class T>
void forward(const T* __restrict x, T* __restrict y, int64_t count, float slope) {
#pragma GCC ivdep  // not omp simd: its copies of the temporary bf16 would keep g++ from vectorising
  for (int64_t i = 0; i < count; ++i) y[i] = static_cast<T>(act_forward<act>(static_cast<float>(x[i]), slope));
}
template <Act act, class T>
void grad(const T* __restrict saved, const T* __restrict g, T* __restrict gx, int64_t count, float slope) {
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i)
    gx[i] = static_cast<T>(static_cast<float>(g[i]) * act_grad_factor<act>(static_cast<float>(saved[i]), slope));
}

// Calls f(constant of act, TypeTag<T>{}).
template <class F>
void with_kernel(const ActivationProblem& p, F&& f) {
  with_act(p.act, [&](auto act) {
    if (p.dtype == DType::bf16) f(act, TypeTag<bf16>{});
    else f(act, TypeTag<float>{});
  });
}

void run_forward(const ActivationProblem& p, const Activation::Args& a, Scratch, Stream) {
  with_kernel(p, [&](auto act, auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = static_cast<const T*>(a.x);
    T* y = static_cast<T*>(a.y);
    parallel_chunks(p.n, [&](int64_t begin, int64_t end, int64_t) {
      each_result_line(y, begin, end, streams<T>(p.n), [&](int64_t from, int64_t to, T* line) {
        forward<decltype(act)::value>(x + from, line, to - from, static_cast<float>(p.slope));
      });
    });
  });
}
void run_grad(const ActivationProblem& p, const ActivationGrad::Args& a, Scratch, Stream) {
  with_kernel(p, [&](auto act, auto tag) {
    using T = typename decltype(tag)::type;
    const T *saved = static_cast<const T*>(a.saved), *g = static_cast<const T*>(a.g);
    T* gx = static_cast<T*>(a.gx);
    parallel_chunks(p.n, [&](int64_t begin, int64_t end, int64_t) {
      each_result_line(gx, begin, end, streams<T>(p.n), [&](int64_t from, int64_t to, T* line) {
        grad<decltype(act)::value>(saved + from, g + from, line, to - from, static_cast<float>(p.slope));
      });
    });
  });
}

KERNEL_VARIANT(Activation, openmp, 10, supports, no_scratch, run_forward);
KERNEL_VARIANT(ActivationGrad, openmp, 10, supports, no_scratch, run_grad);

}  // namespace
}  // namespace duel
