#include "engine/io/atomic_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "engine/io/file.h"
#include "kernels/error.h"

namespace duel {
namespace {

constexpr const char* suffix = ".duel-tmp";

bool folder_exists(const std::string& path) {
  struct stat info;
  const size_t slash = path.rfind('/');
  return slash == std::string::npos || ::stat(path.substr(0, slash + 1).c_str(), &info) == 0;
}

int call_open(const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); }

void split_path(const std::string& path, std::string* folder, std::string* name) {
  const size_t slash = path.rfind('/');
  *folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  *name = slash == std::string::npos ? path : path.substr(slash + 1);
}

// `.NAME.12-3.duel-tmp` of this NAME: digits, a dash, digits, so that the temporary files of `a` and of `a.b` are told apart.
bool is_temporary_of(const std::string& entry, const std::string& name) {
  const std::string head = "." + name + ".";
  const size_t tail = std::strlen(suffix);
  if (entry.size() <= head.size() + tail || entry.compare(0, head.size(), head) != 0) return false;
  if (entry.compare(entry.size() - tail, tail, suffix) != 0) return false;
  const std::string middle = entry.substr(head.size(), entry.size() - head.size() - tail);
  const size_t dash = middle.find('-');
  if (dash == std::string::npos || dash == 0 || dash + 1 == middle.size()) return false;
  return std::all_of(middle.begin(), middle.end(), [&](const char& c) { return (c >= '0' && c <= '9') || &c == &middle[dash]; });
}

// Removes what a killed program left. Its lock died with it; a lock that is held belongs to a writer at work. Best effort: on a file system
// without locks, or where removing is refused, the leftover stays and does no harm.
void remove_leftovers(const std::string& folder, const std::string& name) {
  DIR* entries = ::opendir(folder.c_str());
  if (!entries) return;
  while (const dirent* entry = ::readdir(entries)) {
    if (!is_temporary_of(entry->d_name, name)) continue;
    const std::string path = folder + "/" + entry->d_name;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) continue;
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) file_calls().unlink(path.c_str());
    ::close(fd);
  }
  ::closedir(entries);
}

}  // namespace

FileCalls& file_calls() {
  static FileCalls calls{call_open, ::write, ::fsync, ::close, ::rename, ::unlink};
  return calls;
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  static std::atomic<long> count{0};
  std::string name;
  split_path(path_, &folder_, &name);
  if (name.empty()) give_up("write", EISDIR);
  remove_leftovers(folder_, name);
  for (;;) {
    temporary_ = fmt::format("{}/.{}.{}-{}{}", folder_, name, ::getpid(), count.fetch_add(1), suffix);
    fd_ = file_calls().open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd_ < 0 && (errno == EEXIST || errno == EINTR)) continue;
    if (fd_ < 0) {
      const int error = errno;
      temporary_.clear();
      give_up("write", error);
    }
    while (::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
    // Between open and lock another program's clean-up may have taken the file for a leftover.
    struct stat info;
    if (::fstat(fd_, &info) == 0 && info.st_nlink > 0) return;
    file_calls().close(fd_);
    fd_ = -1;
  }
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
  if (!temporary_.empty()) file_calls().unlink(temporary_.c_str());
  temporary_.clear();
  if (fd_ >= 0) file_calls().close(fd_);
  fd_ = -1;
}

void AtomicFile::give_up(const char* what, int error) {
  discard();
  const char* hint = error == ENOSPC || error == EDQUOT                    ? "; free some space or choose another folder"
                     : error == EACCES || error == EPERM || error == EROFS ? "; choose a folder you may write to"
                     : error == ENOENT && !folder_exists(path_)            ? "; create the folder first"
                     : error == ENOENT                                     ? "; no file can be made there, choose another folder"
                                                                           : "";
  fail(Failure::data, fmt::format("cannot {} '{}': {}{}", what, printable(path_, 4096), std::strerror(error), hint));
}

void AtomicFile::write(const void* data, size_t bytes) {
  const char* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t wrote = file_calls().write(fd_, from, bytes);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) give_up("write", errno);
    if (wrote == 0) give_up("write", EIO);  // no progress and no reason given: trying again could go on for ever
    from += wrote;
    bytes -= static_cast<size_t>(wrote);
  }
}

void AtomicFile::commit() {
  while (file_calls().fsync(fd_) != 0)
    if (errno != EINTR) give_up("flush", errno);
  const int fd = fd_;
  // Renamed while still open, so that the lock keeps others from taking it for a leftover.
  if (file_calls().rename(temporary_.c_str(), path_.c_str()) != 0) give_up("replace", errno);
  temporary_.clear();
  fd_ = -1;
  if (file_calls().close(fd) != 0 && errno != EINTR) give_up("close", errno);
  int folder = file_calls().open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  while (folder < 0 && errno == EINTR) folder = file_calls().open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (folder < 0) give_up("flush the folder of", errno);
  int error = 0;
  while (file_calls().fsync(folder) != 0) {
    error = errno;
    if (error != EINTR) break;
    error = 0;
  }
  file_calls().close(folder);
  if (error && error != EINVAL && error != ENOTSUP) give_up("flush the folder of", error);  // those two: a file system that need not
}

void write_file_atomic(const std::string& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes.data(), bytes.size());
  file.commit();
}
void write_file_atomic(const std::string& path, const std::string& text) { write_file_atomic(path, std::as_bytes(std::span(text))); }

}  // namespace duel
