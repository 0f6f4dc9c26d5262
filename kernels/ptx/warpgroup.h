// Matrix instructions of a warpgroup: four warps, 128 threads, the first of which is a multiple of 128 (PTX ISA: wgmma.mma_async; compute
// capability 9.0a). They multiply while the threads go on. All 128 threads must call, on the same line.
//
//   wgmma_bf16<n>(d, a, b)     D += A·B    D 64×n f32, A 64×16 bf16, B 16×n bf16; a and b: descriptors of shared memory
//   wgmma_tf32<n>(d, a, b)     the same for A 64×8, B 8×n of f32 of which tf32's bits are read; both along k
//   wgmma_bf16<n>(d, r, b)     A in registers: r[4], as mma_bf16() has it, the warp's 16 of the 64 rows (matrix.h); likewise wgmma_tf32
//   a last argument `false`: D = A·B
//
//   wgmma_fence(d);            before the first product, and wherever the threads themselves have touched d (or r) since
//   wgmma_fence();             the same while products still add to d and only r was touched
//   wgmma_commit();            closes a group of products
//   wgmma_wait<1>();           all groups but the newest 1 are done: the tiles they read may be written again
//   wgmma_wait<0>(d);          and the threads may touch d
//
//   setmaxnreg_dec<40>();      the warpgroup gives registers back and keeps so many a thread: a multiple of 8 from 24 to 256
//   setmaxnreg_inc<232>();     waits until it has so many; the simulated device has always enough
//
// Here n is 64, 128 or 256. With g = lane / 4 and t = lane % 4 of warp w a thread holds D's (16w + g + 8·(i / 2 % 2), 8·(i / 4) + 2t + i %
// 2) in d[i], i < n / 2.
//
// A descriptor says where an operand lies in shared memory (PTX ISA, "matrix descriptor" and "strides"): rows are of A, or of Bᵀ.
//   Major::k, memory has k contiguous: with a swizzle of S bytes eight rows lie S bytes apart, and the next eight `stride` bytes on;
//   `leading`
//     is not used. Without, eight rows of 16 bytes follow one another; the next eight are `stride` bytes on, the next 16 bytes of k
//     `leading`.
//   Major::mn, memory has the rows contiguous (bf16 only): with a swizzle 8 steps of k lie S bytes apart, the next eight `stride` bytes on,
//   and
//     the next S bytes of rows `leading`. Without, eight steps of k of 16 bytes follow one another; the next eight are `leading` bytes on,
//     the next 16 bytes of rows `stride`.
// That is how tensor_load() leaves a box whose innermost dimension is k (or the rows) and fills the swizzle's span. Operands begin at a
// multiple of swizzle_period(); Major::k also 32, 64 or 96 bytes into a span of 128 (or 64), for a later step of k.
#pragma once
#include <cstdint>

#include "kernels/ptx/device.h"
#include "kernels/tensor_map.h"
#ifdef DUEL_SIM
#include "kernels/sim/warpgroup.h"
#endif

