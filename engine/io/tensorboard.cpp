#include "engine/io/tensorboard.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <vector>

#include "engine/io/bounded_reader.h"
#include "engine/io/crc32c.h"
#include "kernels/error.h"

namespace duel::tensorboard {
namespace {

using protobuf::Message;

// Field numbers of the .proto files.
constexpr int wall_time = 1, step_field = 2, file_version = 3, summary_field = 5, session_log = 7;  // Event
constexpr int session_status = 1, session_start = 1;                                                // SessionLog
constexpr int value_field = 1;                                                                      // Summary
constexpr int tag_field = 1, image_field = 4, histogram_field = 5;                                  // Summary.Value
constexpr int simple_value = 2;

uint32_t masked_crc(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

template <class T>
std::string little_endian(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::string framed(const Message& event) {
  const std::string length = little_endian<uint64_t>(event.bytes().size());
  return length + little_endian(masked_crc(length)) + event.bytes() + little_endian(masked_crc(event.bytes()));
}

Message event_at(double now, int64_t step) {
  Message event;
  event.real(wall_time, now), event.integer(step_field, step);
  return event;
}

}  // namespace

void Summary::scalar(const std::string& tag, double value) {
  Message entry;
  entry.text(tag_field, tag), entry.real(simple_value, static_cast<float>(value));
  message_.message(value_field, entry);
}

void Summary::add(const std::string& tag, int field, const Message& value) {
  Message entry;
  entry.text(tag_field, tag), entry.message(field, value);
  message_.message(value_field, entry);
}

void Summary::image(const std::string& tag, const Image& image) {
  const std::vector<uint8_t> png = encode_png(image);
  Message m;
  m.integer(1, image.h), m.integer(2, image.w), m.integer(3, image.c);
  m.text(4, {reinterpret_cast<const char*>(png.data()), png.size()});
  add(tag, image_field, m);
}

void Summary::histogram(const std::string& tag, const Histogram& h) {
  double sum = 0, squares = 0;
  std::vector<double> limits, counts;
  for (size_t i = 0; i < h.counts.size(); ++i) {
    const double n = static_cast<double>(h.counts[i]), at = h.middle(i);
    sum += n * at, squares += n * at * at;
    limits.push_back(i + 1 == h.counts.size() ? h.high : h.low + static_cast<double>(i + 1) * h.width());
    counts.push_back(n);
  }
  Message m;
  m.real(1, h.low), m.real(2, h.high), m.real(3, static_cast<double>(h.total())), m.real(4, sum), m.real(5, squares);
  m.reals(6, limits), m.reals(7, counts);
  add(tag, histogram_field, m);
}

std::string beginning(double now, int64_t from) {
  Message version = event_at(now, from);
  version.text(file_version, "brain.Event:2");
  std::string bytes = framed(version);
  if (from > 0) {
    Message start, event = event_at(now, from);
    start.integer(session_status, session_start), event.message(session_log, start);
    bytes += framed(event);
  }
  return bytes;
}

std::string record(double now, int64_t step, const Summary& summary) {
  Message event = event_at(now, step);
  event.message(summary_field, summary.message());
  return framed(event);
}

int64_t length_up_to(const std::string& path, int64_t step) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const int64_t size = file ? static_cast<int64_t>(file.tellg()) : -1;
  if (size < 0) fail(Failure::data, "cannot read " + path);
  file.seekg(0);
  const auto take = [&](size_t count) {
    std::string bytes(count, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(count));
    return bytes;
  };
  const auto number = [](const std::string& bytes, size_t at, auto kind) {
    decltype(kind) value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  };
  constexpr int64_t frame = 16;
  int64_t whole = 0;
  while (size - whole >= frame) {
    const std::string head = take(12);
    const uint64_t length = number(head, 0, uint64_t{});
    if (number(head, 8, uint32_t{}) != masked_crc(head.substr(0, 8)) || length > static_cast<uint64_t>(size - whole - frame)) break;
    const std::string event = take(length);
    if (!file || number(take(4), 0, uint32_t{}) != masked_crc(event)) break;
    // Every event that we write begins with its time and its step: a tag and eight bytes, a tag and a varint.
    if (event.size() < 11 || event[9] != step_field << 3) break;
    uint64_t at = 0;
    for (size_t i = 10, shift = 0; i < event.size() && shift < 64; ++i, shift += 7) {
      at |= static_cast<uint64_t>(event[i] & 127) << shift;
      if (!(event[i] & 128)) break;
    }
    if (static_cast<int64_t>(at) > step) break;
    whole += frame + static_cast<int64_t>(length);
  }
  return whole;
}

}  // namespace duel::tensorboard
