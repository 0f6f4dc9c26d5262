// gan_loss_grad, rung 2: 16 bytes a thread and access instead of one output, and the group found by division once a thread, then stepped.
// Same bits as rung 1. Bounded by latency for a few hundred outputs; by memory for many, as with a discriminator that judges patches: t
// read once, gt written once.
#include "kernels/gan_loss/functions.h"
#include "kernels/pointwise/spread_packs.h"

namespace duel {
namespace {

bool supports(const GanLossProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::f64; }

template <class T>
__global__ void grad_packs(GanLossProblem p, SpreadWalk walk, SpreadOperand targets, const T* t, const T* y, const T* g, T* gt) {
  constexpr int V = pack_elements<T>;
  const T each = *g / static_cast<T>(p.rows);
  Place at = walk.place(packs::first_of<V>());
  packs::each<V>(
      p.count(),
      [&](int64_t i) {
        Pack<T, V> v = load_vec<Pack<T, V>>(t + i);
        const Pack<T, V> target = load_spread(targets, walk, y, i, at);
        for (int e = 0; e < V; ++e) v.at[e] = each * gan_slope(p.by, v.at[e], target.at[e]);
        store_vec(gt + i, v);
        walk.step(at);
      },
      [&](int64_t i) { gt[i] = each * gan_slope(p.by, t[i], y[target_of(p, static_cast<int>(i / p.rows), i % p.rows)]); });
}

template <class T>
void run_as(const GanLossProblem& p, const GanLossGrad::Args& a, Stream stream) {
  constexpr int V = pack_elements<T>;
  const LaunchShape shape = packs::shape(p.count(), V);
  const SpreadOperand targets = spread_operand(p.own_targets ? Spread::full : Spread::sample, p.rows, 1, V);
  launch(shape, stream, grad_packs<T>, p, spread_walk(p.rows, 1, packs::stride(shape, V)), targets, static_cast<const T*>(a.t),
         static_cast<const T*>(a.y), static_cast<const T*>(a.g), static_cast<T*>(a.gt));
}

void run(const GanLossProblem& p, const GanLossGrad::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::f64) run_as<double>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(GanLossGrad, packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
