// Presets: each was once trained, and docs/runs/ holds what came out.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "apps/support/classify/settings.h"
#include "apps/support/command/presets.h"
#include "apps/support/gan/settings.h"
#include "apps/support/vae/settings.h"
#include "engine/io/image.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace fs = std::filesystem;

namespace {

// What differs between a run of a preset and the preset: where and how long somebody watched.
const std::set<std::string> free_to_differ{"device",       "extractor", "eval-every",    "eval-n",
                                           "sample-every", "log-every", "inspect-every", "checkpoint-every"};

nlohmann::ordered_json json_of(const fs::path& path) {
  std::ifstream in(path);
  REQUIRE_MESSAGE(in.good(), path.string());
  return nlohmann::ordered_json::parse(in);
}

template <class S>
nlohmann::ordered_json checked(const Preset& p) {
  const S settings = settings_of<S>(p);
  CHECK_NOTHROW(settings.check());
  return settings.json();
}
nlohmann::ordered_json settings_json(const Preset& p) {
  if (p.program == "classify") return checked<ClassifySettings>(p);
  if (p.program == "vae") return checked<VaeSettings>(p);
  const nlohmann::ordered_json json = checked<GanSettings>(p);
  CHECK(json["conditional"] == (p.program == "cgan"));
  return json;
}

std::vector<nlohmann::ordered_json> records_of(const fs::path& kept) {
  std::vector<nlohmann::ordered_json> records;
  std::istringstream lines(read_text(kept / "metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) records.push_back(nlohmann::ordered_json::parse(line));
  return records;
}

// What a run's own records say of its best look and its last is what its README says.
void check_told(const fs::path& kept, const char* key, bool higher_is_better, const std::function<std::string(double)>& written) {
  const std::string words = read_text(kept / "README.md");
  double last = std::nan(""), best = last;
  for (const nlohmann::ordered_json& record : records_of(kept)) {
    if (!record.contains(key)) continue;
    last = record[key];
    if (std::isnan(best) || (higher_is_better ? last > best : last < best)) best = last;
  }
  if (std::isnan(last)) return;
  for (const double value : {last, best}) CHECK_MESSAGE(words.find(written(value)) != std::string::npos, key << " of " << written(value));
}

}  // namespace

TEST_CASE("a preset has a run that was made with its settings, with curves, words and, where it makes any, samples") {
  REQUIRE(!presets().empty());
  for (const Preset& p : presets()) {
    const fs::path kept = source_dir() / "docs" / "runs" / fmt::format("{}-{}", p.program, p.name);
    INFO(kept.string());
    for (const char* file : {"README.md", "curves.svg", "metrics.jsonl"}) CHECK(fs::file_size(kept / file) > 200);
    if (p.program == "classify") CHECK_FALSE(fs::exists(kept / "samples.png"));
    else CHECK(read_image((kept / "samples.png").string(), 1).w > 100);
    const nlohmann::ordered_json run = json_of(kept / "config.json"), preset = settings_json(p);
    for (const auto& setting : preset.items()) {
      const std::string& name = setting.key();
      if (!free_to_differ.count(name) && !(name == "channels" && setting.value() == 0) && run.contains(name))
        CHECK_MESSAGE(run[name] == setting.value(),
                      name << ": " << run[name].dump() << " in the run, " << setting.value().dump() << " in the preset");
    }
  }
}

TEST_CASE("the README of a kept run tells the last and the best of what its records hold") {
  for (const Preset& p : presets()) {
    const fs::path kept = source_dir() / "docs" / "runs" / fmt::format("{}-{}", p.program, p.name);
    INFO(kept.string());
    if (p.program == "classify") check_told(kept, "accuracy", true, [](double share) { return fmt::format("{:.2f} %", 100 * share); });
    check_told(kept, "fcd", false, [](double fcd) { return fmt::format("{:.2f}", fcd); });
  }
}

TEST_CASE("every kept run is a preset's") {
  std::set<std::string> known;
  for (const Preset& p : presets()) known.insert(fmt::format("{}-{}", p.program, p.name));
  for (const auto& entry : fs::directory_iterator(source_dir() / "docs" / "runs"))
    if (entry.is_directory()) CHECK_MESSAGE(known.count(entry.path().filename().string()), entry.path().string());
}

TEST_CASE("a preset that is not there is refused with those that are") {
  CHECK_THROWS_AS(find_preset("gan", "nothing"), Error);
  CHECK(presets_of("nothing").empty());
}
