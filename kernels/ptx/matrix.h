// Matrix instructions of a warp (PTX ISA: mma, ldmatrix, stmatrix). All 32 lanes must call, on the same line.
//
//   mma_bf16(d, a, b)     D += A·B     D 16×8 f32, A 16×16 bf16, B 16×8 bf16      compute capability 8.0
//   mma_f16(d, a, b)      the same for f16
//   mma_tf32(d, a, b)     D 16×8 f32, A 16×8 tf32 (to_tf32), B 8×8 tf32
//
// With g = lane / 4 and t = lane % 4 a lane holds
//   D: d[0] (g, 2t), d[1] (g, 2t+1), d[2] (g+8, 2t), d[3] (g+8, 2t+1)
//   A of 16 bits, two neighbours of a row in a register: a[0] (g, 2t), a[1] (g+8, 2t), a[2] (g, 2t+8), a[3] (g+8, 2t+8)
//   B of 16 bits, two neighbours of a column: b[0] (2t, g), b[1] (2t+8, g)
//   A of tf32: a[0] (g, t), a[1] (g+8, t), a[2] (g, t+4), a[3] (g+8, t+4);  B: b[0] (t, g), b[1] (t+4, g)
//
// ldmatrix(r, row) loads one, two or four 8×8 matrices of 16-bit elements from shared memory: lane 8i + j brings the address of row j of
// matrix i (16 bytes, aligned), and r[i] is then the lane's pair (g, 2t), (g, 2t+1) of matrix i; of its transpose with
// ldmatrix_transposed(). stmatrix() is the way back (compute capability 9.0).
#pragma once
#include <cstdint>

#include "kernels/ptx/device.h"
#ifdef DUEL_SIM
#include "kernels/sim/matrix.h"
#endif

namespace duel {

#ifdef DUEL_SIM

DUEL_SIM_INLINE void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], sim::Site site = sim::Site::here()) {
  sim::count_multiplies(16 * 8 * 16 / 32, true);
  sim::mma(sim::MatrixType::bf16, d, a, b, site);
}
DUEL_SIM_INLINE void mma_f16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], sim::Site site = sim::Site::here()) {
  sim::count_multiplies(16 * 8 * 16 / 32, true);
  sim::mma(sim::MatrixType::f16, d, a, b, site);
}
DUEL_SIM_INLINE void mma_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], sim::Site site = sim::Site::here()) {
  sim::count_multiplies(16 * 8 * 8 / 32, true);
  sim::mma(sim::MatrixType::tf32, d, a, b, site);
}
template <int count>
DUEL_SIM_INLINE void ldmatrix(uint32_t (&r)[count], const void* row, sim::Site site = sim::Site::here()) {
  sim::ldmatrix(r, row, false, site);
}
template <int count>
DUEL_SIM_INLINE void ldmatrix_transposed(uint32_t (&r)[count], const void* row, sim::Site site = sim::Site::here()) {
  sim::ldmatrix(r, row, true, site);
}
template <int count>
DUEL_SIM_INLINE void stmatrix(void* row, const uint32_t (&r)[count], sim::Site site = sim::Site::here()) {
  sim::stmatrix(row, r, false, site);
}
template <int count>
DUEL_SIM_INLINE void stmatrix_transposed(void* row, const uint32_t (&r)[count], sim::Site site = sim::Site::here()) {
  sim::stmatrix(row, r, true, site);
}

#elif defined(__CUDACC__)

__device__ inline unsigned shared_address(const void* at) { return static_cast<unsigned>(__cvta_generic_to_shared(at)); }

__device__ inline void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ inline void mma_f16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ inline void mma_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

template <int count>
__device__ inline void ldmatrix(uint32_t (&r)[count], const void* row) {
  static_assert(count == 1 || count == 2 || count == 4, "ldmatrix loads one, two or four matrices");
  const unsigned at = shared_address(row);
  if constexpr (count == 1) asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(r[0]) : "r"(at) : "memory");
  else if constexpr (count == 2)
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];" : "=r"(r[0]), "=r"(r[1]) : "r"(at) : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(at)
                 : "memory");
}
template <int count>
__device__ inline void ldmatrix_transposed(uint32_t (&r)[count], const void* row) {
  static_assert(count == 1 || count == 2 || count == 4, "ldmatrix loads one, two or four matrices");
  const unsigned at = shared_address(row);
  if constexpr (count == 1) asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];" : "=r"(r[0]) : "r"(at) : "memory");
  else if constexpr (count == 2)
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];" : "=r"(r[0]), "=r"(r[1]) : "r"(at) : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(at)
                 : "memory");
}

template <int count>
__device__ inline void stmatrix(void* row, const uint32_t (&r)[count]) {
  static_assert(count == 1 || count == 2 || count == 4, "stmatrix stores one, two or four matrices");
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  const unsigned at = shared_address(row);
  if constexpr (count == 1) asm volatile("stmatrix.sync.aligned.m8n8.x1.shared.b16 [%0], {%1};" ::"r"(at), "r"(r[0]) : "memory");
  else if constexpr (count == 2)
    asm volatile("stmatrix.sync.aligned.m8n8.x2.shared.b16 [%0], {%1,%2};" ::"r"(at), "r"(r[0]), "r"(r[1]) : "memory");
  else
    asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1,%2,%3,%4};" ::"r"(at), "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3])
                 : "memory");
#else
  __trap();  // the row's supports() asks for compute capability 9.0
#endif
}
template <int count>
__device__ inline void stmatrix_transposed(void* row, const uint32_t (&r)[count]) {
  static_assert(count == 1 || count == 2 || count == 4, "stmatrix stores one, two or four matrices");
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  const unsigned at = shared_address(row);
  if constexpr (count == 1) asm volatile("stmatrix.sync.aligned.m8n8.x1.trans.shared.b16 [%0], {%1};" ::"r"(at), "r"(r[0]) : "memory");
  else if constexpr (count == 2)
    asm volatile("stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%0], {%1,%2};" ::"r"(at), "r"(r[0]), "r"(r[1]) : "memory");
  else
    asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1,%2,%3,%4};" ::"r"(at), "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3])
                 : "memory");
#else
  __trap();
#endif
}

#endif

}  // namespace duel
