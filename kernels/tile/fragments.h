// What a warp multiplies at once, read from tiles in shared memory: 16 of k in bf16; 8 of k in f32, as three products of tf32, or in tf32
// as the one of them that is left if f32's accuracy is not wanted.
//
// A float is the sum of two tf32 numbers up to 2⁻²² of it, so a·b = a₁b₁ + a₁b₀ + a₀b₁ up to that too: f32's accuracy at a third of tf32's
// rate (Ootomo and Yokota, "Recovering single precision accuracy from Tensor Cores while surpassing the FP32 theoretical peak
// performance", 2022).
#pragma once
#include "kernels/tile/shared_tile.h"

namespace duel {

// Numbers that memory holds as f32, and that are multiplied as tf32.
struct tf32 {};

template <class T>
struct Fragments;

template <>
struct Fragments<bf16> {
  using Element = bf16;
  static constexpr int k = 16;
  static constexpr bool transposing_load = true;  // ldmatrix turns 16-bit elements
  struct A {
    uint32_t r[4];
  };
  struct B {
    uint32_t r[2];
  };

  // A's 16×16 at (m0, k0): matrices in the order (0, 0), (8, 0), (0, 8), (8, 8) of (m, k). along_k: the tile's rows are of k.
  template <bool along_k, class Tile>
  static __device__ A load_a(Tile& tile, int m0, int k0, int lane) {
    A a;
    if constexpr (along_k) ldmatrix(a.r, tile.at(m0 + lane % 16, k0 / 8 + lane / 16));
    else ldmatrix_transposed(a.r, tile.at(k0 + lane % 8 + lane / 16 * 8, m0 / 8 + lane / 8 % 2));
    return a;
  }
  // B's 16×16 at (k0, n0), two fragments side by side: (0, 0), (8, 0), (0, 8), (8, 8) of (k, n).
  template <bool along_k, class Tile>
  static __device__ void load_b(B (&b)[2], Tile& tile, int k0, int n0, int lane) {
    uint32_t r[4];
    if constexpr (along_k) ldmatrix(r, tile.at(n0 + lane % 8 + lane / 16 * 8, k0 / 8 + lane / 8 % 2));
    else ldmatrix_transposed(r, tile.at(k0 + lane % 16, n0 / 8 + lane / 16));
    for (int j = 0; j < 2; ++j) b[j] = {{r[2 * j], r[2 * j + 1]}};
  }
  static __device__ void multiply(float (&d)[4], const A& a, const B& b) { mma_bf16(d, a.r, b.r); }
};

// Operand<registers>: what is kept of a fragment's floats, one a register.
template <template <int> class Operand>
struct FloatFragments {
  using Element = float;
  static constexpr int k = 8;
  static constexpr bool transposing_load = false;
  using A = Operand<4>;
  using B = Operand<2>;

  template <bool along_k, class Tile>
  static __device__ A load_a(Tile& tile, int m0, int k0, int lane) {
    float v[4];
    if constexpr (along_k) {
      uint32_t r[4];  // a matrix is eight rows of four floats
      ldmatrix(r, tile.at(m0 + lane % 16, k0 / 4 + lane / 16));
      for (int i = 0; i < 4; ++i) v[i] = __uint_as_float(r[i]);
    } else {
      for (int i = 0; i < 4; ++i) v[i] = tile.value(k0 + lane % 4 + i / 2 * 4, m0 + lane / 4 + i % 2 * 8);
    }
    A a;
    for (int i = 0; i < 4; ++i) a.set(i, v[i]);
    return a;
  }
  template <bool along_k, class Tile>
  static __device__ void load_b(B (&b)[2], Tile& tile, int k0, int n0, int lane) {
    float v[4];
    if constexpr (along_k) {
      uint32_t r[4];
      ldmatrix(r, tile.at(n0 + lane % 8 + lane / 16 * 8, k0 / 4 + lane / 8 % 2));
      for (int i = 0; i < 4; ++i) v[i] = __uint_as_float(r[i]);
    } else {
      for (int i = 0; i < 4; ++i) v[i] = tile.value(k0 + lane % 4 + i % 2 * 4, n0 + lane / 4 + i / 2 * 8);
    }
    for (int i = 0; i < 4; ++i) b[i / 2].set(i % 2, v[i]);
  }
};

template <int registers>
struct SplitFloats {
  uint32_t high[registers], low[registers];
  __device__ void set(int i, float v) {
    high[i] = to_tf32(v);
    low[i] = to_tf32(v - __uint_as_float(high[i]));
  }
};
template <>
struct Fragments<float> : FloatFragments<SplitFloats> {
  static __device__ void multiply(float (&d)[4], const A& a, const B& b) {  // the small terms first
    mma_tf32(d, a.low, b.high);
    mma_tf32(d, a.high, b.low);
    mma_tf32(d, a.high, b.high);
  }
};

template <int registers>
struct RoundedFloats {
  uint32_t high[registers];
  __device__ void set(int i, float v) { high[i] = to_tf32(v); }
};
template <>
struct Fragments<tf32> : FloatFragments<RoundedFloats> {
  static __device__ void multiply(float (&d)[4], const A& a, const B& b) { mma_tf32(d, a.high, b.high); }
};

}  // namespace duel
