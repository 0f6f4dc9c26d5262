// Protocol Buffers as tests see them: fields by number, read back by other code than wrote them.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace duel::test {

// A message's fields in the order of the file. A varint, four or eight bytes stand in `number`, everything else in `bytes`.
struct Field {
  int field;
  uint64_t number = 0;
  std::string bytes;
};
using Fields = std::vector<Field>;

inline Fields fields_of(std::string_view m) {
  size_t at = 0;
  auto byte = [&] { return at < m.size() ? static_cast<uint8_t>(m[at++]) : throw std::runtime_error("cut short"); };
  auto varint = [&] {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const uint64_t b = byte();
      value |= (b & 127) << shift;
      if (b < 128) return value;
    }
  };
  Fields fields;
  while (at < m.size()) {
    const uint64_t tag = varint();
    Field f{static_cast<int>(tag >> 3)};
    if ((tag & 7) == 0) {
      f.number = varint();
    } else if ((tag & 7) == 5 || (tag & 7) == 1) {
      for (int i = 0; i < ((tag & 7) == 5 ? 4 : 8); ++i) f.number |= static_cast<uint64_t>(byte()) << (8 * i);
    } else if ((tag & 7) == 2) {
      const uint64_t length = varint();
      if (length > m.size() - at) throw std::runtime_error("longer than the message");
      f.bytes = m.substr(at, length), at += length;
    } else {
      throw std::runtime_error("a kind of field that nobody writes any more");
    }
    fields.push_back(std::move(f));
  }
  return fields;
}
inline std::vector<std::string> texts(const Fields& fields, int field) {
  std::vector<std::string> found;
  for (const Field& f : fields)
    if (f.field == field) found.push_back(f.bytes);
  return found;
}
inline std::vector<uint64_t> numbers(const Fields& fields, int field) {
  std::vector<uint64_t> found;
  for (const Field& f : fields)
    if (f.field == field) found.push_back(f.number);
  return found;
}

}  // namespace duel::test
