#include "apps/support/train/tuned_file.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <omp.h>
#include <sys/file.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "apps/support/run/folder_lock.h"
#include "engine/io/atomic_file.h"
#include "engine/io/file.h"

namespace duel {
namespace {

namespace fs = std::filesystem;

constexpr const char* format = "duel tuned rows 1";
constexpr uint64_t most_bytes = 64 << 20;

std::string hash_of(const void* data, size_t bytes) { return fmt::format("{:016x}", static_cast<uint64_t>(XXH3_64bits(data, bytes))); }

// "libdnnl.so.2.6", "libcudnn.so.9.1.0": what rows call is not in their own library.
int add_library(dl_phdr_info* info, size_t, void* names) {
  std::error_code error;
  const std::string name = fs::canonical(info->dlpi_name, error).filename().string();
  for (const char* wanted : {"libdnnl.", "libcublas", "libcudnn"})
    if (name.starts_with(wanted)) static_cast<std::set<std::string>*>(names)->insert(name);
  return 0;
}

std::string build_of(Device device) {
  std::set<std::string> files, below;
  for (const Row& row : rows()) {
    Dl_info info;
    if (row.device == device && dladdr(reinterpret_cast<void*>(row.run), &info) && info.dli_fname) files.insert(info.dli_fname);
  }
  std::string all;
  for (const std::string& file : files) {
    const std::vector<std::byte> bytes = read_file(fs::canonical(file).string(), INT64_MAX);
    all += hash_of(bytes.data(), bytes.size());
  }
  dl_iterate_phdr(add_library, &below);
  std::string text = hash_of(all.data(), all.size());
  for (const std::string& name : below) text += " " + name;
  return text;
}

// Held while the file is read and written anew; without one where the file system knows none.
struct Lock {
  Descriptor file;
  explicit Lock(const fs::path& path) : file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (file.fd >= 0) flock(file.fd, LOCK_EX);
  }
};

}  // namespace

nlohmann::ordered_json tuned_machine(Device device, bool baselines) {
  return {{"device", fmt::format("{}: {}", name_of(device), backend(device).description())},
          {"threads", omp_get_max_threads()},
          {"build", build_of(device)},
          {"baselines", baselines}};
}

fs::path tuned_folder() {
  // "All paths set in these environment variables must be absolute. If an implementation encounters a relative path … it should consider
  // the path invalid and ignore it." (XDG Base Directory Specification)
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && fs::path(cache).is_absolute()) return fs::path(cache) / "duel";
  if (const char* home = std::getenv("HOME"); home && fs::path(home).is_absolute()) return fs::path(home) / ".cache" / "duel";
  return {};
}

TunedFile::TunedFile(const fs::path& folder, nlohmann::ordered_json machine, std::string program)
    : machine_(std::move(machine)), program_(std::move(program)) {
  if (folder.empty()) {
    give_up("neither XDG_CACHE_HOME nor HOME names a folder for the winners");
    return;
  }
  const std::string text = machine_.dump();
  path_ = folder / fmt::format("rows-{}.json", hash_of(text.data(), text.size()));
  read();
}

void TunedFile::give_up(const std::string& why) {
  if (!keeps()) return;
  trouble_ = why;
  fmt::print(stderr, "{}: --tune: {}; what is timed now is used in this run and not remembered\n", program_, why);
}

bool TunedFile::read() {
  std::error_code error;
  if (!fs::exists(path_, error) && !error) return true;
  const auto damaged = [&](const char* why) {
    give_up(fmt::format("{} {}, delete it to begin anew", path_.string(), why));
    return false;
  };
  try {
    const std::vector<std::byte> bytes = read_file(path_.string(), most_bytes);
    const char* text = reinterpret_cast<const char*>(bytes.data());
    const nlohmann::ordered_json json = nlohmann::ordered_json::parse(text, text + bytes.size(), nullptr, false);
    if (json.is_discarded() || !json.is_object()) return damaged("is not JSON");
    if (json.value("format", nlohmann::ordered_json()) != format) return damaged("is not a file of tuned rows");
    if (json.value("machine", nlohmann::ordered_json()) != machine_) return damaged("is another machine's or build's");
    const nlohmann::ordered_json winners = json.value("winners", nlohmann::ordered_json());
    if (!winners.is_object()) return damaged("is damaged");
    for (const auto& [problem, winner] : winners.items())
      if (!winner.is_object() || !winner.value("row", nlohmann::ordered_json()).is_string()) return damaged("is damaged");
    winners_ = winners;
    return true;
  } catch (const Error& e) {
    give_up(e.what());
    return false;
  }
}

std::string TunedFile::find(const std::string& problem) {
  const auto found = winners_.find(problem);
  return found == winners_.end() ? "" : found->at("row").get<std::string>();
}

std::string TunedFile::keep(const std::string& problem, const TimedRow& winner, const std::vector<TimedRow>& rows) {
  if (!keeps()) return winner.name;
  std::error_code error;
  fs::create_directories(path_.parent_path(), error);
  const Lock lock(path_.string() + ".lock");
  if (!read()) return winner.name;
  const std::string earlier = find(problem);
  if (std::any_of(rows.begin(), rows.end(), [&](const TimedRow& row) { return row.name == earlier; })) return earlier;
  nlohmann::ordered_json seconds = nlohmann::ordered_json::object();
  for (const TimedRow& row : rows)
    if (std::isfinite(row.seconds)) seconds[row.name] = {{"median", row.seconds}, {"fastest", row.fastest}};
  winners_[problem] = {{"row", winner.name}, {"seconds", seconds}};
  try {
    write_file_atomic(path_.string(),
                      nlohmann::ordered_json{{"format", format}, {"machine", machine_}, {"winners", winners_}}.dump(1) + "\n");
  } catch (const Error& e) {
    give_up(e.what());
  }
  return winner.name;
}

}  // namespace duel
