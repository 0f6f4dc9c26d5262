#include "engine/io/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernels/error.h"

namespace duel {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `s`, 0 when there is none. (The Unicode Standard, table 3-7.)
size_t utf8_length(std::string_view s) {
  const auto byte = [&](size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
  const auto tail = [&](size_t i, unsigned low = 0x80, unsigned high = 0xbf) { return byte(i) >= low && byte(i) <= high; };
  const unsigned b = byte(0);
  if (b < 0x80) return 1;
  if (b >= 0xc2 && b <= 0xdf) return tail(1) ? 2 : 0;
  if (b >= 0xe0 && b <= 0xef) return tail(1, b == 0xe0 ? 0xa0 : 0x80, b == 0xed ? 0x9f : 0xbf) && tail(2) ? 3 : 0;
  if (b >= 0xf0 && b <= 0xf4) return tail(1, b == 0xf0 ? 0x90 : 0x80, b == 0xf4 ? 0x8f : 0xbf) && tail(2) && tail(3) ? 4 : 0;
  return 0;
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

std::string printable(std::string_view text, size_t most) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (i >= most) return out + "…";
    const unsigned char b = static_cast<unsigned char>(text[i]);
    const size_t length = utf8_length(text.substr(i));
    const bool c1 = length == 2 && b == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;  // control characters beyond ASCII
    if (length == 0 || b < 0x20 || b == 0x7f || c1) {
      const size_t count = length == 0 ? 1 : length;
      for (size_t k = 0; k < count; ++k) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i + k]));
      i += count;
    } else if (b == '\\') {
      out += "\\\\";
      ++i;
    } else {
      out.append(text.substr(i, length));
      i += length;
    }
  }
  return out;
}

std::string counted(uint64_t count, std::string_view noun) { return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s"); }

std::vector<std::byte> read_file(const std::string& path, uint64_t limit) {
  const auto refuse = [&](const std::string& why) { fail(Failure::data, fmt::format("cannot read '{}': {}", printable(path, 4096), why)); };
  const auto failed = [&](int error) {
    refuse(std::string(std::strerror(error)) + (error == ENOENT ? "; is its name right?" : error == EACCES ? "; make it readable" : ""));
  };
  // O_NONBLOCK: opening a pipe that nobody writes to must not hang.
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) failed(errno);
  struct stat info;
  if (::fstat(file.fd, &info) != 0) failed(errno);
  if (S_ISDIR(info.st_mode)) refuse("it is a folder, not a file");
  if (!S_ISREG(info.st_mode)) refuse("it is not a regular file");
  const uint64_t size = static_cast<uint64_t>(info.st_size);
  if (size > limit) refuse(fmt::format("it has {} bytes, more than the {} allowed for this kind of file", size, limit));
  std::vector<std::byte> bytes(size);
  size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::read(file.fd, bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failed(errno);
    if (got == 0) refuse(fmt::format("it shrank from {} to {} while being read", bytes.size(), counted(have, "byte")));
    have += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace duel
