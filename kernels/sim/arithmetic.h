// Arithmetic intrinsics. Those with a rounding in their name (__fmul_rn, __float2int_rz, …) and all integer ones give the GPU's bits. The
// fast approximations (__expf, …) and the library functions are the host's: within CUDA's documented error, not its bits.
#pragma once
#include <math.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/sim/runtime.h"

// min and max as CUDA overloads them at global scope; the floating ones drop a NaN, as fmin does.
#define DUEL_SIM_MIN_MAX(T, A, B)                                                                                     \
  constexpr T min(A a, B b) { return static_cast<T>(a) < static_cast<T>(b) ? static_cast<T>(a) : static_cast<T>(b); } \
  constexpr T max(A a, B b) { return static_cast<T>(a) > static_cast<T>(b) ? static_cast<T>(a) : static_cast<T>(b); }
DUEL_SIM_MIN_MAX(int, int, int)
DUEL_SIM_MIN_MAX(unsigned, unsigned, unsigned)
DUEL_SIM_MIN_MAX(unsigned, int, unsigned)
DUEL_SIM_MIN_MAX(unsigned, unsigned, int)
DUEL_SIM_MIN_MAX(long, long, long)
DUEL_SIM_MIN_MAX(unsigned long, unsigned long, unsigned long)
DUEL_SIM_MIN_MAX(unsigned long, long, unsigned long)
DUEL_SIM_MIN_MAX(unsigned long, unsigned long, long)
DUEL_SIM_MIN_MAX(long long, long long, long long)
DUEL_SIM_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
DUEL_SIM_MIN_MAX(unsigned long long, long long, unsigned long long)
DUEL_SIM_MIN_MAX(unsigned long long, unsigned long long, long long)
#undef DUEL_SIM_MIN_MAX
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }
inline double min(float a, double b) { return fmin(a, b); }
inline double max(float a, double b) { return fmax(a, b); }
inline double min(double a, float b) { return fmin(a, b); }
inline double max(double a, float b) { return fmax(a, b); }

// One rounding an operation: the product of __fmul_rn never joins an addition (the second compile has -ffp-contract=off).
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __frcp_rn(float a) { return 1.0f / a; }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __drcp_rn(double a) { return 1.0 / a; }
inline double __dsqrt_rn(double a) { return sqrt(a); }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }

// Bits.
inline float __int_as_float(int a) { return std::bit_cast<float>(a); }
inline int __float_as_int(float a) { return std::bit_cast<int>(a); }
inline float __uint_as_float(unsigned a) { return std::bit_cast<float>(a); }
inline unsigned __float_as_uint(float a) { return std::bit_cast<unsigned>(a); }
inline double __longlong_as_double(long long a) { return std::bit_cast<double>(a); }
inline long long __double_as_longlong(double a) { return std::bit_cast<long long>(a); }
inline int __double2hiint(double a) { return static_cast<int>(std::bit_cast<uint64_t>(a) >> 32); }
inline int __double2loint(double a) { return static_cast<int>(std::bit_cast<uint64_t>(a)); }
inline double __hiloint2double(int hi, int lo) {
  return std::bit_cast<double>(static_cast<uint64_t>(static_cast<unsigned>(hi)) << 32 | static_cast<unsigned>(lo));
}

inline int __popc(unsigned a) { return std::popcount(a); }
inline int __popcll(unsigned long long a) { return std::popcount(a); }
inline int __clz(int a) { return std::countl_zero(static_cast<unsigned>(a)); }
inline int __clzll(long long a) { return std::countl_zero(static_cast<unsigned long long>(a)); }
inline int __ffs(int a) { return __builtin_ffs(a); }
inline int __ffsll(long long a) { return __builtin_ffsll(a); }
inline unsigned __brev(unsigned a) {
  unsigned reversed = 0;
  for (int i = 0; i < 32; ++i, a >>= 1) reversed = reversed << 1 | (a & 1u);
  return reversed;
}
inline int __mulhi(int a, int b) { return static_cast<int>((static_cast<int64_t>(a) * b) >> 32); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((static_cast<uint64_t>(a) * b) >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>((static_cast<__uint128_t>(a) * b) >> 64);
}
inline unsigned __funnelshift_l(unsigned lo, unsigned hi, unsigned by) {
  return static_cast<unsigned>((static_cast<uint64_t>(hi) << 32 | lo) << (by & 31) >> 32);
}
inline unsigned __funnelshift_r(unsigned lo, unsigned hi, unsigned by) {
  return static_cast<unsigned>((static_cast<uint64_t>(hi) << 32 | lo) >> (by & 31));
}
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
  const uint64_t bytes = static_cast<uint64_t>(b) << 32 | a;
  unsigned result = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned pick = selector >> (4 * i) & 0xfu;
    unsigned byte = static_cast<unsigned>(bytes >> (8 * (pick & 7u))) & 0xffu;
    if (pick & 8u) byte = byte & 0x80u ? 0xffu : 0u;  // replicate the sign
    result |= byte << (8 * i);
  }
  return result;
}

