// Element types. f32 everywhere; f64 in every reference row; bf16 is storage, with f32 accumulation; i32 and u8 carry labels and images.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#define HD __host__ __device__
#elif defined(DUEL_SIM_CHECKED)
#define HD __attribute__((always_inline))  // so that the checker's lines have the kernel's behind them
#else
#define HD
#endif

namespace duel {

enum class DType : int { f32, bf16, f64, i32, u8 };

// bfloat16: the upper half of an f32. Conversion rounds to nearest even and keeps NaN a NaN (quiet), the same bits on every device.
struct bf16 {
  uint16_t bits;
  bf16() = default;
  HD explicit bf16(float value) {
    uint32_t u;
    memcpy(&u, &value, 4);
    bits = (u & 0x7fffffffu) > 0x7f800000u ? static_cast<uint16_t>((u >> 16) | 0x40u)
                                           : static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
  }
  HD explicit bf16(double value) : bf16(static_cast<float>(value)) {}
  HD operator float() const {
    const uint32_t u = static_cast<uint32_t>(bits) << 16;
    float value;
    memcpy(&value, &u, 4);
    return value;
  }
};

template <class T>
struct TypeTag {
  using type = T;
};

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::f32;
}
template <>
constexpr DType dtype_of<bf16>() {
  return DType::bf16;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::f64;
}
template <>
constexpr DType dtype_of<int32_t>() {
  return DType::i32;
}
template <>
constexpr DType dtype_of<uint8_t>() {
  return DType::u8;
}

constexpr size_t size_of(DType t) { return t == DType::f64 ? 8 : t == DType::bf16 ? 2 : t == DType::u8 ? 1 : 4; }
constexpr const char* name_of(DType t) {
  constexpr const char* names[] = {"f32", "bf16", "f64", "i32", "u8"};
  return names[static_cast<int>(t)];
}
constexpr bool is_floating(DType t) { return t == DType::f32 || t == DType::bf16 || t == DType::f64; }

// What a T is added up in, and what per-channel parameters and weight gradients of a T network are stored as: f64 for f64, else f32.
constexpr DType accumulator_of(DType t) { return t == DType::f64 ? DType::f64 : DType::f32; }
template <class T>
struct AccumulatorOf {
  using type = float;
};
template <>
struct AccumulatorOf<double> {
  using type = double;
};
template <class T>
using accumulator_t = typename AccumulatorOf<T>::type;

// Calls f(TypeTag<T>{}) with the T of a floating dtype.
template <class F>
void with_floating(DType t, F&& f) {
  if (t == DType::f64) f(TypeTag<double>{});
  else if (t == DType::bf16) f(TypeTag<bf16>{});
  else f(TypeTag<float>{});
}

}  // namespace duel
