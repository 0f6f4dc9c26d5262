// TensorBoard's event files as tests see them: read back by other code than wrote them, every check sum looked at.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/protobuf_reader.h"

namespace duel::test {

struct EventHistogram {
  double low = 0, high = 0, count = 0;
  std::vector<double> limits, counts;
};

struct Event {
  double time = 0;
  int64_t step = 0;
  std::string version;
  bool start = false;  // what earlier files say of this step and later ones is to be forgotten
  std::map<std::string, double> scalars;
  std::map<std::string, std::string> pngs;
  std::map<std::string, EventHistogram> histograms;
};

// Bit by bit, from the definition in RFC 3720.
inline uint32_t crc32c_bitwise(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char c : bytes)
    for (int bit = 0; bit < 8; ++bit) {
      const bool carry = (crc ^ static_cast<uint8_t>(c) >> bit) & 1;
      crc = crc >> 1 ^ (carry ? 0x82f63b78u : 0);
    }
  return ~crc;
}
inline uint32_t unmasked(uint32_t masked) {
  const uint32_t rotated = masked - 0xa282ead8u;
  return rotated >> 17 | rotated << 15;
}

inline Event event_of(std::string_view bytes) {
  const auto doubles = [](const std::string& packed) {
    std::vector<double> values(packed.size() / 8);
    std::memcpy(values.data(), packed.data(), values.size() * 8);
    return values;
  };
  Event event;
  for (const Field& f : fields_of(bytes)) {
    if (f.field == 1) event.time = std::bit_cast<double>(f.number);
    if (f.field == 2) event.step = static_cast<int64_t>(f.number);
    if (f.field == 3) event.version = f.bytes;
    if (f.field == 7) event.start = numbers(fields_of(f.bytes), 1).at(0) == 1;
    if (f.field != 5) continue;
    for (const std::string& entry : texts(fields_of(f.bytes), 1)) {
      const Fields value = fields_of(entry);
      const std::string tag = texts(value, 1).at(0);
      for (const uint64_t v : numbers(value, 2)) event.scalars[tag] = std::bit_cast<float>(static_cast<uint32_t>(v));
      for (const std::string& image : texts(value, 4)) event.pngs[tag] = texts(fields_of(image), 4).at(0);
      for (const std::string& histogram : texts(value, 5)) {
        const Fields h = fields_of(histogram);
        const auto real = [&](int field) { return std::bit_cast<double>(numbers(h, field).at(0)); };
        event.histograms[tag] = {real(1), real(2), real(3), doubles(texts(h, 6).at(0)), doubles(texts(h, 7).at(0))};
      }
    }
  }
  return event;
}

// The events of a file's bytes, which must be whole records with right check sums to the end.
inline std::vector<Event> events_of(std::string_view file) {
  std::vector<Event> events;
  const auto take = [&](size_t count) {
    if (count > file.size()) throw std::runtime_error("an event file that is cut short");
    const std::string_view piece = file.substr(0, count);
    file.remove_prefix(count);
    return piece;
  };
  const auto number = [](std::string_view bytes) {
    uint64_t value = 0;
    for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
    return value;
  };
  while (!file.empty()) {
    const std::string_view length = take(8);
    REQUIRE(unmasked(static_cast<uint32_t>(number(take(4)))) == crc32c_bitwise(length));
    const std::string_view event = take(number(length));
    REQUIRE(unmasked(static_cast<uint32_t>(number(take(4)))) == crc32c_bitwise(event));
    events.push_back(event_of(event));
  }
  return events;
}

inline std::vector<std::filesystem::path> event_files(const std::filesystem::path& run) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(run))
    if (entry.path().filename().string().find("tfevents") != std::string::npos) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace duel::test
