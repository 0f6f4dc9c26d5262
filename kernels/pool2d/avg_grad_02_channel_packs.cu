// avg_pool2d_grad, rung 2: 16 bytes of channels a thread and access instead of one element; windows over a pixel are found directly, not by
// asking each tap whether a stride has it. Gathers as rung 1 does, in the same order, so it gives the same bits. Channels must fill whole
// packs. Bounded by memory: gy read once, where windows overlap again from cache; gx written once.
#include "kernels/pool2d/channel_packs.h"

namespace duel {
namespace {

using namespace channel_packs;

bool supports(const Pool2dProblem& p) {
  return (p.dtype == DType::f32 && fits(p, pack_elements<float>)) || (p.dtype == DType::bf16 && fits(p, pack_elements<bf16>));
}

template <class T>
__global__ void avg_grad_channel_packs(Pool2dProblem d, Image x_packs, Windows windows, const T* gy, T* gx) {
  constexpr int V = pack_elements<T>;
  const bool same = d.over != PoolOver::inside;  // one divisor for all: divided once, at the end, so that integers stay exact
  each(x_packs.packs, [&](int i) {
    const Place at = x_packs.place(i);
    float sum[V] = {};
    windows.each(d, at, [&](int p, int q, int) {
      const auto g = load_vec<Pack<T, V>>(gy + y_offset(d, at, p, q));
      const float over = same ? 1 : static_cast<float>(d.divisor(p, q));
      for (int e = 0; e < V; ++e) sum[e] += same ? static_cast<float>(g.at[e]) : static_cast<float>(g.at[e]) / over;
    });
    const float over = same ? static_cast<float>(d.divisor(0, 0)) : 1;
    Pack<T, V> out;
    for (int e = 0; e < V; ++e) out.at[e] = static_cast<T>(same ? sum[e] / over : sum[e]);
    store_vec(gx + int64_t{i} * V, out);
  });
}

template <class T>
void run_as(const Pool2dProblem& p, const AvgPool2dGrad::Args& a, Stream stream) {
  const Image packs = x_image(p, pack_elements<T>);
  launch(shape(packs.packs), stream, avg_grad_channel_packs<T>, p, packs, Windows(p), static_cast<const T*>(a.gy), static_cast<T*>(a.gx));
}
void run(const Pool2dProblem& p, const AvgPool2dGrad::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(AvgPool2dGrad, channel_packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