namespace duel {

enum class Major : int { k, mn };

// `leading` and `stride`: multiples of 16 bytes.
struct MatrixDescriptor {
  uint64_t bits;
  HD MatrixDescriptor plus(int bytes) const { return {bits + static_cast<uint64_t>(bytes / 16)}; }  // begins so much further
};

#ifdef DUEL_SIM

DUEL_SIM_INLINE MatrixDescriptor matrix_descriptor(const void* at, int leading, int stride, Swizzle swizzle,
                                                   sim::Site site = sim::Site::here()) {
  return {sim::matrix_descriptor(at, leading, stride, swizzle, site)};
}
template <int n, Major a_major = Major::k, Major b_major = Major::k>
DUEL_SIM_INLINE void wgmma_bf16(float (&d)[n / 2], MatrixDescriptor a, MatrixDescriptor b, bool add = true,
                                sim::Site site = sim::Site::here()) {
  sim::count_multiplies(64 * n * 16 / 128, true);
  sim::wgmma({sim::WarpgroupType::bf16, n, a_major == Major::mn, b_major == Major::mn, add, d, nullptr, a.bits, b.bits}, site);
}
template <int n, Major b_major = Major::k>
DUEL_SIM_INLINE void wgmma_bf16(float (&d)[n / 2], const uint32_t (&a)[4], MatrixDescriptor b, bool add = true,
                                sim::Site site = sim::Site::here()) {
  sim::count_multiplies(64 * n * 16 / 128, true);
  sim::wgmma({sim::WarpgroupType::bf16, n, false, b_major == Major::mn, add, d, a, 0, b.bits}, site);
}
template <int n>
DUEL_SIM_INLINE void wgmma_tf32(float (&d)[n / 2], MatrixDescriptor a, MatrixDescriptor b, bool add = true,
                                sim::Site site = sim::Site::here()) {
  sim::count_multiplies(64 * n * 8 / 128, true);
  sim::wgmma({sim::WarpgroupType::tf32, n, false, false, add, d, nullptr, a.bits, b.bits}, site);
}
template <int n>
DUEL_SIM_INLINE void wgmma_tf32(float (&d)[n / 2], const uint32_t (&a)[4], MatrixDescriptor b, bool add = true,
                                sim::Site site = sim::Site::here()) {
  sim::count_multiplies(64 * n * 8 / 128, true);
  sim::wgmma({sim::WarpgroupType::tf32, n, false, false, add, d, a, 0, b.bits}, site);
}
DUEL_SIM_INLINE void wgmma_fence(sim::Site site = sim::Site::here()) { sim::wgmma_fence(site); }
template <int registers>
DUEL_SIM_INLINE void wgmma_fence(float (&)[registers], sim::Site site = sim::Site::here()) {
  sim::wgmma_fence(site);
}
DUEL_SIM_INLINE void wgmma_commit(sim::Site site = sim::Site::here()) { sim::wgmma_commit(site); }
template <int newest>
DUEL_SIM_INLINE void wgmma_wait(sim::Site site = sim::Site::here()) {
  static_assert(newest >= 0 && newest <= 7, "wgmma_wait leaves 0 to 7 groups");
  sim::wgmma_wait(newest, site);
}
template <int newest, int registers>
DUEL_SIM_INLINE void wgmma_wait(float (&)[registers], sim::Site site = sim::Site::here()) {
  wgmma_wait<newest>(site);
}
template <int registers>
DUEL_SIM_INLINE void setmaxnreg_dec(sim::Site site = sim::Site::here()) {
  static_assert(registers >= 24 && registers <= 256 && registers % 8 == 0, "a thread has 24 to 256 registers, a multiple of 8");
  sim::setmaxnreg(false, site);
}
template <int registers>
DUEL_SIM_INLINE void setmaxnreg_inc(sim::Site site = sim::Site::here()) {
  static_assert(registers >= 24 && registers <= 256 && registers % 8 == 0, "a thread has 24 to 256 registers, a multiple of 8");
  sim::setmaxnreg(true, site);
}

#elif defined(__CUDACC__)

__device__ inline MatrixDescriptor matrix_descriptor(const void* at, int leading, int stride, Swizzle swizzle) {
  const uint64_t address = static_cast<uint64_t>(__cvta_generic_to_shared(at));
  const uint64_t mode = swizzle == Swizzle::none ? 0 : 4 - static_cast<uint64_t>(swizzle);  // 1, 2, 3: 128, 64, 32 bytes
  return {(address & 0x3ffffu) >> 4 | static_cast<uint64_t>(leading / 16) << 16 | static_cast<uint64_t>(stride / 16) << 32 | mode << 62};
}

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

// The registers of D, by name and as operands.
#define DUEL_R10(a) "%" #a "0,%" #a "1,%" #a "2,%" #a "3,%" #a "4,%" #a "5,%" #a "6,%" #a "7,%" #a "8,%" #a "9"
#define DUEL_R32 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9," DUEL_R10(1) "," DUEL_R10(2) ",%30,%31"
#define DUEL_R64 DUEL_R32 ",%32,%33,%34,%35,%36,%37,%38,%39," DUEL_R10(4) "," DUEL_R10(5) ",%60,%61,%62,%63"
#define DUEL_R128 \
  DUEL_R64 ",%64,%65,%66,%67,%68,%69," DUEL_R10(7) "," DUEL_R10(8) "," DUEL_R10(9) "," DUEL_R10(10) "," DUEL_R10(11) ",%120,%121,%122,%123," \
                                                                                                                "%124,%125,%126,%127"
#define DUEL_D8(i) \
  "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define DUEL_D32(i) DUEL_D8(i), DUEL_D8(i + 8), DUEL_D8(i + 16), DUEL_D8(i + 24)
#define DUEL_D64(i) DUEL_D32(i), DUEL_D32(i + 32)
#define DUEL_D128(i) DUEL_D64(i), DUEL_D64(i + 64)
// The operands behind D's are numbered from n / 2 on; `predicate` names the one that says whether D's old value counts.
#define DUEL_WGMMA(shape, types, registers, d_operands, arguments, predicate, ...)                                                   \
  asm volatile("{\n .reg .pred p;\n setp.ne.b32 p, " predicate ", 0;\n wgmma.mma_async.sync.aligned." shape "." types " {" registers \
               "}, " arguments ";\n}"                                                                                                \
               : d_operands                                                                                                          \
               : __VA_ARGS__)

template <int n, Major a_major = Major::k, Major b_major = Major::k>
__device__ inline void wgmma_bf16(float (&d)[n / 2], MatrixDescriptor a, MatrixDescriptor b, bool add = true) {
  static_assert(n == 64 || n == 128 || n == 256, "n is 64, 128 or 256");
  constexpr int at = static_cast<int>(a_major), bt = static_cast<int>(b_major);
  if constexpr (n == 64)
    DUEL_WGMMA("m64n64k16", "f32.bf16.bf16", DUEL_R32, DUEL_D32(0), "%32, %33, p, 1, 1, %35, %36", "%34", "l"(a.bits), "l"(b.bits),
               "r"(static_cast<int>(add)), "n"(at), "n"(bt));
  else if constexpr (n == 128)
    DUEL_WGMMA("m64n128k16", "f32.bf16.bf16", DUEL_R64, DUEL_D64(0), "%64, %65, p, 1, 1, %67, %68", "%66", "l"(a.bits), "l"(b.bits),
               "r"(static_cast<int>(add)), "n"(at), "n"(bt));
  else
    DUEL_WGMMA("m64n256k16", "f32.bf16.bf16", DUEL_R128, DUEL_D128(0), "%128, %129, p, 1, 1, %131, %132", "%130", "l"(a.bits), "l"(b.bits),
               "r"(static_cast<int>(add)), "n"(at), "n"(bt));
}
template <int n, Major b_major = Major::k>
__device__ inline void wgmma_bf16(float (&d)[n / 2], const uint32_t (&a)[4], MatrixDescriptor b, bool add = true) {
  static_assert(n == 64 || n == 128 || n == 256, "n is 64, 128 or 256");
  constexpr int bt = static_cast<int>(b_major);
  if constexpr (n == 64)
    DUEL_WGMMA("m64n64k16", "f32.bf16.bf16", DUEL_R32, DUEL_D32(0), "{%32,%33,%34,%35}, %36, p, 1, 1, %38", "%37", "r"(a[0]), "r"(a[1]),
               "r"(a[2]), "r"(a[3]), "l"(b.bits), "r"(static_cast<int>(add)), "n"(bt));
  else if constexpr (n == 128)
    DUEL_WGMMA("m64n128k16", "f32.bf16.bf16", DUEL_R64, DUEL_D64(0), "{%64,%65,%66,%67}, %68, p, 1, 1, %70", "%69", "r"(a[0]), "r"(a[1]),
               "r"(a[2]), "r"(a[3]), "l"(b.bits), "r"(static_cast<int>(add)), "n"(bt));
  else
    DUEL_WGMMA("m64n256k16", "f32.bf16.bf16", DUEL_R128, DUEL_D128(0), "{%128,%129,%130,%131}, %132, p, 1, 1, %134", "%133", "r"(a[0]),
               "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b.bits), "r"(static_cast<int>(add)), "n"(bt));
}
template <int n>
__device__ inline void wgmma_tf32(float (&d)[n / 2], MatrixDescriptor a, MatrixDescriptor b, bool add = true) {
  static_assert(n == 64 || n == 128 || n == 256, "n is 64, 128 or 256");
  if constexpr (n == 64)
    DUEL_WGMMA("m64n64k8", "f32.tf32.tf32", DUEL_R32, DUEL_D32(0), "%32, %33, p, 1, 1", "%34", "l"(a.bits), "l"(b.bits),
               "r"(static_cast<int>(add)));
  else if constexpr (n == 128)
    DUEL_WGMMA("m64n128k8", "f32.tf32.tf32", DUEL_R64, DUEL_D64(0), "%64, %65, p, 1, 1", "%66", "l"(a.bits), "l"(b.bits),
               "r"(static_cast<int>(add)));
  else
    DUEL_WGMMA("m64n256k8", "f32.tf32.tf32", DUEL_R128, DUEL_D128(0), "%128, %129, p, 1, 1", "%130", "l"(a.bits), "l"(b.bits),
               "r"(static_cast<int>(add)));
}
template <int n>
__device__ inline void wgmma_tf32(float (&d)[n / 2], const uint32_t (&a)[4], MatrixDescriptor b, bool add = true) {
  static_assert(n == 64 || n == 128 || n == 256, "n is 64, 128 or 256");
  if constexpr (n == 64)
    DUEL_WGMMA("m64n64k8", "f32.tf32.tf32", DUEL_R32, DUEL_D32(0), "{%32,%33,%34,%35}, %36, p, 1, 1", "%37", "r"(a[0]), "r"(a[1]),
               "r"(a[2]), "r"(a[3]), "l"(b.bits), "r"(static_cast<int>(add)));
  else if constexpr (n == 128)
    DUEL_WGMMA("m64n128k8", "f32.tf32.tf32", DUEL_R64, DUEL_D64(0), "{%64,%65,%66,%67}, %68, p, 1, 1", "%69", "r"(a[0]), "r"(a[1]),
               "r"(a[2]), "r"(a[3]), "l"(b.bits), "r"(static_cast<int>(add)));
  else
    DUEL_WGMMA("m64n256k8", "f32.tf32.tf32", DUEL_R128, DUEL_D128(0), "{%128,%129,%130,%131}, %132, p, 1, 1", "%133", "r"(a[0]), "r"(a[1]),
               "r"(a[2]), "r"(a[3]), "l"(b.bits), "r"(static_cast<int>(add)));
}
#undef DUEL_WGMMA
#undef DUEL_D128
#undef DUEL_D64
#undef DUEL_D32
#undef DUEL_D8
#undef DUEL_R128
#undef DUEL_R64
#undef DUEL_R32
#undef DUEL_R10
// Keeps the compiler from moving its own accesses of d past this place: to it, d is set by the instruction and not by the wait.
template <int registers>
__device__ inline void wgmma_hold(float (&d)[registers]) {
#pragma unroll
  for (int i = 0; i < registers; ++i) asm volatile("" : "+f"(d[i])::"memory");
}
__device__ inline void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
template <int registers>
__device__ inline void wgmma_fence(float (&d)[registers]) {
  wgmma_hold(d);
  wgmma_fence();
}
__device__ inline void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int newest>
__device__ inline void wgmma_wait() {
  static_assert(newest >= 0 && newest <= 7, "wgmma_wait leaves 0 to 7 groups");
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(newest) : "memory");
}
template <int newest, int registers>
__device__ inline void wgmma_wait(float (&d)[registers]) {
  wgmma_wait<newest>();
  wgmma_hold(d);
}

template <int registers>
__device__ inline void setmaxnreg_dec() {
  static_assert(registers >= 24 && registers <= 256 && registers % 8 == 0, "a thread has 24 to 256 registers, a multiple of 8");
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(registers));
}
template <int registers>
__device__ inline void setmaxnreg_inc() {
  static_assert(registers >= 24 && registers <= 256 && registers % 8 == 0, "a thread has 24 to 256 registers, a multiple of 8");
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(registers));
}

