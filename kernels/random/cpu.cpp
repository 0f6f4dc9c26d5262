// random_fill on the CPU; see cpu_lanes.h.
#include "kernels/random/cpu_lanes.h"
#include "kernels/random/random.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const RandomProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::bf16; }

template <class T, class D>
void fill(const RandomProblem& p, const D& draw, uint32_t step, T* __restrict y) {
  draw_all({p.n, p.inner, p.first, p.seed, p.stream}, draw, step, [=](int64_t i, float value) { y[i] = static_cast<T>(value); });
}

void run(const RandomProblem& p, const RandomFill::Args& a, Scratch, Stream) {
  const uint32_t step = static_cast<uint32_t>(*static_cast<const int32_t*>(a.step));
  with_draw(p, [&](auto draw) {
    if (p.dtype == DType::bf16) fill(p, draw, step, static_cast<bf16*>(a.y));
    else fill(p, draw, step, static_cast<float*>(a.y));
  });
}

KERNEL_VARIANT(RandomFill, lanes, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
