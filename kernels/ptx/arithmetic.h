// Arithmetic that rounds where it says.
#pragma once
#include <cmath>
#include <cstdint>

#include "kernels/ptx/device.h"

namespace duel {

// A product that the simulated GPU's counters see.
HD inline void count_multiply() {
#ifdef DUEL_SIM_CHECKED
  sim::count_multiplies(1, false);
#endif
}

// One rounding an operation, on every device: nvcc joins a*b+c into an fma where it can, host compilers are told not to. Functors that the
// CPU row and the CUDA row share use these where their bits must agree.
HD inline float mul_rn(float a, float b) {
  count_multiply();
#ifdef __CUDA_ARCH__
  return __fmul_rn(a, b);
#else
  return a * b;
#endif
}
HD inline float add_rn(float a, float b) {
#ifdef __CUDA_ARCH__
  return __fadd_rn(a, b);
#else
  return a + b;
#endif
}
HD inline double mul_rn(double a, double b) {
  count_multiply();
#ifdef __CUDA_ARCH__
  return __dmul_rn(a, b);
#else
  return a * b;
#endif
}
HD inline double add_rn(double a, double b) {
#ifdef __CUDA_ARCH__
  return __dadd_rn(a, b);
#else
  return a + b;
#endif
}
// IEEE 754 fusedMultiplyAdd: the same bits everywhere.
HD inline float fma_rn(float a, float b, float c) {
  count_multiply();
  return fmaf(a, b, c);
}
HD inline double fma_rn(double a, double b, double c) {
  count_multiply();
  return fma(a, b, c);
}

// To tf32, 10 bits of fraction: rounds to nearest, ties away from zero (PTX ISA, cvt.rna.tf32.f32). NaN becomes 0x7fffffff.
HD inline uint32_t to_tf32(float value) {
#ifdef __CUDA_ARCH__
  uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
  return bits;
#else
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fffffffu;
  if ((bits & 0x7fffffffu) == 0x7f800000u) return bits;
  return (bits + 0x1000u) & 0xffffe000u;
#endif
}

}  // namespace duel
