#include "apps/support/study/folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "apps/support/study/plan.h"
#include "engine/io/atomic_file.h"
#include "engine/io/file.h"
#include "kernels/error.h"

namespace duel {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t most_bytes = uint64_t{1} << 30;

std::string text_of(const fs::path& file) {
  const std::vector<std::byte> bytes = read_file(file.string(), most_bytes);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Refuses what is neither empty nor a study, before anything is written.
fs::path checked(const fs::path& path) {
  if (path.empty()) fail(Failure::usage, "--out names no folder");
  const bool there = fs::exists(path);
  if (there && !fs::is_directory(path))
    fail(Failure::data, fmt::format("{} is not a folder; choose another name with --out", path.string()));
  if (there && !fs::is_empty(path) && !fs::exists(path / "plan.json"))
    fail(Failure::data, fmt::format("{} holds something else than a study; choose another name with --out", path.string()));
  fs::create_directories(path);
  return path;
}

}  // namespace

HeldLock::HeldLock(const fs::path& folder) : folder(folder), lock(try_lock(folder)) {
  if (lock.state == FolderLock::held_elsewhere)
    fail(Failure::data, fmt::format("another process is at work in {}; wait for it or choose another name with --out", folder.string()));
}
HeldLock::~HeldLock() {
  std::error_code ignored;
  if (lock.state == FolderLock::held) fs::remove(folder / "lock", ignored);
}

nlohmann::ordered_json StudyResult::json() const {
  if (!failed.empty()) return {{"level", level}, {"seed", seed}, {"arm", arm}, {"failed", failed}};
  return {{"level", level},
          {"seed", seed},
          {"arm", arm},
          {"accuracy", scores.accuracy()},
          {"balanced_accuracy", scores.balanced_accuracy()},
          {"g_mean", scores.g_mean()},
          {"macro_f1", scores.macro_f1()},
          {"images", images},
          {"synthetic", synthetic},
          {"steps", steps},
          {"loss", loss},
          {"note", note},
          {"confusion", scores.counts},
          {"prepare_seconds", prepare_seconds},
          {"train_seconds", train_seconds}};
}

StudyResult StudyResult::from_json(const nlohmann::json& json) {
  StudyResult r;
  const auto read = [&](const char* key, auto& to) { json.at(key).get_to(to); };
  read("level", r.level), read("seed", r.seed), read("arm", r.arm);
  if (json.contains("failed")) {
    read("failed", r.failed);
    return r;
  }
  read("images", r.images), read("synthetic", r.synthetic), read("steps", r.steps), read("loss", r.loss), read("note", r.note);
  read("prepare_seconds", r.prepare_seconds), read("train_seconds", r.train_seconds);
  read("confusion", r.scores.counts);
  while (static_cast<size_t>(r.scores.classes + 1) * static_cast<size_t>(r.scores.classes + 1) <= r.scores.counts.size())
    ++r.scores.classes;
  return r;
}

StudyFolder::StudyFolder(const fs::path& path, const nlohmann::ordered_json& plan)
    : path_(checked(path)), file_(path_ / "results.jsonl"), lock_(path_) {
  const fs::path written = path_ / "plan.json";
  if (!fs::exists(written)) {
    write_file_atomic(written.string(), plan.dump(2) + "\n");
    return;
  }
  const auto before = nlohmann::ordered_json::parse(text_of(written), nullptr, false);
  if (before.is_discarded() || !before.is_object() || before.value("format", "") != plan.at("format"))
    fail(Failure::data, fmt::format("{}: not the plan of a study; choose another name with --out", written.string()));
  if (const std::string list = differences(before, plan); !list.empty())
    fail(Failure::usage,
         fmt::format("{} has begun by another plan: {}; a plan stays as it is, so choose another name with --out", path_.string(), list));
  read_results();
}

// A line torn by a kill is taken off; its training is done again.
void StudyFolder::read_results() {
  if (!fs::exists(file_)) return;
  const std::string text = text_of(file_);
  size_t from = 0;
  for (size_t end; (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
    try {
      results_.push_back(StudyResult::from_json(nlohmann::json::parse(text.substr(from, end - from))));
    } catch (const nlohmann::json::exception&) {
      fail(Failure::data, fmt::format("{}, line {}: not the result of a training; take the line out to have it done again", file_.string(),
                                      results_.size() + 1));
    }
  }
  if (from < text.size()) fs::resize_file(file_, from);
}

fs::path StudyFolder::sample(const std::string& level, const std::string& arm) const {
  std::string name = level + "-" + arm;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c) && c != '.' && c != '-'; }, '-');
  return path_ / "samples" / (name + ".png");
}

bool StudyFolder::has(const std::string& level, int64_t seed, const std::string& arm) const {
  return std::any_of(results_.begin(), results_.end(),
                     [&](const StudyResult& r) { return r.level == level && r.seed == seed && r.arm == arm; });
}

void StudyFolder::add(const StudyResult& result) {
  const std::string line = result.json().dump() + "\n";
  const auto size = fs::exists(file_) ? fs::file_size(file_) : 0;
  FILE* file = std::fopen(file_.c_str(), "ab");
  const bool written = file && std::fwrite(line.data(), 1, line.size(), file) == line.size() && std::fflush(file) == 0;
  const bool closed = file && std::fclose(file) == 0;
  if (!written || !closed) {
    std::error_code ignored;
    fs::resize_file(file_, size, ignored);
    fail(Failure::data, fmt::format("cannot write {}: {}; make room, then ask for the same study again", file_.string(),
                                    std::generic_category().message(errno)));
  }
  results_.push_back(result);
}

}  // namespace duel
