// What kernels/ptx.h's mul_rn and add_rn leave open: more operations that are rounded to nearest even once, by themselves, on every device.
// No fma: the oldest CPU level has none, and its library call does not vectorise.
#pragma once
#include <cmath>

#include "kernels/ptx.h"

namespace duel {

HD inline float sub_rn(float a, float b) { return add_rn(a, -b); }
HD inline double sub_rn(double a, double b) { return add_rn(a, -b); }

#ifdef __CUDA_ARCH__
HD inline float sqrt_rn(float a) { return __fsqrt_rn(a); }
HD inline double sqrt_rn(double a) { return __dsqrt_rn(a); }
#else
HD inline float sqrt_rn(float a) { return std::sqrt(a); }
HD inline double sqrt_rn(double a) { return std::sqrt(a); }
#endif

// Bits of a float and back; compilers make a register move of it, in vectors too.
HD inline uint32_t float_bits(float value) { return __builtin_bit_cast(uint32_t, value); }
HD inline float bits_float(uint32_t bits) { return __builtin_bit_cast(float, bits); }

}  // namespace duel
