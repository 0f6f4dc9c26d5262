// Optimiser steps on the CPU: the chunks of all tensors in one parallel loop, so that a net of many small tensors costs one start.
#include "kernels/optimizer/functions.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const OptimizerProblem& o) { return o.dtype == DType::f32; }

template <int states, class Rule>
void update(const Rule rule, float* __restrict p, const float* __restrict g, float* __restrict a, float* __restrict b,
            bf16* __restrict copy, int64_t count) {
  constexpr int64_t block = 512;  // rounded to bf16 while the block is in the first-level cache
  for (int64_t begin = 0; begin < count; begin += block) {
    const int64_t end = std::min(count, begin + block);
    for (int64_t i = begin; i < end; ++i) {
      float pi = p[i], ai = 0, bi = 0;
      if constexpr (states > 0) ai = a[i];
      if constexpr (states > 1) bi = b[i];
      rule(pi, g[i], ai, bi);
      p[i] = pi;
      if constexpr (states > 0) a[i] = ai;
      if constexpr (states > 1) b[i] = bi;
    }
    if (copy)
      for (int64_t i = begin; i < end; ++i) copy[i] = static_cast<bf16>(p[i]);
  }
}

template <int states, class Rule>
void step(const OptimizerProblem& o, const OptimizerArgs& args) {
  const Rule rule = Rule::make(o, *static_cast<const float*>(args.lr), ++*static_cast<int32_t*>(args.step));
  int64_t chunks = 0;
  for (int t = 0; t < o.tensors; ++t) chunks += chunks_of(args.list[t].n);
#pragma omp parallel for schedule(static) if (chunks > 1)
  for (int64_t i = 0; i < chunks; ++i) {
    int64_t chunk = i;
    const OptimizerTensor* t = args.list;
    for (; chunk >= chunks_of(t->n); ++t) chunk -= chunks_of(t->n);
    const int64_t begin = chunk * chunk_elements, count = std::min(t->n - begin, chunk_elements);
    auto at = [&](void* data) { return data ? static_cast<float*>(data) + begin : nullptr; };
    bf16* copy = t->copy ? static_cast<bf16*>(t->copy) + begin : nullptr;
    if (states == 1 && !t->a) update<0>(rule, at(t->p), static_cast<const float*>(t->g) + begin, nullptr, nullptr, copy, count);
    else update<states>(rule, at(t->p), static_cast<const float*>(t->g) + begin, at(t->a), at(t->b), copy, count);
  }
}

void run_sgd(const OptimizerProblem& o, const OptimizerArgs& a, Scratch, Stream) { step<1, SgdRule<float>>(o, a); }
void run_rmsprop(const OptimizerProblem& o, const OptimizerArgs& a, Scratch, Stream) { step<1, RmspropRule<float>>(o, a); }
void run_adam(const OptimizerProblem& o, const OptimizerArgs& a, Scratch, Stream) { step<2, AdamRule<float>>(o, a); }

bool supports_increment(const IncrementProblem&) { return true; }
void run_increment(const IncrementProblem& p, const Increment::Args& a, Scratch, Stream) {
  int32_t* counter = static_cast<int32_t*>(a.counter);
  parallel_chunks(p.n, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i) ++counter[i];
  });
}

KERNEL_VARIANT(SgdStep, openmp, 1, supports, no_scratch, run_sgd);
KERNEL_VARIANT(RmspropStep, openmp, 1, supports, no_scratch, run_rmsprop);
KERNEL_VARIANT(AdamStep, openmp, 1, supports, no_scratch, run_adam);
KERNEL_VARIANT(Increment, openmp, 1, supports_increment, no_scratch, run_increment);

}  // namespace
}  // namespace duel