#else  // compiled for 9.0a alone; the row's supports() asks for compute capability 9.0

template <int n, Major a_major = Major::k, Major b_major = Major::k>
__device__ inline void wgmma_bf16(float (&)[n / 2], MatrixDescriptor, MatrixDescriptor, bool = true) {
  __trap();
}
template <int n, Major b_major = Major::k>
__device__ inline void wgmma_bf16(float (&)[n / 2], const uint32_t (&)[4], MatrixDescriptor, bool = true) {
  __trap();
}
template <int n>
__device__ inline void wgmma_tf32(float (&)[n / 2], MatrixDescriptor, MatrixDescriptor, bool = true) {
  __trap();
}
template <int n>
__device__ inline void wgmma_tf32(float (&)[n / 2], const uint32_t (&)[4], MatrixDescriptor, bool = true) {
  __trap();
}
__device__ inline void wgmma_fence() { __trap(); }
template <int registers>
__device__ inline void wgmma_fence(float (&)[registers]) {
  __trap();
}
__device__ inline void wgmma_commit() { __trap(); }
template <int newest>
__device__ inline void wgmma_wait() {
  __trap();
}
template <int newest, int registers>
__device__ inline void wgmma_wait(float (&)[registers]) {
  __trap();
}
template <int registers>
__device__ inline void setmaxnreg_dec() {
  __trap();
}
template <int registers>
__device__ inline void setmaxnreg_inc() {
  __trap();
}

#endif
#endif

}  // namespace duel