namespace duel::sim {
// Conversion to an integer as the GPU does it: out of range saturates, NaN gives 0 (32 bits; PTX ISA, cvt).
template <class I, class F>
I convert(F rounded) {
  if (rounded != rounded) return 0;
  constexpr F low = static_cast<F>(std::numeric_limits<I>::min());
  constexpr F past = static_cast<F>(std::numeric_limits<I>::max() / 2 + 1) * F{2};
  return rounded < low ? std::numeric_limits<I>::min() : rounded >= past ? std::numeric_limits<I>::max() : static_cast<I>(rounded);
}
}  // namespace duel::sim

inline int __float2int_rn(float a) { return ::duel::sim::convert<int>(nearbyintf(a)); }
inline int __float2int_rz(float a) { return ::duel::sim::convert<int>(truncf(a)); }
inline int __float2int_rd(float a) { return ::duel::sim::convert<int>(floorf(a)); }
inline int __float2int_ru(float a) { return ::duel::sim::convert<int>(ceilf(a)); }
inline unsigned __float2uint_rn(float a) { return ::duel::sim::convert<unsigned>(nearbyintf(a)); }
inline unsigned __float2uint_rz(float a) { return ::duel::sim::convert<unsigned>(truncf(a)); }
inline unsigned __float2uint_rd(float a) { return ::duel::sim::convert<unsigned>(floorf(a)); }
inline unsigned __float2uint_ru(float a) { return ::duel::sim::convert<unsigned>(ceilf(a)); }
inline int __double2int_rn(double a) { return ::duel::sim::convert<int>(nearbyint(a)); }
inline int __double2int_rz(double a) { return ::duel::sim::convert<int>(trunc(a)); }
inline float __int2float_rn(int a) { return static_cast<float>(a); }
inline float __uint2float_rn(unsigned a) { return static_cast<float>(a); }
inline double __int2double_rn(int a) { return a; }
inline double __uint2double_rn(unsigned a) { return a; }
inline float __double2float_rn(double a) { return static_cast<float>(a); }

// Functions that CUDA has and the C library lacks, or has only in its newer versions, where they are extern "C".
extern "C" {
inline float rsqrtf(float a) noexcept { return static_cast<float>(1.0 / sqrt(static_cast<double>(a))); }
inline double rsqrt(double a) noexcept { return 1.0 / sqrt(a); }
inline double cospi(double a) noexcept { return cos(M_PI * fmod(a, 2.0)); }
inline double sinpi(double a) noexcept { return sin(M_PI * fmod(a, 2.0)); }
inline float cospif(float a) noexcept { return static_cast<float>(cospi(a)); }
inline float sinpif(float a) noexcept { return static_cast<float>(sinpi(a)); }
}
inline void sincospif(float a, float* s, float* c) { *s = sinpif(a), *c = cospif(a); }
inline void sincospi(double a, double* s, double* c) { *s = sinpi(a), *c = cospi(a); }
inline float normcdff(float a) { return static_cast<float>(0.5 * erfc(-static_cast<double>(a) * M_SQRT1_2)); }
inline double normcdf(double a) { return 0.5 * erfc(-a * M_SQRT1_2); }
inline float __frsqrt_rn(float a) { return rsqrtf(a); }
inline float __saturatef(float a) { return a > 0.0f ? (a < 1.0f ? a : 1.0f) : 0.0f; }  // NaN gives 0

// Fast approximations. glibc declares some of these names for itself, hence extern "C".
extern "C" {
inline float __expf(float a) noexcept { return expf(a); }
inline float __logf(float a) noexcept { return logf(a); }
inline float __log2f(float a) noexcept { return log2f(a); }
inline float __log10f(float a) noexcept { return log10f(a); }
inline float __powf(float a, float b) noexcept { return powf(a, b); }
inline float __sinf(float a) noexcept { return sinf(a); }
inline float __cosf(float a) noexcept { return cosf(a); }
inline float __tanf(float a) noexcept { return tanf(a); }
inline void __sincosf(float a, float* s, float* c) noexcept { *s = sinf(a), *c = cosf(a); }
}
inline float __exp10f(float a) { return exp10f(a); }
inline float __fdividef(float a, float b) { return a / b; }

// Cached loads and hinted stores: the hint changes speed only.
template <class T>
DUEL_SIM_INLINE T __ldg(const T* at) {
  return *at;
}
template <class T>
DUEL_SIM_INLINE T __ldcg(const T* at) {
  return *at;
}
template <class T>
DUEL_SIM_INLINE T __ldca(const T* at) {
  return *at;
}
template <class T>
DUEL_SIM_INLINE T __ldcs(const T* at) {
  return *at;
}
template <class T>
DUEL_SIM_INLINE void __stcg(T* at, std::type_identity_t<T> v) {
  *at = v;
}
template <class T>
DUEL_SIM_INLINE void __stcs(T* at, std::type_identity_t<T> v) {
  *at = v;
}
template <class T>
DUEL_SIM_INLINE void __stwt(T* at, std::type_identity_t<T> v) {
  *at = v;
}

[[noreturn]] inline void __trap(::duel::sim::Site site = ::duel::sim::Site::here()) { ::duel::sim::misuse("__trap()", site); }
