#include "apps/support/run/folder_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "kernels/error.h"

namespace duel {

FolderLock try_lock(const std::filesystem::path& folder) {
  const std::string name = folder / "lock";
  Descriptor file(open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));  // NFS locks only what is open for writing
  if (file.fd < 0 && (errno == EACCES || errno == EROFS)) file.fd = open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file.fd < 0) {
    if (errno == ENOENT || errno == EACCES || errno == EROFS) return {FolderLock::unlocked, std::move(file)};
    fail(Failure::data, fmt::format("cannot open {}: {}; choose a place you can write to with --out", name, strerror(errno)));
  }
  if (flock(file.fd, LOCK_EX | LOCK_NB) == 0) return {FolderLock::held, std::move(file)};
  return {errno == EWOULDBLOCK ? FolderLock::held_elsewhere : FolderLock::unlocked, std::move(file)};
}

bool is_lock_of(int lock, const std::filesystem::path& folder) {
  struct stat held {
  }, there{};
  return lock >= 0 && fstat(lock, &held) == 0 && stat((folder / "lock").c_str(), &there) == 0 && held.st_ino == there.st_ino &&
         held.st_dev == there.st_dev;
}

}  // namespace duel
