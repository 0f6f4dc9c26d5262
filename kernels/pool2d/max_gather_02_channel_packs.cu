// max_pool2d_gather, rung 2: four channels a thread instead of one, 16 bytes of f32 and of taps and 8 of bf16 an access. It reads its whole
// window and chooses, for neighbouring channels name different pixels, and of small windows hardly a sector goes unnamed. Same bits as rung
// 1. Windows of up to nine pixels, and channels a multiple of four. Bounded by memory: x and taps read once, y written once.
#include "kernels/pool2d/channel_packs.h"

namespace duel {
namespace {

using namespace channel_packs;

constexpr int V = pack_elements<int32_t>, most_taps = 9;

bool supports(const Pool2dProblem& p) {
  return (p.dtype == DType::f32 || p.dtype == DType::bf16) && p.r <= most_taps && p.s <= most_taps / p.r && fits(p, V);
}

template <class T>
__global__ void gather_channel_packs(Pool2dProblem d, Image y_packs, const T* x, const int32_t* tap, T* y) {
  each(y_packs.packs, [&](int i) {
    const auto where = load_vec<Pack<int32_t, V>>(tap + int64_t{i} * V);
    Pack<T, V> out;
    for (int e = 0; e < V; ++e) out.at[e] = static_cast<T>(0.f);
    each_pixel(d, y_packs.place(i), [&](int64_t at, int this_tap) {
      const auto v = load_vec<Pack<T, V>>(x + at);
      for (int e = 0; e < V; ++e)
        if (where.at[e] == this_tap) out.at[e] = v.at[e];
    });
    store_vec(y + int64_t{i} * V, out);
  });
}

template <class T>
void run_as(const Pool2dProblem& p, const MaxPool2dGather::Args& a, Stream stream) {
  const Image packs = y_image(p, V);
  launch(shape(packs.packs), stream, gather_channel_packs<T>, p, packs, static_cast<const T*>(a.x), static_cast<const int32_t*>(a.tap),
         static_cast<T*>(a.y));
}
void run(const Pool2dProblem& p, const MaxPool2dGather::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(MaxPool2dGather, channel_packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
