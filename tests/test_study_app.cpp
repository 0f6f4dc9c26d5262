// The study program as a person uses it.
#include <signal.h>

#include <sstream>

#include "engine/io/safetensors.h"
#include "tests/app_runs.h"

using namespace duel;
using namespace duel::test;

namespace {

struct StudyDesk : Desk {
  StudyDesk() : Desk("study", {}) {}
  std::vector<std::string> ask(const std::string& kind, const std::string& out, const std::vector<std::string>& more = {}) const {
    return with_flags({kind, "--data", data.string(), "--out", run(out).string(), "--device", "cpu", "--batch", "8", "--width", "4",
                       "--steps", "6", "--lr", "0.01", "--seeds", "1,2"},
                      more);
  }
  Outcome study(const std::string& kind, const std::string& out, const std::vector<std::string>& more = {}) const {
    return (*this)(ask(kind, out, more));
  }
  fs::path results(const std::string& out) const { return run(out) / "results.jsonl"; }
};

// The results without what no two runs have in common, their times.
std::vector<nlohmann::json> timeless(const fs::path& file) {
  std::istringstream lines(contents_of(file));
  std::vector<nlohmann::json> all;
  for (std::string line; std::getline(lines, line);) {
    all.push_back(nlohmann::json::parse(line));
    for (const char* key : {"prepare_seconds", "train_seconds"}) all.back().erase(key);
  }
  return all;
}

const std::vector<std::string> two_arms{"--sizes", "40", "--arms", "none,hflip"};

}  // namespace

TEST_CASE("a small study: plan, results, page; asked again it does nothing, interrupted it ends the same") {
  const StudyDesk desk;
  const Outcome whole = desk.study("augmentation", "a", two_arms);
  REQUIRE_MESSAGE(whole.code == 0, whole.errors);
  const auto results = timeless(desk.results("a"));
  REQUIRE(results.size() == 4);
  const auto plan = nlohmann::json::parse(contents_of(desk.run("a") / "plan.json"));
  CHECK(plan["arms"][1]["name"] == "hflip");
  CHECK(plan["seeds"] == nlohmann::json({1, 2}));
  CHECK(plan["measure"] == "accuracy");
  for (const auto& r : results) {
    CHECK(r["images"] == 40);
    CHECK(r["steps"] == 6);
    int64_t tested = 0;
    for (const int64_t n : r["confusion"]) tested += n;
    CHECK(tested == 16);
  }
  CHECK(results[0]["confusion"].size() == 4);
  const std::string page = contents_of(desk.run("a") / "index.html");
  for (const char* part : {"What came out", "<svg", "Recall by class", "Every training", "hflip", "data:image/png"})
    CHECK(page.find(part) != std::string::npos);
  CHECK(whole.output.find("none reaches") != std::string::npos);
  CHECK(!fs::exists(desk.run("a") / "lock"));

  const std::string before = contents_of(desk.results("a"));
  CHECK(desk.study("augmentation", "a", two_arms).code == 0);
  CHECK(contents_of(desk.results("a")) == before);

  // Killed after its first training, with a torn line behind it.
  start_and_kill(desk.program(), desk.ask("augmentation", "b", two_arms), SIGKILL, desk.results("b"), 1);
  REQUIRE(!timeless(desk.results("b")).empty());
  std::ofstream(desk.results("b"), std::ios::app) << "{\"level\": \"40 im";
  const Outcome again = desk.study("augmentation", "b", two_arms);
  REQUIRE_MESSAGE(again.code == 0, again.errors);
  CHECK(timeless(desk.results("b")) == results);
}

TEST_CASE("Ctrl-C stops between trainings, and the same command goes on") {
  const StudyDesk desk;
  const std::vector<std::string> flags{"--sizes", "40", "--arms", "none,hflip,crop", "--steps", "60", "--seeds", "1,2,3,4"};
  const Outcome stopped = start_and_kill(desk.program(), desk.ask("augmentation", "a", flags), SIGINT, desk.results("a"), 1);
  REQUIRE(stopped.code == 130);
  CHECK(stopped.output.find("of 12 trainings; the same command goes on") != std::string::npos);
  const auto done = timeless(desk.results("a"));
  CHECK(done.size() < 12);
  for (const auto& r : done) CHECK(r["steps"] == 60);  // none that was cut short
  CHECK(contents_of(desk.run("a") / "index.html").find("what helped is said when all are") != std::string::npos);
  REQUIRE(desk.study("augmentation", "a", flags).code == 0);
  REQUIRE(desk.study("augmentation", "b", flags).code == 0);
  CHECK(timeless(desk.results("a")) == timeless(desk.results("b")));
}

TEST_CASE("the same study of shapes") {
  const StudyDesk desk;
  const Outcome o = desk.study(
      "augmentation", "a",
      {"--data", "shapes", "--size", "16", "--sizes", "100", "--arms", "classic,cutmix", "--steps", "3", "--recipe", "mine=vflip; rot90"});
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  const auto results = timeless(desk.results("a"));
  REQUIRE(results.size() == 8);
  CHECK(results[3]["arm"] == "mine");
  CHECK(results[0]["confusion"].size() == 100);
}

