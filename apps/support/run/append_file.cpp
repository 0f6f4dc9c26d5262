#include "apps/support/run/append_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <utility>

#include "engine/io/atomic_file.h"
#include "kernels/error.h"

namespace duel {

AppendFile::AppendFile(const std::filesystem::path& path)
    : path_(path), file_(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (file_ < 0)
    fail(Failure::data, fmt::format("cannot write {}: {}; choose a place you can write to with --out", path.string(), strerror(errno)));
}

AppendFile::AppendFile(AppendFile&& other) noexcept : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  std::swap(path_, other.path_), std::swap(file_, other.file_);
  return *this;
}

AppendFile::~AppendFile() {
  if (file_ >= 0) close(file_);
}

void AppendFile::append(std::string_view bytes) {
  const off_t before = lseek(file_, 0, SEEK_END);
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = file_calls().write(file_, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int error = n < 0 ? errno : ENOSPC;
      if (before >= 0 && ftruncate(file_, before) != 0) {
      }  // whoever reads it drops a torn piece too
      fail(Failure::data, fmt::format("cannot append to {}: {}; make room or choose another disk, then go on with --resume", path_.string(),
                                      strerror(error)));
    }
    done += static_cast<size_t>(n);
  }
}

}  // namespace duel
