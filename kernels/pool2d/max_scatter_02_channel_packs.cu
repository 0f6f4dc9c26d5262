// max_pool2d_scatter, rung 2: four channels a thread instead of one, 16 bytes of f32 and of taps and 8 of bf16 an access; windows over a
// pixel are found directly, not by asking each tap whether a stride has it. Gathers as rung 1 does, in the same order, so it gives the same
// bits. Channels must be a multiple of four. Bounded by memory: gy and its taps read once, where windows overlap again from cache; gx
// written once.
#include "kernels/pool2d/channel_packs.h"

namespace duel {
namespace {

using namespace channel_packs;

constexpr int V = pack_elements<int32_t>;

bool supports(const Pool2dProblem& p) { return (p.dtype == DType::f32 || p.dtype == DType::bf16) && fits(p, V); }

template <class T>
__global__ void scatter_channel_packs(Pool2dProblem d, Image x_packs, Windows windows, const T* gy, const int32_t* tap, T* gx) {
  each(x_packs.packs, [&](int i) {
    const Place at = x_packs.place(i);
    float sum[V] = {};
    windows.each(d, at, [&](int p, int q, int this_tap) {
      const int64_t from = y_offset(d, at, p, q);
      const auto where = load_vec<Pack<int32_t, V>>(tap + from);
      const auto g = load_vec<Pack<T, V>>(gy + from);
      for (int e = 0; e < V; ++e)
        if (where.at[e] == this_tap) sum[e] += static_cast<float>(g.at[e]);
    });
    Pack<T, V> out;
    for (int e = 0; e < V; ++e) out.at[e] = static_cast<T>(sum[e]);
    store_vec(gx + int64_t{i} * V, out);
  });
}

template <class T>
void run_as(const Pool2dProblem& p, const MaxPool2dScatter::Args& a, Stream stream) {
  const Image packs = x_image(p, V);
  launch(shape(packs.packs), stream, scatter_channel_packs<T>, p, packs, Windows(p), static_cast<const T*>(a.gy),
         static_cast<const int32_t*>(a.tap), static_cast<T*>(a.gx));
}
void run(const Pool2dProblem& p, const MaxPool2dScatter::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(MaxPool2dScatter, channel_packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
