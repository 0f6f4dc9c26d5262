// bias_activation, rung 2: requests of 16 bytes, and no division: a thread goes down the rows of its own channels, whose biases it holds.
// Bounded by memory: x read once, y written once. Needs c to be a multiple of 4 (f32) or 8 (bf16); with fewer channels than a tile has,
// part of the threads idle.
#include "kernels/bias_activation/tiles.h"

namespace duel {
namespace {

using namespace bias_tiles;

template <class T>
__global__ void bias_activation_tiles(BiasActivationProblem p, Cut cut, const T* x, const T* b, T* y) {
  using A = accumulator_t<T>;
  constexpr int V = pack_elements<T>;
  const Place<T> at(p, cut, blockIdx.x);
  if (at.c >= p.c) return;
  const Pack<T, V> bias = load_vec<Pack<T, V>>(b + at.c);
  const A slope = static_cast<A>(p.slope);
  with_told_act(p.act, [&](auto act) {
    for (int64_t row = at.row; row < at.end; row += rows_at_once) {
      const int64_t i = row * p.c + at.c;
      Pack<T, V> v = load_vec<Pack<T, V>>(x + i);
      for (int e = 0; e < V; ++e)
        v.at[e] = static_cast<T>(act_forward<decltype(act)::value>(static_cast<A>(v.at[e]) + static_cast<A>(bias.at[e]), slope));
      store_vec(y + i, v);
    }
  });
}

template <class T>
void run_as(const BiasActivationProblem& p, const BiasActivation::Args& a, Stream stream) {
  const Cut cut = cut_of(p);
  if (cut.chunks)
    launch({.grid = static_cast<unsigned>(cut.tiles) * static_cast<unsigned>(cut.chunks), .block = threads}, stream,
           bias_activation_tiles<T>, p, cut, static_cast<const T*>(a.x), static_cast<const T*>(a.b), static_cast<T*>(a.y));
}
void run(const BiasActivationProblem& p, const BiasActivation::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(BiasActivation, tiles, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
