// gemm, rung 6 in bf16: operands by tensor copies (TMA), one thread for all, and products of whole warpgroups (wgmma) that read them from
// shared memory, instead of copies by every thread and fragments in registers. Tiles of 128 × 128, four steps of 64 in flight
// (kernels/tile/warpgroup_product.h). Contiguous sides must be multiples of 8; compute capability 9.0 alone. Bounded by the rate of wgmma
// on large problems, by design; small ones have too few tiles.
#include "kernels/gemm/gemm.h"
#include "kernels/tile/warpgroup_product.h"

namespace duel {
namespace {

bool supports(const GemmProblem& p) {
  const int a_row = p.ta ? p.m : p.k, b_row = p.tb ? p.k : p.n;
  return p.dtype == DType::bf16 && p.valid() && a_row % 8 == 0 && b_row % 8 == 0 && p.n % 8 == 0 && has_warpgroup_matrices();
}

// Matrices in memory, of elements T: the box that one copy moves, `wide` of them by `high` rows, a member of the batch after another.
template <class T>
BoxedTensor matrices(const void* data, int batch, int rows, int cols, int wide, int high) {
  BoxedTensor t;
  t.dtype = dtype_of<T>(), t.rank = 3, t.data = data, t.swizzle = Swizzle::bytes128;
  t.size[0] = cols, t.size[1] = rows, t.size[2] = batch;
  t.stride[1] = int64_t{cols} * static_cast<int64_t>(sizeof(T)), t.stride[2] = t.stride[1] * rows;
  t.box[0] = wide, t.box[1] = high, t.box[2] = 1;
  return t;
}
// An operand of rows × k of which a tile takes `high` rows.
BoxedTensor operand(const void* data, int batch, int rows, int k, bool along_k, int high) {
  return along_k ? matrices<bf16>(data, batch, rows, k, 64, high) : matrices<bf16>(data, batch, k, rows, 64, 64);
}

template <bool along_k, int rows>
__device__ void bring(unsigned char* to, const TensorMap& map, MBarrier& full, int row, int k0, int member) {
  if constexpr (along_k) {
    tensor_load(to, map, full, {k0, row, member});
  } else {
    for (int i = 0; i < rows; i += 64) tensor_load(to + 128 * i, map, full, {row + i, k0, member});
  }
}

template <bool ta, bool tb, class Tile, class Out>
__global__ void __launch_bounds__(Tile::threads) gemm_wgmma(GemmProblem p, int tiles_m, int tiles_n, const __grid_constant__ TensorMap a,
                                                            const __grid_constant__ TensorMap b, const __grid_constant__ TensorMap c) {
  auto& shared = shared_storage<typename Tile::Storage>();
  const int tile = static_cast<int>(blockIdx.x) % (tiles_m * tiles_n), member = static_cast<int>(blockIdx.x) / (tiles_m * tiles_n);
  const int m0 = tile % tiles_m * Tile::m, n0 = tile / tiles_m * Tile::n, steps = (p.k + Tile::k - 1) / Tile::k;
  Tile::prepare(shared);
  if (threadIdx.x >= Tile::multipliers) {
    if (threadIdx.x == Tile::multipliers)
      Tile::bring_all(shared, steps, [&](int step, typename Tile::Stage& stage, MBarrier& full) {
        bring<!ta, Tile::m>(stage.a, a, full, m0, step * Tile::k, member);
        bring<tb, Tile::n>(stage.b, b, full, n0, step * Tile::k, member);
      });
    return;
  }
  typename Tile::Sums sums;
  Tile::multiply_all(shared, steps, sums);
  Tile::template store<Out>(shared, sums, [&](const void* box, int column) {
    tensor_store(c, box, {n0 + column, m0, member});
  });  // what lies in C
}

template <bool ta, bool tb, class Out>
void start(const GemmProblem& p, const Gemm::Args& a, Stream stream) {
  using Tile = WarpgroupTile<!ta, tb>;
  const int tiles_m = (p.m + Tile::m - 1) / Tile::m, tiles_n = (p.n + Tile::n - 1) / Tile::n;
  launch(
      {.grid = static_cast<unsigned>(tiles_m * tiles_n * p.batch), .block = Tile::threads, .shared_bytes = sizeof(typename Tile::Storage)},
      stream, gemm_wgmma<ta, tb, Tile, Out>, p, tiles_m, tiles_n, make_tensor_map(operand(a.a, p.batch, p.m, p.k, !ta, Tile::m)),
      make_tensor_map(operand(a.b, p.batch, p.n, p.k, tb, Tile::n)),
      make_tensor_map(matrices<Out>(a.c, p.batch, p.m, p.n, Tile::template box_columns<Out>, Tile::m)));
}

void run(const GemmProblem& p, const Gemm::Args& a, Scratch, Stream stream) {
  const auto with_out = [&]<bool ta, bool tb>() {
    if (p.out == DType::f32) start<ta, tb, float>(p, a, stream);
    else start<ta, tb, bf16>(p, a, stream);
  };
  if (p.ta && p.tb) with_out.template operator()<true, true>();
  else if (p.ta) with_out.template operator()<true, false>();
  else if (p.tb) with_out.template operator()<false, true>();
  else with_out.template operator()<false, false>();
}

}  // namespace

KERNEL_VARIANT(Gemm, wgmma, 6, supports, no_scratch, run);

}  // namespace duel
