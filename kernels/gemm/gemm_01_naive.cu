// gemm, rung 1: one thread an output element, every operand from global memory. Blocks of 16 × 16 outputs, so that the threads of a warp
// share two rows of op(A) and read op(B) side by side. Right for every shape. Bounded by memory requests: two loads a multiply-add.
#include "kernels/gemm/gemm.h"
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

constexpr int tile = 16;

bool supports(const GemmProblem& p) { return p.valid(); }

template <class T, class C>
__global__ void gemm_naive(GemmProblem p, int tiles_n, const T* a, const T* b, C* c) {
  using A = accumulator_t<T>;
  const int64_t m = p.m, n = p.n, k = p.k;
  const int64_t tiles = int64_t{tiles_n} * ((m + tile - 1) / tile);
  for (int64_t block = blockIdx.x; block < tiles * p.batch; block += gridDim.x) {
    const int64_t member = block / tiles, at = block % tiles;
    const int64_t row = at / tiles_n * tile + threadIdx.y, col = at % tiles_n * tile + threadIdx.x;
    if (row >= m || col >= n) continue;
    const T* ap = a + member * m * k + (p.ta ? row : row * k);
    const T* bp = b + member * k * n + (p.tb ? col * k : col);
    const int64_t a_step = p.ta ? m : 1, b_step = p.tb ? 1 : n;
    A sum = 0;
    for (int64_t l = 0; l < k; ++l) sum = fma_rn(static_cast<A>(ap[l * a_step]), static_cast<A>(bp[l * b_step]), sum);
    c[(member * m + row) * n + col] = static_cast<C>(sum);
  }
}

template <class T, class C>
void start(const GemmProblem& p, const Gemm::Args& a, Stream stream) {
  const int64_t tiles_n = (p.n + tile - 1) / tile, tiles = tiles_n * ((p.m + tile - 1) / tile) * p.batch;
  launch({.grid = static_cast<unsigned>(tiles < (1 << 30) ? tiles : 1 << 30), .block = dim3(tile, tile)}, stream, gemm_naive<T, C>, p,
         static_cast<int>(tiles_n), static_cast<const T*>(a.a), static_cast<const T*>(a.b), static_cast<C*>(a.c));
}

void run(const GemmProblem& p, const Gemm::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (p.out == p.dtype) start<T, T>(p, a, stream);
    else start<T, float>(p, a, stream);
  });
}

KERNEL_VARIANT(Gemm, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
