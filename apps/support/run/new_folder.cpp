#include "apps/support/run/new_folder.h"

#include <errno.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <string.h>

#include <fstream>
#include <sstream>

#include "engine/io/file.h"
#include "kernels/error.h"

namespace duel {
namespace {

namespace fs = std::filesystem;

constexpr const char* list_of_files =
    ".duel-files";  // what was written, a line each; hidden, so that no reader of pictures takes it for one

[[noreturn]] void cannot(const char* what, const fs::path& path, const std::string& why) {
  fail(Failure::data, fmt::format("cannot {} '{}': {}; choose a place you can write to", what, printable(path.string(), 4096), why));
}

}  // namespace

void NewFolder::check_free() const {
  std::error_code error;
  const auto refuse = [&](const std::string& why) {
    fail(Failure::usage, fmt::format("--out {}: {}", printable(place_.string(), 4096), why));
  };
  if (!fs::exists(fs::symlink_status(place_, error))) return;
  if (!fs::is_directory(fs::symlink_status(place_, error))) refuse("it is there and no folder; name a new one");
  if (fs::is_empty(place_)) return;
  if (!fs::is_regular_file(place_ / list_of_files)) refuse("it holds something else; name a new folder");
  if (!replace_) refuse("it is there already; name a new folder, or replace it with --force");
  const std::vector<std::byte> bytes = read_file((place_ / list_of_files).string(), uint64_t{1} << 30);
  std::istringstream lines(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  std::set<std::string> own{list_of_files};
  for (std::string line; std::getline(lines, line);) own.insert(line);
  for (const auto& entry : fs::recursive_directory_iterator(place_)) {
    const std::string name = fs::relative(entry.path(), place_).string();
    if (!entry.is_directory() && !own.count(name))
      refuse(fmt::format("'{}' in it was not written with the rest, so it is not replaced; name a new folder", printable(name)));
  }
}

NewFolder::NewFolder(const std::string& place, bool replace) : replace_(replace) {
  place_ = fs::path(place).lexically_normal();
  if (place_.filename().empty()) place_ = place_.parent_path();  // "folder/"
  if (place.empty() || place_.filename() == "." || place_.filename() == ".." || place_.filename().empty())
    fail(Failure::usage, fmt::format("--out '{}': give the folder a name of its own", printable(place)));
  check_free();
  const fs::path parent = place_.has_parent_path() ? place_.parent_path() : fs::path(".");
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) cannot("make", place_, error.message());
  std::string name = parent / ("." + place_.filename().string() + ".XXXXXX");
  if (!mkdtemp(name.data())) cannot("make", place_, strerror(errno));
  path_ = name;
  fs::permissions(path_, fs::status(parent, error).permissions() & fs::perms(0777), error);  // mkdtemp's are for nobody else
}

NewFolder::~NewFolder() {
  std::error_code error;
  if (!finished_) fs::remove_all(path_, error);
}

void NewFolder::write(const std::string& name, std::span<const std::byte> bytes) {
  const fs::path file = path_ / name;
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) cannot("make", file.parent_path(), error.message());
  errno = 0;
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) cannot("write", place_ / name, errno ? strerror(errno) : "the write failed");
  written_.insert(name);
}

void NewFolder::finish() {
  std::string list;
  for (const std::string& name : written_) list += name + "\n";
  write(list_of_files, list);
  check_free();  // again: it took a while
  std::error_code error;
  const fs::path old = path_.string() + ".old";
  const bool there = fs::exists(place_, error) && !fs::is_empty(place_, error);
  if (there) fs::rename(place_, old, error);
  if (error) cannot("replace", place_, error.message());
  fs::rename(path_, place_, error);
  if (error) {
    std::error_code ignored;
    if (there) fs::rename(old, place_, ignored);
    cannot("make", place_, error.message());
  }
  finished_ = true;
  if (there) fs::remove_all(old, error);
}

}  // namespace duel
