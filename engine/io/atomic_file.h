// Files that are either the old one or the new one, never half of one, whatever ends the program in between: the bytes go to a temporary
// file in the same folder, which is flushed to the disk, renamed over the old one, and then the folder is flushed too.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>

namespace duel {

// What AtomicFile calls. Tests replace members to see a full disk, a failing one, short writes and refused access; restore them after.
struct FileCalls {
  int (*open)(const char* path, int flags, mode_t mode);
  ssize_t (*write)(int fd, const void* data, size_t bytes);
  int (*fsync)(int fd);
  int (*close)(int fd);
  int (*rename)(const char* from, const char* to);
  int (*unlink)(const char* path);
};
FileCalls& file_calls();

// One file being written. Until commit() returns, a file already at `path` is untouched; without commit() the temporary one is removed.
// The temporary file is `.NAME.PID-COUNT.duel-tmp` beside it, locked while in use; one that a killed program left behind is recognised by
// its name and free lock, and removed by the next AtomicFile of the same path. Every function throws Error(data) with path and reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes);
  void commit();

 private:
  [[noreturn]] void give_up(const char* what, int error);
  void discard();
  std::string path_, folder_, temporary_;
  int fd_ = -1;
};

void write_file_atomic(const std::string& path, std::span<const std::byte> bytes);
void write_file_atomic(const std::string& path, const std::string& text);

}  // namespace duel
