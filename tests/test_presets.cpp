// Presets: each was once trained, and docs/runs/ holds what came out.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "apps/support/gan_settings.h"
#include "apps/support/presets.h"
#include "apps/support/vae_settings.h"
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

}  // namespace

TEST_CASE("a preset has a run that was made with its settings, with curves, samples and words") {
  REQUIRE(!presets().empty());
  for (const Preset& p : presets()) {
    const fs::path kept = source_dir() / "docs" / "runs" / fmt::format("{}-{}", p.program, p.name);
    INFO(kept.string());
    for (const char* file : {"README.md", "curves.svg", "metrics.jsonl"}) CHECK(fs::file_size(kept / file) > 200);
    CHECK(read_image((kept / "samples.png").string(), 1).w > 100);
    const nlohmann::ordered_json run = json_of(kept / "config.json"),
                                 preset = p.program == "vae" ? checked<VaeSettings>(p) : checked<GanSettings>(p);
    if (p.program != "vae") CHECK(preset["conditional"] == (p.program == "cgan"));
    for (const auto& setting : preset.items()) {
      const std::string& name = setting.key();
      if (!free_to_differ.count(name) && !(name == "channels" && setting.value() == 0) && run.contains(name))
        CHECK_MESSAGE(run[name] == setting.value(),
                      name << ": " << run[name].dump() << " in the run, " << setting.value().dump() << " in the preset");
    }
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
