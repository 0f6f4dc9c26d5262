// gemm, rung 2: rung 1, with op(B) transposed to [k,n] first where it lies as [n,k]. Neighbouring threads make neighbouring columns, and
// now read neighbouring elements of B: a warp's request is whole sectors instead of one from each of sixteen rows. f32, any shape. Bounded
// by requests still: two loads a multiply-add.
#include "kernels/gemm/gemm.h"
#include "kernels/launch.h"
#include "kernels/layout/transpose_tile.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

constexpr int tile = 16;

bool supports(const GemmProblem& p) { return p.tb && p.dtype == DType::f32 && p.out == DType::f32; }
size_t scratch(const GemmProblem& p) { return sizeof(float) * static_cast<size_t>(p.b_count()); }

__global__ void gemm_coalesced(GemmProblem p, int tiles_n, const float* a, const float* bt, float* c) {  // bt [k,n] for each member
  const int64_t m = p.m, n = p.n, k = p.k, tiles = int64_t{tiles_n} * ((m + tile - 1) / tile);
  for (int64_t block = blockIdx.x; block < tiles * p.batch; block += gridDim.x) {
    const int64_t member = block / tiles, at = block % tiles;
    const int64_t row = at / tiles_n * tile + threadIdx.y, col = at % tiles_n * tile + threadIdx.x;
    if (row >= m || col >= n) continue;
    const float* ap = a + member * m * k + (p.ta ? row : row * k);
    const float* bp = bt + member * k * n + col;
    const int64_t a_step = p.ta ? m : 1;
    float sum = 0;
    for (int64_t l = 0; l < k; ++l) sum = fma_rn(ap[l * a_step], bp[l * n], sum);
    c[(member * m + row) * n + col] = sum;
  }
}

void run(const GemmProblem& p, const Gemm::Args& a, Scratch scratch, Stream stream) {
  run_transpose_tiles<tile_side + 1>({.batch = p.batch, .rows = p.n, .cols = p.k, .dtype = p.dtype}, {a.b, scratch.data}, {}, stream);
  const int64_t tiles_n = (p.n + tile - 1) / tile, tiles = tiles_n * ((p.m + tile - 1) / tile) * p.batch;
  launch({.grid = static_cast<unsigned>(tiles < (1 << 30) ? tiles : 1 << 30), .block = dim3(tile, tile)}, stream, gemm_coalesced, p,
         static_cast<int>(tiles_n), static_cast<const float*>(a.a), static_cast<const float*>(scratch.data), static_cast<float*>(a.c));
}

KERNEL_VARIANT(Gemm, coalesced, 2, supports, scratch, run);

}  // namespace
}  // namespace duel
