// CRC-32C, the check sum by Castagnoli's polynomial: RFC 3720, appendix B.4. (zlib has the other one, CRC-32.)
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace duel {

inline uint32_t crc32c(std::string_view bytes) {
  static constexpr auto table = [] {
    std::array<uint32_t, 256> remainders{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t r = byte;
      for (int bit = 0; bit < 8; ++bit) r = r & 1 ? r >> 1 ^ 0x82f63b78u : r >> 1;  // the polynomial 1EDC6F41, its bits turned round
      remainders[byte] = r;
    }
    return remainders;
  }();
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<uint8_t>(c)) & 255];
  return ~crc;
}

}  // namespace duel
