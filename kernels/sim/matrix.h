// The matrix instructions of a warp on the simulated GPU: what kernels/ptx/matrix.h calls there. Which lane holds which element is the PTX
// ISA's (matrix fragments for mma.m16n8k16 and mma.m16n8k8; ldmatrix; stmatrix).
//
// A product of two elements is exact (within f32's range) and the sum is in f32, over k in ascending order, beginning with what D held. A
// GPU's own order is not documented: small integers give the same bits, reals the same up to rounding.
#pragma once
#include "kernels/sim/access.h"

namespace duel::sim {

enum class MatrixType : int { bf16, f16, tf32 };

// d[4] += a[4] · b[2] over the warp: 16×8×16, and 16×8×8 for tf32.
void mma(MatrixType type, float* d, const uint32_t* a, const uint32_t* b, Site site);
// Each lane has brought one row of 16 bytes, 8 lanes a matrix; lane i leaves with its elements of `count` matrices. And the other way
// round.
struct MatrixRow {
  uint32_t word[4];
};
void rows_to_fragments(uint32_t* fragments, const MatrixRow& row, int count, bool transposed, Site site);
MatrixRow fragments_to_row(const uint32_t* fragments, int count, bool transposed, Site site);

inline void check_matrix_row(const void* row, Site site) {
  if (reinterpret_cast<uintptr_t>(row) % 16) misuse("a row of a matrix at an address that is not a multiple of 16", site);
}
template <int count>
DUEL_SIM_INLINE void ldmatrix(uint32_t (&fragments)[count], const void* row, bool transposed, Site site) {
  MatrixRow mine{};
  if (lane_id() < 8 * count) {  // the other lanes' addresses are not used
    check_matrix_row(row, site);
    copy_vector(&mine, row, 16, false);
  }
  rows_to_fragments(fragments, mine, count, transposed, site);
}
template <int count>
DUEL_SIM_INLINE void stmatrix(void* row, const uint32_t (&fragments)[count], bool transposed, Site site) {
  const MatrixRow mine = fragments_to_row(fragments, count, transposed, site);
  if (lane_id() >= 8 * count) return;
  check_matrix_row(row, site);
  copy_vector(row, &mine, 16, true);
}

}  // namespace duel::sim
