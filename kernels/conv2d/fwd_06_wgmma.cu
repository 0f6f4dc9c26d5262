// conv2d_fwd, rung 6 in bf16: the implicit matrix product of rung 5 by Hopper's own instructions (kernels/tile/warpgroup_product.h). One
// thread brings everything: an im2col copy is one tap of 128 windows by 64 channels, padding and stride included, so nobody computes an
// address of x. Rows are output pixels, columns output channels, k runs over taps and pieces of 64 channels. Channels in multiples of 8,
// more than 32 in; compute capability 9.0 alone. Bounded by the rate of wgmma on large problems, by design; small ones have too few tiles.
#include "kernels/conv2d/wgmma_maps.h"
#include "kernels/ptx/im2col_copy.h"
#include "kernels/tile/warpgroup_product.h"

namespace duel {
namespace {

using namespace wgmma_conv;

bool supports_fwd(const Conv2dProblem& p) { return wgmma_conv::supports(p, p.c) && rows_of(p).fit(p.h) && cols_of(p).fit(p.w); }

template <class Tile>
__global__ void __launch_bounds__(Tile::threads) fwd_wgmma(Conv2dProblem d, int tiles_m, const __grid_constant__ TensorMap x,
                                                           const __grid_constant__ TensorMap w, const __grid_constant__ TensorMap y) {
  auto& shared = shared_storage<typename Tile::Storage>();
  const int m0 = static_cast<int>(blockIdx.x) % tiles_m * Tile::m, n0 = static_cast<int>(blockIdx.x) / tiles_m * Tile::n;
  const int of_tap = pieces(d.c), steps = d.r * d.s * of_tap;
  Tile::prepare(shared);
  if (threadIdx.x >= Tile::multipliers) {
    if (threadIdx.x != Tile::multipliers) return;
    const Place at(d, m0);
    Tile::bring_all(shared, steps, [&](int step, typename Tile::Stage& stage, MBarrier& full) {
      const int tap = step / of_tap, c = step % of_tap * channels;
      tensor_load_im2col(stage.a, x, full, {c, at.w, at.h, at.n}, {tap % d.s, tap / d.s});
      tensor_load(stage.b, w, full, {c, tap, n0});
    });
    return;
  }
  typename Tile::Sums sums;
  Tile::multiply_all(shared, steps, sums);
  Tile::template store<bf16>(shared, sums, [&](const void* box, int column) { tensor_store(y, box, {n0 + column, m0}); });
}

template <class Tile>
void start(const Conv2dProblem& p, const Conv2dFwd::Args& a, Stream stream) {
  const int pixels = p.n * p.p * p.q, tiles_m = (pixels + Tile::m - 1) / Tile::m, tiles_n = (p.k + Tile::n - 1) / Tile::n;
  launch({.grid = static_cast<unsigned>(tiles_m * tiles_n), .block = Tile::threads, .shared_bytes = sizeof(typename Tile::Storage)}, stream,
         fwd_wgmma<Tile>, p, tiles_m, make_tensor_map(images_of_x(p, a.x, Tile::m)),
         make_tensor_map(dense<bf16>(a.w, {p.c, p.r * p.s, p.k}, {channels, 1, Tile::n})),
         make_tensor_map(dense<bf16>(a.y, {p.k, pixels}, {64, Tile::m})));
}

void run(const Conv2dProblem& p, const Conv2dFwd::Args& a, Scratch, Stream stream) {
  if (p.k > 64) start<WarpgroupTile<true, true>>(p, a, stream);
  else start<WarpgroupTile<true, true, 64>>(p, a, stream);
}

}  // namespace

KERNEL_VARIANT(Conv2dFwd, wgmma, 6, supports_fwd, no_scratch, run);

}  // namespace duel
