// conv2d_wgrad, rung 6 in bf16: the product over all output pixels of rung 5, in parts that are added in order, by Hopper's own
// instructions (kernels/tile/warpgroup_product.h). Both operands lie along their rows, channels innermost: gy comes in boxes of 64 pixels,
// x by im2col copies of one tap of 64 windows, and wgmma turns both. Columns are taps and pieces of 64 channels, two to a tile; f32 out.
// Channels in multiples of 8, more than 32 in; compute capability 9.0 alone. Bounded by the rate of wgmma on large problems, by design;
// small ones have too few tiles.
#include "kernels/conv2d/add_parts.h"
#include "kernels/conv2d/wgmma_maps.h"
#include "kernels/ptx/im2col_copy.h"
#include "kernels/tile/warpgroup_product.h"

namespace duel {
namespace {

using namespace wgmma_conv;

using Tile = WarpgroupTile<false, false>;

bool supports_wgrad(const Conv2dProblem& p) { return wgmma_conv::supports(p, p.c) && rows_of(p).fit(p.h) && cols_of(p).fit(p.w); }

PixelSplit split_of(const Conv2dProblem& p) {
  constexpr int wanted_blocks = 264, fewest_steps = 8;  // two waves of the largest Hopper; a part must outlast filling the pipeline
  return {(p.n * p.p * p.q + Tile::k - 1) / Tile::k, (p.k + Tile::m - 1) / Tile::m, (p.r * p.s * pieces(p.c) + 1) / 2, wanted_blocks,
          fewest_steps};
}
size_t scratch_bytes(const Conv2dProblem& p) { return parts_bytes(split_of(p).parts, p.w_count()); }

__global__ void __launch_bounds__(Tile::threads) wgrad_wgmma(Conv2dProblem d, PixelSplit split, const __grid_constant__ TensorMap gy,
                                                             const __grid_constant__ TensorMap x, const __grid_constant__ TensorMap gw) {
  auto& shared = shared_storage<Tile::Storage>();
  const int tile = static_cast<int>(blockIdx.x), part = static_cast<int>(blockIdx.y);
  const int m0 = tile % split.tiles_m * Tile::m, first_piece = tile / split.tiles_m * (Tile::n / channels);
  const int of_tap = pieces(d.c), all_pieces = d.r * d.s * of_tap;
  const int first = part * split.steps, steps = min(split.steps, (d.n * d.p * d.q + Tile::k - 1) / Tile::k - first);
  Tile::prepare(shared);
  if (threadIdx.x >= Tile::multipliers) {
    if (threadIdx.x != Tile::multipliers) return;
    Tile::bring_all(shared, steps, [&](int step, Tile::Stage& stage, MBarrier& full) {
      const int pixel = (first + step) * Tile::k;
      const Place at(d, pixel);
      for (int i = 0; i < Tile::m; i += 64) tensor_load(stage.a + 128 * i, gy, full, {m0 + i, pixel});
      for (int i = 0; i < Tile::n / channels; ++i) {
        const int piece = min(first_piece + i, all_pieces - 1), tap = piece / of_tap;  // past the last one the last again
        tensor_load_im2col(stage.b + i * Tile::half, x, full, {piece % of_tap * channels, at.w, at.h, at.n}, {tap % d.s, tap / d.s});
      }
    });
    return;
  }
  Tile::Sums sums;
  Tile::multiply_all(shared, steps, sums);
  Tile::store<float>(shared, sums, [&](const void* box, int column) {  // what lies outside gw is not written
    const int piece = first_piece + column / channels;
    tensor_store(gw, box, {piece % of_tap * channels + column % channels, piece / of_tap, m0, part});
  });
}

void run(const Conv2dProblem& p, const Conv2dWgrad::Args& a, Scratch scratch, Stream stream) {
  const PixelSplit split = split_of(p);
  float* gw = static_cast<float*>(a.gw);
  float* parts = split.parts == 1 ? gw : static_cast<float*>(scratch.data);
  launch({.grid = split.grid(), .block = Tile::threads, .shared_bytes = sizeof(Tile::Storage)}, stream, wgrad_wgmma, p, split,
         make_tensor_map(dense<bf16>(a.gy, {p.k, p.n * p.p * p.q}, {64, Tile::k})), make_tensor_map(images_of_x(p, a.x, Tile::k)),
         make_tensor_map(dense<float>(parts, {p.c, p.r * p.s, p.k, split.parts}, {Tile::box_columns<float>, 1, Tile::m, 1})));
  if (split.parts > 1) add_parts(split.parts, p.w_count(), parts, gw, stream);
}

}  // namespace

KERNEL_VARIANT(Conv2dWgrad, split_k_wgmma, 6, supports_wgrad, scratch_bytes, run);

}  // namespace duel
