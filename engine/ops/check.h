// Shape checks shared by the ops. Messages lead with [op], print the shapes and end with a hint.
#pragma once
#include <fmt/format.h>

#include "engine/tensor.h"

namespace duel {

inline void check(bool right, const char* op, const std::string& message) {
  if (!right) fail(Failure::usage, fmt::format("[{}] {}", op, message));
}
inline void check_floating(const char* op, const Tensor& x) {
  check(static_cast<bool>(x), op, "an input is undefined");
  check(is_floating(x.dtype()), op, fmt::format("wants floating-point input, not {}; cast() it first", x.text()));
}
inline void check_like(const char* op, const Tensor& a, const Tensor& b) {
  check_floating(op, a), check_floating(op, b);
  check(a.device() == b.device(), op, fmt::format("inputs on different devices: {} and {}; move one with to()", a.text(), b.text()));
  check(a.dtype() == b.dtype(), op, fmt::format("inputs of different dtypes: {} and {}; cast() one", a.text(), b.text()));
}

}  // namespace duel
