// The lock of a run folder: the file `lock` in it, held by flock while a process trains there. flock belongs to the open file, so it ends
// with the process, however that ends. A process that is not killed removes the file as well (RunFolder), while it holds the lock.
#pragma once
#include <unistd.h>

#include <filesystem>
#include <utility>

namespace duel {

// Closes the descriptor unless it is released.
struct Descriptor {
  int fd = -1;
  explicit Descriptor(int fd) : fd(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd(other.release()) {}
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  int release() { return std::exchange(fd, -1); }
};

// unlocked: there is nothing to lock (the folder has gone, or it is read-only and has no lock), or the file system knows no locks (ENOLCK,
// ENOSYS); it is trained on without one. `file` is the open lock, −1 where there is none.
struct FolderLock {
  enum { held, held_elsewhere, unlocked } state;
  Descriptor file;
};
// Throws Failure::data where the lock cannot be opened for another reason.
FolderLock try_lock(const std::filesystem::path& folder);

// Between opening a lock and holding it, another process may have moved the folder away, or removed the lock. Whoever gets one has to ask,
// and to try again where the answer is no: then two processes never hold what each takes for the lock of one folder.
bool is_lock_of(int lock, const std::filesystem::path& folder);

}  // namespace duel
