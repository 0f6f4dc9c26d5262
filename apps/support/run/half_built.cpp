#include "apps/support/run/half_built.h"

#include <ctype.h>
#include <errno.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <vector>

#include "kernels/error.h"

namespace duel {
namespace {

namespace fs = std::filesystem;

constexpr const char* taken_away = ".stale";  // behind the name while it is removed

bool is_half_built_name(std::string file, const std::string& name) {
  if (file.ends_with(taken_away)) file.resize(file.size() - strlen(taken_away));
  const std::string prefix = "." + name + ".";
  return file.starts_with(prefix) && file.size() == prefix.size() + 6 &&
         std::all_of(file.begin() + static_cast<long>(prefix.size()), file.end(), [](unsigned char c) { return isalnum(c); });
}

bool holds_nothing_else(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    const bool ours = name == "lock"
                          ? it->is_regular_file(error)
                          : (name == "samples" || name == "checkpoints") && it->is_directory(error) && fs::is_empty(it->path(), error);
    if (!ours || error) return false;
  }
  return !error;
}

}  // namespace

HalfBuilt make_half_built(const fs::path& parent, const std::string& name) {
  for (int tries = 0; tries < 100; ++tries) {
    std::string path = parent / ("." + name + ".XXXXXX");
    if (!mkdtemp(path.data()))
      fail(Failure::data, fmt::format("cannot make the run {}: {}; choose a place you can write to with --out", (parent / name).string(),
                                      strerror(errno)));
    std::error_code error;
    try {
      FolderLock lock = try_lock(path);
      const bool still_there = lock.file.fd >= 0 ? is_lock_of(lock.file.fd, path) : fs::exists(path, error);
      if (lock.state != FolderLock::held_elsewhere && still_there) return {path, std::move(lock.file)};
    } catch (const Error&) {
      fs::remove(path, error);
      throw;
    }
  }
  fail(Failure::data,
       fmt::format("cannot make the run {}: other processes keep taking its folder away; try again", (parent / name).string()));
}

void remove_half_built(const fs::path& parent, const std::string& name) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator it(parent, error), end; !error && it != end; it.increment(error))
    if (is_half_built_name(it->path().filename(), name) && fs::is_directory(it->symlink_status(error)) && holds_nothing_else(it->path()))
      found.push_back(it->path());
  for (fs::path folder : found) {
    try {
      const FolderLock lock = try_lock(folder);
      if (lock.state != FolderLock::held || !is_lock_of(lock.file.fd, folder)) continue;
      if (!folder.string().ends_with(taken_away)) {
        const fs::path renamed = folder.string() + taken_away;
        fs::rename(folder, renamed);
        folder = renamed;
      }
      for (const char* part : {"samples", "checkpoints", "lock"}) fs::remove(folder / part);
      fs::remove(folder);  // as the two folders above, only while it is empty
    } catch (const Error&) {
    } catch (const fs::filesystem_error&) {
    }
  }
}

}  // namespace duel
