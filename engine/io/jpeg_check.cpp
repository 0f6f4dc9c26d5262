#include <fmt/format.h>

#include <algorithm>

#include "engine/io/bounded_reader.h"
#include "engine/io/image_check.h"

namespace duel {
namespace {

struct JpegState {
  ImageHeader header;
  bool have_frame = false, progressive = false;
  int components = 0, scans = 0;
  bool tables[2][4] = {};  // Huffman tables defined so far: DC and AC
};

// T.81 B.2.4.2. A table may not have more codes of a length than that length can tell apart, nor more than 256 in all.
void read_huffman(BoundedReader segment, JpegState* state) {
  while (segment.left()) {
    const int id = segment.u8("a Huffman table's number");
    if ((id >> 4) > 1 || (id & 15) > 3) segment.refuse("a JPEG Huffman table with an impossible number");
    int count = 0, room = 1;
    for (int length = 1; length <= 16; ++length) {
      const int codes = segment.u8("a Huffman table's lengths");
      room = 2 * room - codes;
      count += codes;
      if (room < 0 || count > 256) segment.refuse("a JPEG Huffman table with more codes than its lengths allow");
    }
    if (count == 0) segment.refuse("a JPEG Huffman table with no codes");
    segment.take(static_cast<uint64_t>(count), "a Huffman table's symbols");
    state->tables[id >> 4][id & 15] = true;
  }
}

void read_frame(BoundedReader segment, const ImageLimits& limits, JpegState* state) {
  if (state->have_frame) segment.refuse("a JPEG with two frames");
  state->have_frame = true;
  const int precision = segment.u8("the precision"), h = segment.u16_big("the height"), w = segment.u16_big("the width");
  state->components = segment.u8("the number of components");
  if (precision != 8) segment.refuse(fmt::format("a JPEG of {} bits a sample; 8 are read", precision));
  if (w == 0 || h == 0 || w > limits.side || h > limits.side || int64_t{w} * h > limits.pixels)
    segment.refuse(fmt::format("a JPEG of {} × {} pixels; up to {} each way and {} in all are read", w, h, limits.side, limits.pixels));
  if (state->components != 1 && state->components != 3 && state->components != 4)
    segment.refuse(fmt::format("a JPEG of {} components; 1, 3 and 4 are read", state->components));
  segment.take(static_cast<uint64_t>(3 * state->components), "the components");
  segment.finish();
  state->header = {h, w, state->components == 1};
}

void read_scan(BoundedReader segment, JpegState* state) {
  if (!state->have_frame) segment.refuse("a JPEG scan before its frame");
  if (++state->scans > 100) segment.refuse("a JPEG of more than 100 scans");
  const int count = segment.u8("a scan's components");
  if (count < 1 || count > state->components) segment.refuse("a JPEG scan with an impossible number of components");
  unsigned dc = 0, ac = 0;  // tables used, one bit each
  for (int i = 0; i < count; ++i) {
    segment.u8("a scan's component");
    const int tables = segment.u8("a scan's tables");
    if ((tables >> 4) > 3 || (tables & 15) > 3) segment.refuse("a JPEG scan with an impossible Huffman table");
    dc |= 1u << (tables >> 4);
    ac |= 1u << (tables & 15);
  }
  const int start = segment.u8("a scan's start");
  segment.u8("a scan's end");
  const int high = segment.u8("a scan's bit position") >> 4;
  segment.finish();
  // Progressive scans code either DC (refinements of it have no codes) or AC; baseline scans both.
  const bool needs_dc = !state->progressive || (start == 0 && high == 0), needs_ac = !state->progressive || start > 0;
  for (int i = 0; i < 4; ++i)
    if ((needs_dc && (dc >> i & 1) && !state->tables[0][i]) || (needs_ac && (ac >> i & 1) && !state->tables[1][i]))
      segment.refuse("a JPEG scan that uses a Huffman table nobody defined");
}

// Behind the scan's header: to the next marker that is neither a stuffed zero nor a restart.
void skip_entropy_coded(std::span<const std::byte> bytes, BoundedReader* file) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  size_t i = file->position();
  for (; i + 1 < bytes.size(); ++i) {
    const void* found = std::memchr(bytes.data() + i, 0xff, bytes.size() - 1 - i);
    if (!found) break;
    i = static_cast<size_t>(static_cast<const std::byte*>(found) - bytes.data());
    const uint8_t next = at(i + 1);
    if (next == 0xff) continue;  // fill
    if (next == 0 || (next >= 0xd0 && next <= 0xd7)) {
      ++i;
      continue;
    }
    file->take(i - file->position(), "a scan");
    return;
  }
  file->refuse("truncated: a JPEG without an end");
}

}  // namespace

bool is_jpeg(std::span<const std::byte> file) {
  return file.size() >= 3 && file[0] == std::byte{0xff} && file[1] == std::byte{0xd8} && file[2] == std::byte{0xff};
}

ImageHeader check_jpeg(std::span<const std::byte> bytes, const std::string& source, const ImageLimits& limits) {
  BoundedReader file(bytes, source);
  JpegState state;
  file.take(2, "the start of the image");
  for (;;) {
    if (file.u8("a marker") != 0xff) file.refuse(fmt::format("damaged: no JPEG marker at offset {}", file.position() - 1));
    int marker = 0xff;
    while (marker == 0xff) marker = file.u8("a marker");
    if (marker == 0xd9) break;
    const uint64_t length = file.u16_big("a segment's length");
    if (length < 2) file.refuse("a JPEG segment shorter than its own length");
    const BoundedReader segment(file.take(length - 2, "a segment"), source);
    if (marker == 0xc4) {
      read_huffman(segment, &state);
    } else if (marker >= 0xc0 && marker <= 0xc2) {
      state.progressive = marker == 0xc2;
      read_frame(segment, limits, &state);
      // A block of 8×8 takes at least one bit, and a component has at least one block for each 64 pixels.
      const uint64_t pixels = static_cast<uint64_t>(state.header.w) * static_cast<uint64_t>(state.header.h);
      if (pixels / 512 > file.left())
        file.refuse(fmt::format("a JPEG that declares {} × {} pixels and has only {} for them", state.header.w, state.header.h,
                                counted(file.left(), "byte")));
    } else if (marker == 0xda) {
      read_scan(segment, &state);
      skip_entropy_coded(bytes, &file);
    } else if (marker == 0xdb || marker == 0xdc || marker == 0xdd || marker == 0xfe || (marker >= 0xe0 && marker <= 0xef)) {
      // tables of quantisation, number of lines, restart interval, comments and application data: nothing here that could mislead
    } else if (marker >= 0xc3 && marker <= 0xcf) {
      file.refuse("a JPEG with lossless, hierarchical or arithmetic coding; baseline and progressive are read");
    } else {
      file.refuse(fmt::format("a JPEG with an unexpected marker {:02x}", marker));
    }
  }
  if (state.scans == 0) file.refuse("a JPEG without an image in it");
  return state.header;
}

}  // namespace duel
