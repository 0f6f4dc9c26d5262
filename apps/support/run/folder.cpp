#include "apps/support/run/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "apps/support/run/half_built.h"
#include "engine/io/atomic_file.h"
#include "engine/io/file.h"
#include "kernels/error.h"

namespace duel {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string& what, const fs::path& path, int error, const std::string& hint) {
  fail(Failure::data, fmt::format("cannot {} {}: {}; {}", what, path.string(), strerror(error), hint));
}
constexpr const char* event_name = "events.out.tfevents.";  // TensorBoard finds its files by it, and reads them in the order of their names
constexpr const char* other_place = "choose a place you can write to with --out";

// Removes what a failed create() has made: the half-built folder, then the parents that were not there before.
struct Scaffold {
  fs::path building;
  std::vector<fs::path> parents;
  ~Scaffold() {
    std::error_code ignored;
    if (!building.empty()) fs::remove_all(building, ignored);
    for (size_t i = parents.size(); i-- > 0;) fs::remove(parents[i], ignored);  // only while empty
  }
  void keep() {
    building.clear();
    parents.clear();
  }
};

int lock_folder(const fs::path& folder) {
  FolderLock lock = try_lock(folder);
  if (lock.state == FolderLock::held_elsewhere)
    fail(Failure::data, fmt::format("another process is training in {}; wait for it or choose another name with --out", folder.string()));
  return lock.file.release();
}

fs::path tidy(const fs::path& path) {
  fs::path clean = path.lexically_normal();
  if (!clean.has_filename()) clean = clean.parent_path();  // "runs/demo/"
  const fs::path name = clean.filename();
  if (name.empty() || name == "." || name == ".." || clean == clean.root_path())
    fail(Failure::usage, fmt::format("'{}' names no run folder; give a name such as --out runs/demo", path.string()));
  return clean;
}

void make_parents(const fs::path& folder, Scaffold& scaffold) {
  if (folder.empty()) return;
  struct stat info {};
  if (stat(folder.c_str(), &info) == 0) {
    if (!S_ISDIR(info.st_mode)) refuse("make a run inside", folder, ENOTDIR, other_place);
    return;
  }
  if (errno != ENOENT) refuse("reach", folder, errno, other_place);
  make_parents(folder.parent_path(), scaffold);
  if (mkdir(folder.c_str(), 0777) == 0) scaffold.parents.push_back(folder);
  else if (errno != EEXIST) refuse("make the folder", folder, errno, other_place);  // EEXIST: another process was quicker
}

void make_folder(const fs::path& folder) {
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) refuse("make the folder", folder, errno, other_place);
}

// Removes the lock that this process holds, so that none stays behind. Whoever opened it before finds, once it has it, that it is a lock of
// nothing any more (is_lock_of), and tries again. Where there are no settings yet, the lock is what shows the folder to be a run.
void remove_lock(int lock, const fs::path& folder) {
  std::error_code ignored;
  if (is_lock_of(lock, folder) && fs::exists(folder / "config.json", ignored)) fs::remove(folder / "lock", ignored);
}

// Renames without ever replacing anything; file systems that cannot promise it get a check first.
int rename_new(const fs::path& from, const fs::path& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  struct stat info {};
  if (lstat(to.c_str(), &info) == 0) return EEXIST;
  return rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

// Both refuse a folder that this user may not look into: what is in it might be anything. `path` is its name in the refusal.
bool has_entry(int folder, const fs::path& path, const char* name) {
  if (faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return true;
  if (errno == EACCES) refuse("look into", path, errno, other_place);
  return false;
}

bool is_empty(int folder, const fs::path& path) {
  const int listed = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listed < 0 && errno == EACCES) refuse("look into", path, errno, other_place);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(listed), closedir);
  if (!entries) return true;  // gone meanwhile, as the caller will find out
  while (const dirent* entry = readdir(entries.get()))
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) return false;
  return true;
}

bool is_still(int folder, const fs::path& path) {
  struct stat opened {
  }, named{};
  return fstat(folder, &opened) == 0 && stat(path.c_str(), &named) == 0 && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// Moves an earlier run out of the way and returns its new name; its lock is held meanwhile, so nobody is training in it. Empty when another
// process was quicker, which is for the caller to look at again.
fs::path set_aside(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(path, error))) return "";
  // Looked at through a descriptor: other processes may put another run under the name between one look and the next.
  const Descriptor folder(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd < 0 && errno == ENOENT && !fs::is_symlink(path, error)) return "";
  if (folder.fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    refuse("make the run", path, EEXIST, "it is no folder; choose another name with --out");
  if (folder.fd < 0) refuse("look into", path, errno, other_place);
  if (!has_entry(folder.fd, path, "lock") && !has_entry(folder.fd, path, "config.json") && !is_empty(folder.fd, path)) {
    if (!is_still(folder.fd, path)) return "";
    fail(Failure::data, fmt::format("{} exists and is not a run (no config.json in it); choose another name with --out", path.string()));
  }
  const Descriptor lock(lock_folder(path));
  if (lock.fd >= 0 ? !is_lock_of(lock.fd, path) : !fs::exists(path, error)) return "";
  for (int64_t number = 1;; number++) {
    const fs::path kept = path.string() + "." + std::to_string(number);
    const int failed = rename_new(path, kept);
    if (failed == 0) {
      remove_lock(lock.fd, kept);
      return kept;
    }
    if (failed != EEXIST && failed != ENOTEMPTY) refuse("keep the earlier run as", kept, failed, other_place);
  }
}

}  // namespace

