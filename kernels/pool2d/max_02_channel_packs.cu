// max_pool2d, rung 2: four channels a thread instead of one, 16 bytes of f32 and of taps and 8 of bf16 an access, and no divisions. Same
// bits as rung 1. Channels must be a multiple of four. Bounded by memory: x read once, where windows overlap again from cache; y and its
// taps written once.
#include "kernels/pool2d/channel_packs.h"

namespace duel {
namespace {

using namespace channel_packs;

constexpr int V = pack_elements<int32_t>;

bool supports(const Pool2dProblem& p) { return (p.dtype == DType::f32 || p.dtype == DType::bf16) && fits(p, V); }

template <class T>
__global__ void max_channel_packs(Pool2dProblem d, Image y_packs, const T* x, T* y, int32_t* tap) {
  each(y_packs.packs, [&](int i) {
    float best[V] = {};
    Pack<int32_t, V> where;
    for (int e = 0; e < V; ++e) where.at[e] = -1;
    each_pixel(d, y_packs.place(i), [&](int64_t at, int this_tap) {
      const auto v = load_vec<Pack<T, V>>(x + at);
      for (int e = 0; e < V; ++e) {
        const float value = static_cast<float>(v.at[e]);
        if (where.at[e] < 0 || value > best[e] || (value != value && best[e] == best[e])) best[e] = value, where.at[e] = this_tap;
      }
    });
    Pack<T, V> out;
    for (int e = 0; e < V; ++e) out.at[e] = static_cast<T>(best[e]);
    store_vec(y + int64_t{i} * V, out), store_vec(tap + int64_t{i} * V, where);
  });
}

template <class T>
void run_as(const Pool2dProblem& p, const MaxPool2d::Args& a, Stream stream) {
  const Image packs = y_image(p, V);
  launch(shape(packs.packs), stream, max_channel_packs<T>, p, packs, static_cast<const T*>(a.x), static_cast<T*>(a.y),
         static_cast<int32_t*>(a.tap));
}
void run(const Pool2dProblem& p, const MaxPool2d::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(MaxPool2d, channel_packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
