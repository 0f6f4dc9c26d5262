// What unary, binary and cast do to one element: written once for the reference (in f64), the CPU and the GPU (in the accumulator's type).
#pragma once
#include <type_traits>

#include "kernels/pointwise/math.h"
#include "kernels/pointwise/pointwise.h"

namespace duel {

// The operand's element that meets result element i.
HD inline int64_t spread_index(Spread s, int64_t i, int64_t inner, int64_t c) {
  return s == Spread::full      ? i
         : s == Spread::scalar  ? 0
         : s == Spread::channel ? i % c
         : s == Spread::sample  ? i / inner
                                : i / inner * c + i % c;
}

// fn(x) with the problem's a and b. `fn` is a constant in inner loops, a variable where memory is waited for anyway.
template <UnaryFn fn, class T>
HD T unary_value(T x, T a, T b) {
  if constexpr (fn == UnaryFn::identity) return x;
  if constexpr (fn == UnaryFn::neg) return -x;
  if constexpr (fn == UnaryFn::abs) return math::abs(x);
  if constexpr (fn == UnaryFn::sign) return x > T(0) ? T(1) : x < T(0) ? T(-1) : x;
  if constexpr (fn == UnaryFn::square) return x * x;
  if constexpr (fn == UnaryFn::sqrt) return math::sqrt(x);
  if constexpr (fn == UnaryFn::rsqrt) return T(1) / math::sqrt(x);
  if constexpr (fn == UnaryFn::reciprocal) return T(1) / x;
  if constexpr (fn == UnaryFn::exp) return math::exp(x);
  if constexpr (fn == UnaryFn::log) return math::log(x);
  if constexpr (fn == UnaryFn::softplus) return math::softplus(x);
  if constexpr (fn == UnaryFn::sin) return math::sin(x);
  if constexpr (fn == UnaryFn::cos) return math::cos(x);
  if constexpr (fn == UnaryFn::affine) return a * x + b;
  if constexpr (fn == UnaryFn::clamp) return x < a ? a : x > b ? b : x;
  if constexpr (fn == UnaryFn::inside) return ((x >= a) & (x <= b)) ? T(1) : T(0);
  if constexpr (fn == UnaryFn::step) return x > T(0) ? T(1) : a;
}

template <BinaryFn fn, class T>
HD T binary_value(T a, T b) {
  if constexpr (fn == BinaryFn::add) return a + b;
  if constexpr (fn == BinaryFn::sub) return a - b;
  if constexpr (fn == BinaryFn::mul) return a * b;
  if constexpr (fn == BinaryFn::div) return a / b;
  if constexpr (fn == BinaryFn::maximum) return ((a > b) | (a != a)) ? a : b;  // a NaN b fails the comparison and is returned
  if constexpr (fn == BinaryFn::minimum) return ((a < b) | (a != a)) ? a : b;
  if constexpr (fn == BinaryFn::greater) return a > b ? T(1) : T(0);
  if constexpr (fn == BinaryFn::bce_logits) return math::softplus(a) - a * b;
}

// Calls f(std::integral_constant<UnaryFn, fn>{}): turns the variable into a constant.
template <class F>
HD void with_unary_fn(UnaryFn fn, F&& f) {
  switch (fn) {
    case UnaryFn::identity:
      return f(std::integral_constant<UnaryFn, UnaryFn::identity>{});
    case UnaryFn::neg:
      return f(std::integral_constant<UnaryFn, UnaryFn::neg>{});
    case UnaryFn::abs:
      return f(std::integral_constant<UnaryFn, UnaryFn::abs>{});
    case UnaryFn::sign:
      return f(std::integral_constant<UnaryFn, UnaryFn::sign>{});
    case UnaryFn::square:
      return f(std::integral_constant<UnaryFn, UnaryFn::square>{});
    case UnaryFn::sqrt:
      return f(std::integral_constant<UnaryFn, UnaryFn::sqrt>{});
    case UnaryFn::rsqrt:
      return f(std::integral_constant<UnaryFn, UnaryFn::rsqrt>{});
    case UnaryFn::reciprocal:
      return f(std::integral_constant<UnaryFn, UnaryFn::reciprocal>{});
    case UnaryFn::exp:
      return f(std::integral_constant<UnaryFn, UnaryFn::exp>{});
    case UnaryFn::log:
      return f(std::integral_constant<UnaryFn, UnaryFn::log>{});
    case UnaryFn::softplus:
      return f(std::integral_constant<UnaryFn, UnaryFn::softplus>{});
    case UnaryFn::sin:
      return f(std::integral_constant<UnaryFn, UnaryFn::sin>{});
    case UnaryFn::cos:
      return f(std::integral_constant<UnaryFn, UnaryFn::cos>{});
    case UnaryFn::affine:
      return f(std::integral_constant<UnaryFn, UnaryFn::affine>{});
    case UnaryFn::clamp:
      return f(std::integral_constant<UnaryFn, UnaryFn::clamp>{});
    case UnaryFn::inside:
      return f(std::integral_constant<UnaryFn, UnaryFn::inside>{});
    case UnaryFn::step:
      return f(std::integral_constant<UnaryFn, UnaryFn::step>{});
  }
}

template <class F>
HD void with_binary_fn(BinaryFn fn, F&& f) {
  switch (fn) {
    case BinaryFn::add:
      return f(std::integral_constant<BinaryFn, BinaryFn::add>{});
    case BinaryFn::sub:
      return f(std::integral_constant<BinaryFn, BinaryFn::sub>{});
    case BinaryFn::mul:
      return f(std::integral_constant<BinaryFn, BinaryFn::mul>{});
    case BinaryFn::div:
      return f(std::integral_constant<BinaryFn, BinaryFn::div>{});
    case BinaryFn::maximum:
      return f(std::integral_constant<BinaryFn, BinaryFn::maximum>{});
    case BinaryFn::minimum:
      return f(std::integral_constant<BinaryFn, BinaryFn::minimum>{});
    case BinaryFn::greater:
      return f(std::integral_constant<BinaryFn, BinaryFn::greater>{});
    case BinaryFn::bce_logits:
      return f(std::integral_constant<BinaryFn, BinaryFn::bce_logits>{});
  }
}

// One element converted. Floating → integer: nearest, ties to even, saturating, NaN → 0. f64 and i32 → bf16 go by way of f32.
template <class To, class From>
HD To cast_value(From x) {
  if constexpr (std::is_same_v<To, From>) {
    return x;
  } else if constexpr (std::is_same_v<From, bf16>) {
    return cast_value<To>(static_cast<float>(x));
  } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    constexpr From low = std::is_same_v<To, uint8_t> ? From(0) : From(-2147483648.0);
    constexpr From past = std::is_same_v<To, uint8_t> ? From(255) : From(2147483648.0);  // the first value that saturates
    constexpr To most = std::is_same_v<To, uint8_t> ? To(255) : To(2147483647);
    const From whole = ::rint(x);
    return whole >= past ? most : whole >= low ? static_cast<To>(whole) : x < low ? static_cast<To>(low) : To(0);
  } else if constexpr (std::is_same_v<To, uint8_t>) {
    return static_cast<uint8_t>(x < 0 ? 0 : x > 255 ? 255 : x);  // from i32
  } else if constexpr (std::is_same_v<To, bf16>) {
    return bf16(static_cast<float>(x));
  } else {
    return static_cast<To>(x);
  }
}

// Calls f(TypeTag<T>{}) with the T of any dtype.
template <class F>
void with_dtype(DType t, F&& f) {
  if (t == DType::i32) f(TypeTag<int32_t>{});
  else if (t == DType::u8) f(TypeTag<uint8_t>{});
  else with_floating(t, f);
}

}  // namespace duel
