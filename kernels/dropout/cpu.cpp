// dropout on the CPU: coins in vector lanes as random_fill draws them, used where they are drawn. Bounded by the rounds of Philox.
#include "kernels/dropout/dropout.h"
#include "kernels/random/cpu_lanes.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const DropoutProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::bf16; }

template <class T>
void drop(const DropoutProblem& p, uint32_t step, const T* __restrict x, T* __restrict y) {
  const BernoulliDraw keep = bernoulli_draw(1 - p.p);
  const float scale = static_cast<float>(1 / (1 - p.p));
  draw_all({p.n, p.inner, p.first, p.seed, p.stream}, keep, step, [=](int64_t i, float kept) {
    const float value = static_cast<float>(x[i]) * scale;  // loaded whether it is kept or not: a load in a branch would not vectorise
    y[i] = static_cast<T>(kept > 0 ? value : 0.f);         // chosen, not multiplied: a dropped Inf is 0
  });
}

void run(const DropoutProblem& p, const Dropout::Args& a, Scratch, Stream) {
  const uint32_t step = static_cast<uint32_t>(*static_cast<const int32_t*>(a.step));
  if (p.dtype == DType::bf16) drop(p, step, static_cast<const bf16*>(a.x), static_cast<bf16*>(a.y));
  else drop(p, step, static_cast<const float*>(a.x), static_cast<float*>(a.y));
}

KERNEL_VARIANT(Dropout, openmp, 10, supports, no_scratch, run);

}  // namespace
}  // namespace duel
