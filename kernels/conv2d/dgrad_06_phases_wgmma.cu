// conv2d_dgrad (= transposed convolution), rung 6 in bf16: the u·v phases of rung 5 by Hopper's own instructions
// (kernels/tile/warpgroup_product.h). A phase is a convolution of stride 1 over gy, so an im2col copy brings one of its taps; each phase
// has windows of its own, and a tensor map for them. w comes as it lies, channels in innermost, which wgmma takes along the columns. Up to
// four phases; channels in multiples of 8, more than 32 out; compute capability 9.0 alone. Bounded by the rate of wgmma on large problems,
// by design; small ones have too few tiles.
#include "kernels/conv2d/gather.h"
#include "kernels/conv2d/wgmma_maps.h"
#include "kernels/ptx/im2col_copy.h"
#include "kernels/tile/warpgroup_product.h"

namespace duel {
namespace {

using namespace wgmma_conv;

constexpr int max_phases = 4;
struct PhaseMaps {
  TensorMap gy[max_phases];
};

// A phase's pixel number i sees gy's first + i, first + i + 1, … by its taps, the last one first. Of a phase without pixels or taps one
// window that nobody asks for.
HD Windows windows(const PhaseSide& side, int pad, int stride) {
  return {side.taps ? (side.first + pad) / stride - (side.taps - 1) : 0, side.count > 1 ? side.count : 1, 1};
}

bool supports_dgrad(const Conv2dProblem& p) {
  if (!wgmma_conv::supports(p, p.k) || p.u * p.v > max_phases) return false;
  for (int i = 0; i < p.u * p.v; ++i)
    if (const Phase phase(p, i); !windows(phase.rows, p.top, p.u).fit(p.p) || !windows(phase.cols, p.left, p.v).fit(p.q)) return false;
  return true;
}

template <class Tile>
__global__ void __launch_bounds__(Tile::threads)
    dgrad_wgmma(Conv2dProblem d, int tiles_m, const __grid_constant__ PhaseMaps maps, const __grid_constant__ TensorMap w, bf16* gx) {
  auto& shared = shared_storage<typename Tile::Storage>();
  const Phase phase(d, static_cast<int>(blockIdx.y));
  const int m0 = static_cast<int>(blockIdx.x) % tiles_m * Tile::m, n0 = static_cast<int>(blockIdx.x) / tiles_m * Tile::n;
  if (m0 >= phase.pixels) return;  // the grid is for the largest phase
  const int of_tap = pieces(d.k), steps = phase.rows.taps * phase.cols.taps * of_tap;
  Tile::prepare(shared);
  if (threadIdx.x >= Tile::multipliers) {
    if (threadIdx.x != Tile::multipliers) return;
    const int n = m0 / phase.per_image, in_image = m0 % phase.per_image;
    const int row = windows(phase.rows, d.top, d.u).first + in_image / phase.cols.count;
    const int col = windows(phase.cols, d.left, d.v).first + in_image % phase.cols.count;
    Tile::bring_all(shared, steps, [&](int step, typename Tile::Stage& stage, MBarrier& full) {
      const int k0 = step % of_tap * channels, down = step / of_tap / phase.cols.taps, right = step / of_tap % phase.cols.taps;
      const int r = phase.rows.tap + (phase.rows.taps - 1 - down) * d.u, s = phase.cols.tap + (phase.cols.taps - 1 - right) * d.v;
      tensor_load_im2col(stage.a, maps.gy[blockIdx.y], full, {k0, col, row, n}, {right, down});
      for (int i = 0; i < Tile::n; i += 64) tensor_load(stage.b + 128 * i, w, full, {n0 + i, s, r, k0});
    });
    return;
  }
  typename Tile::Sums sums;
  Tile::multiply_all(shared, steps, sums);
  // A phase's pixels lie u rows and v columns apart: 16 bytes a thread instead of boxes.
  const unsigned char* const from = Tile::template lay_out<bf16>(shared, sums);
  barrier_sync(1, Tile::multipliers);
  for (int i = static_cast<int>(threadIdx.x); i < Tile::m * Tile::n / 8; i += Tile::multipliers) {
    const int row = i / (Tile::n / 8), c = i % (Tile::n / 8) * 8;
    if (m0 + row >= phase.pixels || n0 + c >= d.c) continue;
    const unsigned char* const at = from + c / 64 * Tile::box_bytes + row * 128 + (c % 64 * 2 ^ row % 8 * 16);
    store_vec(gx + phase.gx_offset(d, phase.pixel(d, m0 + row)) + n0 + c, load_vec<Pack<bf16, 8>>(at));
  }
}

template <class Tile>
void start(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Stream stream) {
  PhaseMaps maps{};
  for (int i = 0; i < p.u * p.v; ++i) {
    const Phase phase(p, i);
    maps.gy[i] =
        make_tensor_map(images(a.gy, p.n, p.p, p.q, p.k, windows(phase.rows, p.top, p.u), windows(phase.cols, p.left, p.v), Tile::m));
  }
  const int pixels = p.n * ((p.h + p.u - 1) / p.u) * ((p.w + p.v - 1) / p.v);  // of the largest phase
  const int tiles_m = (pixels + Tile::m - 1) / Tile::m, tiles_n = (p.c + Tile::n - 1) / Tile::n;
  launch({.grid = dim3(static_cast<unsigned>(tiles_m * tiles_n), static_cast<unsigned>(p.u * p.v)),
          .block = Tile::threads,
          .shared_bytes = sizeof(typename Tile::Storage)},
         stream, dgrad_wgmma<Tile>, p, tiles_m, maps, make_tensor_map(dense<bf16>(a.w, {p.c, p.s, p.r, p.k}, {64, 1, 1, channels})),
         static_cast<bf16*>(a.gx));
}

void run(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Scratch, Stream stream) {
  if (p.c > 64) start<WarpgroupTile<true, false>>(p, a, stream);
  else start<WarpgroupTile<true, false, 64>>(p, a, stream);
}

}  // namespace

KERNEL_VARIANT(Conv2dDgrad, phases_wgmma, 6, supports_dgrad, no_scratch, run);

}  // namespace duel
