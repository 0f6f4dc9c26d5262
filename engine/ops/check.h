// Shape checks shared by the ops. Messages lead with [op], print the shapes and end with a hint.
#pragma once
#include <fmt/format.h>

#include <concepts>

#include "engine/tensor.h"

// Tensors, shapes and problems print as their text(), so that a message can be given what it is about instead of words on it.
template <class T>
requires requires(const T& value) {
  { value.text() } -> std::same_as<std::string>;
}
struct fmt::formatter<T> : fmt::formatter<std::string> {
  auto format(const T& value, fmt::format_context& context) const { return fmt::formatter<std::string>::format(value.text(), context); }
};

namespace duel {

// The message is put together where the check fails and only there: a training step makes thousands of them that pass.
template <class... Args>
void check(bool right, const char* op, fmt::format_string<const Args&...> message, const Args&... args) {
  if (!right) [[unlikely]]
    fail(Failure::usage, fmt::format("[{}] {}", op, fmt::format(message, args...)));
}
inline void check_floating(const char* op, const Tensor& x) {
  check(static_cast<bool>(x), op, "an input is undefined");
  check(is_floating(x.dtype()), op, "wants floating-point input, not {}; cast() it first", x);
}
inline void check_like(const char* op, const Tensor& a, const Tensor& b) {
  check_floating(op, a), check_floating(op, b);
  check(a.device() == b.device(), op, "inputs on different devices: {} and {}; move one with to()", a, b);
  check(a.dtype() == b.dtype(), op, "inputs of different dtypes: {} and {}; cast() one", a, b);
}

}  // namespace duel
