// MD5 (RFC 1321), to hold data sets against the sums they are published with.
#pragma once
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

namespace duel::test {

inline std::string md5(std::string text) {
  constexpr int shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  const uint64_t bits = text.size() * 8;
  text += '\x80';
  text.resize((text.size() + 8 + 63) / 64 * 64, '\0');
  std::memcpy(text.data() + text.size() - 8, &bits, 8);
  uint32_t sines[64];
  for (int i = 0; i < 64; ++i) sines[i] = static_cast<uint32_t>(std::floor(std::fabs(std::sin(i + 1.0)) * 4294967296.0));
  for (size_t block = 0; block < text.size(); block += 64) {
    uint32_t words[16];
    std::memcpy(words, text.data() + block, 64);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    for (int i = 0; i < 64; ++i) {
      const int round = i / 16;
      const uint32_t f = round == 0 ? (b & c) | (~b & d) : round == 1 ? (b & d) | (c & ~d) : round == 2 ? b ^ c ^ d : c ^ (b | ~d);
      const int word = round == 0 ? i : round == 1 ? (5 * i + 1) % 16 : round == 2 ? (3 * i + 5) % 16 : 7 * i % 16;
      const uint32_t sum = a + f + sines[i] + words[word];
      const int s = shifts[round][i % 4];
      a = d;
      d = c;
      c = b;
      b += sum << s | sum >> (32 - s);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
  }
  std::string out;
  for (const uint32_t word : state)
    for (int shift = 0; shift < 32; shift += 8) out += fmt::format("{:02x}", word >> shift & 255);
  return out;
}

}  // namespace duel::test
