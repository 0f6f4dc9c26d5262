// Base64 (RFC 4648, section 4), for pictures inside a page.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

namespace duel {

inline std::string base64(std::span<const uint8_t> bytes) {
  constexpr const char* letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t have = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < have ? bytes[i + k] : 0u);
    for (size_t k = 0; k < 4; ++k) out += k <= have ? letters[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

}  // namespace duel
