// Elements that can be mixed, and boxes of pixels: what the rows of mix_samples and paste_boxes share.
#pragma once
#include <cstdint>
#include <type_traits>

#include "kernels/dtype.h"

namespace duel {

constexpr bool mixes(DType t) { return is_floating(t) || t == DType::u8; }

// Calls f(TypeTag<T>{}) with the T of an element.
template <class F>
void with_mixed(DType t, F&& f) {
  if (t == DType::u8) f(TypeTag<uint8_t>{});
  else with_floating(t, f);
}

// A computed value as an element. A pixel is rounded to nearest, halves up, and clamped; NaN becomes 0.
template <class T, class A>
HD inline T mixed_element(A value) {
  if constexpr (std::is_same_v<T, uint8_t>)
    return value > A(0) ? value < A(255) ? static_cast<uint8_t>(static_cast<int>(value + A(0.5))) : uint8_t{255} : uint8_t{0};
  else return static_cast<T>(value);
}

HD inline bool in_box(const int32_t* box, int64_t row, int64_t column) {
  return row >= box[0] && column >= box[1] && row < box[2] && column < box[3];
}

}  // namespace duel