RunFolder RunFolder::create(const fs::path& wanted) {
  const fs::path path = tidy(wanted), parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  Scaffold scaffold;
  make_parents(path.parent_path(), scaffold);
  remove_half_built(parent, path.filename());
  HalfBuilt half = make_half_built(parent, path.filename());
  const fs::path building = scaffold.building = half.path;
  const mode_t mask = umask(0);
  umask(mask);
  chmod(building.c_str(), 0777 & ~mask);  // mkdtemp made it private
  for (const char* folder : {"samples", "checkpoints"}) make_folder(building / folder);

  RunFolder run(path, -1);
  // rename() takes the place of nothing or of an empty folder. Another process may get there first; then its run is an earlier one.
  for (int tries = 0; rename(building.c_str(), path.c_str()) != 0; tries++) {
    if ((errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) || tries == 100) refuse("make the run", path, errno, other_place);
    const fs::path kept = set_aside(path);
    if (!kept.empty()) run.previous_ = kept;
  }
  scaffold.keep();
  run.built_as_ = building;
  run.lock_ = half.lock.release();
  run.metrics_.open();
  return run;
}

RunFolder RunFolder::resume(const fs::path& wanted) {
  const fs::path path = tidy(wanted);
  std::error_code error;
  for (;;) {
    if (!fs::exists(path / "config.json", error))
      fail(Failure::data, fmt::format("there is no run to resume in {} (no config.json); leave out --resume to start one", path.string()));
    RunFolder run(path, lock_folder(path));
    if (run.lock_ >= 0 && !is_lock_of(run.lock_, path)) continue;  // its process has just ended and removed it, or moved the run away
    for (const char* folder : {"samples", "checkpoints"}) make_folder(path / folder);
    // Metrics that were deleted stay so until the run goes on: a resume that is refused must not hide the loss.
    if (fs::exists(run.metrics(), error)) run.metrics_.open();
    return run;
  }
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : path_(std::move(other.path_)),
      previous_(std::move(other.previous_)),
      built_as_(std::exchange(other.built_as_, {})),
      lock_(std::exchange(other.lock_, -1)),
      metrics_(std::move(other.metrics_)),
      speed_(std::move(other.speed_)),
      exceptions_(other.exceptions_) {}

RunFolder::~RunFolder() {
  if (!built_as_.empty() && std::uncaught_exceptions() > exceptions_) take_away();
  remove_lock(lock_, path_);
  if (lock_ >= 0) close(lock_);
}

// Back to the name it was built under, so that no other process meets a folder half removed. Never fails: what cannot be removed stays.
void RunFolder::take_away() const {
  std::error_code error;
  if (lock_ >= 0 && !is_lock_of(lock_, path_)) return;
  if (!fs::is_empty(checkpoints(), error) || error) return;
  for (fs::directory_iterator it(path_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    if (name != "lock" && name != "samples" && name != "checkpoints" && name != "config.json" && name != "metrics.jsonl") return;
  }
  if (error || rename_new(path_, built_as_) != 0) return;
  try {
    if (!previous_.empty()) {
      const FolderLock lock = try_lock(previous_);
      const bool unused = lock.state == FolderLock::held && is_lock_of(lock.file.fd, previous_);
      if (unused) remove_lock(lock.file.fd, rename_new(previous_, path_) == 0 ? path_ : previous_);
    }
  } catch (const Error&) {
  }
  fs::remove_all(built_as_, error);
}

std::vector<fs::path> RunFolder::event_files() const {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(path_, error), end; !error && it != end; it.increment(error))
    if (const std::string name = it->path().filename(); name.starts_with(event_name) && name.ends_with(".duel"))
      found.push_back(it->path());
  std::sort(found.begin(), found.end());
  return found;
}

fs::path RunFolder::next_event_file() const {
  const std::vector<fs::path> earlier = event_files();
  const int last = earlier.empty() ? 0 : atoi(earlier.back().filename().c_str() + strlen(event_name));
  return path_ / fmt::format("{}{:04}.duel", event_name, last + 1);
}

fs::path RunFolder::sample(int64_t step) const { return path_ / "samples" / fmt::format("step_{:08}.png", step); }

std::vector<std::pair<int64_t, fs::path>> RunFolder::samples_up_to(int64_t step) const {
  std::vector<std::pair<int64_t, fs::path>> found;
  std::error_code error;
  for (fs::directory_iterator it(path_ / "samples", error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with("step_") || !name.ends_with(".png")) continue;
    int64_t at = -1;
    const char *first = name.data() + 5, *last = name.data() + name.size() - 4;
    const auto parsed = std::from_chars(first, last, at);
    if (parsed.ec == std::errc() && parsed.ptr == last && at >= 0 && at <= step) found.emplace_back(at, it->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void RunFolder::write_config(const Json& value) const {
  write_file_atomic(config().string(), value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Json RunFolder::read_config() const {
  const std::vector<std::byte> bytes = read_file(config().string(), 1 << 20);
  const char* text = reinterpret_cast<const char*>(bytes.data());
  Json value = Json::parse(text, text + bytes.size(), nullptr, false);
  if (!value.is_object()) fail(Failure::data, fmt::format("{} is no JSON object; restore it or start a fresh run", config().string()));
  return value;
}

}  // namespace duel
