// gemm, rung 3: tiles of 16 × 16 outputs, operands by way of shared memory (kernels/tile/plain_product.h). Against rung 2 an operand comes
// from device memory once for sixteen multiply-adds, in whichever order it lies, so nothing is transposed first. Any shape. Bounded by
// shared memory: two loads a multiply-add.
#include "kernels/gemm/gemm.h"
#include "kernels/tile/plain_product.h"

namespace duel {
namespace {

bool supports(const GemmProblem& p) { return p.valid() && p.dtype != DType::f64; }

template <bool ta, bool tb, class T, class C>
__global__ void gemm_shared_tiles(GemmProblem p, int tiles_n, const T* a, const T* b, C* c) {
  auto& tiles = shared_storage<PlainTiles<float, !ta, tb>>();
  const int64_t m = p.m, n = p.n, k = p.k, count = int64_t{tiles_n} * ((m + plain_side - 1) / plain_side);
  for (int64_t block = blockIdx.x; block < count * p.batch; block += gridDim.x) {
    const int64_t member = block / count, m0 = block % count / tiles_n * plain_side, n0 = block % count % tiles_n * plain_side;
    const T *am = a + member * m * k, *bm = b + member * k * n;
    const auto from_a = [&](int row, int l) {
      return m0 + row < m && l < k ? static_cast<float>(am[ta ? l * m + m0 + row : (m0 + row) * k + l]) : 0.f;
    };
    const auto from_b = [&](int l, int col) {
      return n0 + col < n && l < k ? static_cast<float>(bm[tb ? (n0 + col) * k + l : l * n + n0 + col]) : 0.f;
    };
    const float sum = plain_product(tiles, p.k, from_a, from_b);
    const int64_t row = m0 + threadIdx.y, col = n0 + threadIdx.x;
    if (row < m && col < n) c[(member * m + row) * n + col] = static_cast<C>(sum);
  }
}

template <class T, class C>
void start(const GemmProblem& p, const Gemm::Args& a, Stream stream) {
  const int64_t tiles_n = (p.n + plain_side - 1) / plain_side, tiles = tiles_n * ((p.m + plain_side - 1) / plain_side) * p.batch;
  const auto begin = [&]<bool ta, bool tb>() {
    launch({.grid = static_cast<unsigned>(tiles < (1 << 30) ? tiles : 1 << 30),
            .block = dim3(plain_side, plain_side),
            .shared_bytes = sizeof(PlainTiles<float, !ta, tb>)},
           stream, gemm_shared_tiles<ta, tb, T, C>, p, static_cast<int>(tiles_n), static_cast<const T*>(a.a), static_cast<const T*>(a.b),
           static_cast<C*>(a.c));
  };
  if (p.ta && p.tb) begin.template operator()<true, true>();
  else if (p.ta) begin.template operator()<true, false>();
  else if (p.tb) begin.template operator()<false, true>();
  else begin.template operator()<false, false>();
}

void run(const GemmProblem& p, const Gemm::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::f32) start<float, float>(p, a, stream);
  else if (p.out == DType::bf16) start<bf16, bf16>(p, a, stream);
  else start<bf16, float>(p, a, stream);
}

KERNEL_VARIANT(Gemm, shared_tiles, 3, supports, no_scratch, run);

}  // namespace
}  // namespace duel
