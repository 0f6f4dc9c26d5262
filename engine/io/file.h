// Reading whole files, and printing what came out of one and how much.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace duel {

// Names and text from outside, made fit to print: control characters, quotes' escapes and bytes that are not UTF-8 become \xNN, and what is
// longer than `most` bytes is cut with an ellipsis.
std::string printable(std::string_view text, size_t most = 200);

// "1 image", "2 images". For nouns whose plural is an s.
std::string counted(uint64_t count, std::string_view noun);

// The bytes of a regular file. Throws Error(data) naming the path: missing, unreadable, not a regular file, larger than `limit` bytes, or
// changed while being read. The size is held against the limit before a byte is allocated.
std::vector<std::byte> read_file(const std::string& path, uint64_t limit);

}  // namespace duel
