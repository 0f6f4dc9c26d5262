// Protocol Buffers' wire format, as much of it as writers of ONNX and of TensorBoard's events need:
// https://protobuf.dev/programming-guides/encoding. A message is a sequence of fields, each a varint of (number << 3 | kind) and then a
// varint, four or eight bytes, or a length and so many bytes.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace duel::protobuf {

enum class Kind { varint = 0, eight_bytes = 1, sized = 2, four_bytes = 5 };

class Message {
 public:
  const std::string& bytes() const { return bytes_; }

  void integer(int field, int64_t value) { tag(field, Kind::varint), varint(static_cast<uint64_t>(value)); }
  void real(int field, float value) { tag(field, Kind::four_bytes), raw(value); }
  void real(int field, double value) { tag(field, Kind::eight_bytes), raw(value); }
  void reals(int field, std::span<const double> values) {  // repeated and packed
    tag(field, Kind::sized), varint(values.size_bytes());
    for (const double v : values) raw(v);
  }
  void text(int field, std::string_view value) { tag(field, Kind::sized), varint(value.size()), bytes_.append(value); }
  void message(int field, const Message& inner) { text(field, inner.bytes_); }

 private:
  void tag(int field, Kind kind) { varint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(kind)); }
  // Seven bits a byte, the lowest first; the eighth says that more follow.
  void varint(uint64_t value) {
    for (; value >= 128; value >>= 7) bytes_.push_back(static_cast<char>(value | 128));
    bytes_.push_back(static_cast<char>(value));
  }
  template <class T>
  void raw(T value) {  // little-endian, as all that Duel runs on
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    bytes_.append(bytes, sizeof value);
  }
  std::string bytes_;
};

}  // namespace duel::protobuf