TEST_CASE("a study whose trainings diverge goes to its end and says so") {
  const StudyDesk desk;
  const auto ask = with_flags(desk.ask("augmentation", "a", two_arms), {"--lr", "1e30"});
  const Outcome o = desk(ask);
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  const auto results = timeless(desk.results("a"));
  REQUIRE(results.size() == 4);
  for (const nlohmann::json& r : results) CHECK(r["failed"].get<std::string>().find("the loss is") != std::string::npos);
  CHECK(o.output.find("none in 2 of 2 seeds (1, 2); hflip in 2 of 2 seeds (1, 2)") != std::string::npos);
  const std::string page = contents_of(desk.run("a") / "index.html");
  CHECK(page.find("did not train") != std::string::npos);
  CHECK(page.find(">nan") == std::string::npos);
  CHECK(page.find("1.000") == std::string::npos);
  CHECK(desk(ask).output.find("4 trainings") != std::string::npos);  // read back, not trained again

  // A generator or a filter may diverge too.
  const Outcome rare =
      desk.study("imbalance", "b", {"--counts", "32,8", "--arms", "over,cgan-filtered", "--generator-steps", "2", "--lr", "1e30"});
  REQUIRE_MESSAGE(rare.code == 0, rare.errors);
  REQUIRE(timeless(desk.results("b")).size() == 6);
  CHECK(timeless(desk.results("b"))[2].contains("failed"));
}

TEST_CASE("remedies for rare classes, generators of its own among them") {
  const StudyDesk desk;
  const Outcome o = desk.study("imbalance", "a",
                               {"--counts", "32,8", "--arms", "class-weights,over,under,classic,mixup,smote,vae-smote,cvae,cgan-filtered",
                                "--generator-steps", "3"});
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  for (const auto& r : timeless(desk.results("a"))) {
    const std::string arm = r["arm"];
    INFO(arm);
    CHECK(r["steps"] == 6);
    if (arm == "smote" || arm == "vae-smote" || arm == "cvae") CHECK(r["synthetic"] == 24);
    if (arm == "over") CHECK(r["images"] == 64);
    if (arm == "under") CHECK(r["images"] == 16);
    if (arm == "cgan-filtered") CHECK(r["note"].get<std::string>().find("samples kept") != std::string::npos);
  }
  CHECK(fs::exists(desk.run("a") / "samples" / "given-counts-smote.png"));
  CHECK(o.output.find("was trained by the study") != std::string::npos);
}

TEST_CASE("a generator that was trained before fills up classes, and the words say what it has seen") {
  const StudyDesk desk;
  const auto vae = [&](const std::string& out, bool conditional) {
    std::vector<std::string> args{
        "train",   "--data", desk.data.string(), "--out", desk.run(out).string(), "--device", "cpu", "--net", "conv", "--width", "4",
        "--batch", "8",      "--steps",          "2"};
    if (conditional) args.push_back("--conditional");
    const Outcome o = run_process(build_dir() / "apps" / "vae", args);
    REQUIRE_MESSAGE(o.code == 0, o.errors);
    return desk.run(out).string();
  };
  const std::string plain = vae("plain", false), labelled = vae("labelled", true);
  const Outcome o = desk.study("imbalance", "a", {"--counts", "32,8", "--arms", "vae-smote,cvae", "--vae", labelled, "--cvae", labelled});
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  CHECK(o.output.find("conditional VAE comes from " + labelled + " (2 steps on " + desk.data.string() +
                      ", all 64 training images that this study draws from)") != std::string::npos);
  CHECK(o.output.find("leaked") != std::string::npos);
  for (const auto& r : timeless(desk.results("a")))
    if (r["arm"] != "none") CHECK(r["synthetic"] == 24);
  const auto rare = [&](const std::string& run) {
    return desk.ask("imbalance", "x", {"--counts", "32,8", "--arms", "cvae", "--cvae", run});
  };
  std::vector<std::string> other_data = rare(labelled);
  other_data = with_flags(other_data, {"--data", "shapes", "--counts", "9,9,9,9,9,9,9,9,9,9"});
  check_refused(desk, {{rare(plain), 3, "it was not told classes"}, {other_data, 3, "its classes are"}});
}

TEST_CASE("a changed plan and wrong input: one sentence, the documented exit code") {
  const StudyDesk desk;
  REQUIRE(desk.study("augmentation", "good", two_arms).code == 0);
  desk.folder.write("other/notes.txt", "mine");
  desk.folder.write("broken/plan.json", "{");
  const auto changed = [&](const std::vector<std::string>& more) { return with_flags(desk.ask("augmentation", "good", two_arms), more); };
  const auto rare = [&](const std::vector<std::string>& more) {
    return with_flags(desk.ask("imbalance", "x", {"--counts", "32,8", "--arms", "over"}), more);
  };
  check_refused(desk, {{changed({"--seeds", "1,3"}), 2, "seeds/1 was 2 and is now 3"},
                       {changed({"--steps", "7"}), 2, "training/steps was 6 and is now 7"},
                       {changed({"--arms", "none,crop"}), 2, "begun by another plan"},
                       {desk.ask("augmentation", "other", two_arms), 3, "something else than a study"},
                       {desk.ask("augmentation", "broken", two_arms), 3, "not the plan of a study"},
                       {desk.ask("augmentation", "x", {"--sizes", "400"}), 2, "--sizes 400"},
                       {desk.ask("augmentation", "x", {"--arms", "magic"}), 2, "--arms magic"},
                       {desk.ask("augmentation", "x", {"--data", desk.run("nothing").string()}), 3, "nothing"},
                       {rare({"--arms", "over,smote", "--counts", "32,4"}), 2, "rarest class"},
                       {rare({"--ratios", "4"}), 2, "--ratios"},
                       {desk.ask("augmentation", "x", {"--sizes", "0,64"}), 2, "two levels are 64 images"},
                       {rare({"--arms", "cgan", "--cgan", desk.run("nothing").string()}), 3, "nothing"},
                       {{"augmentation", "--recipe", "mine=spin", "--data", desk.data.string(), "--out", desk.run("x").string(), "--sizes",
                         "40", "--batch", "8"},
                        2,
                        "spin"},
                       {{}, 2, "subcommand"}});
}
