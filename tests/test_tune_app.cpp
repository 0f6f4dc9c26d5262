// --tune as a person gives it.
#include <signal.h>

#include <fstream>

#include "tests/train_programs.h"

using namespace duel;
using namespace duel::test;

namespace {

std::map<std::string, std::string> cache_in(const Desk& desk, const std::string& name = "cache") {
  return {{"XDG_CACHE_HOME", desk.run(name).string()}};
}
fs::path tuned_file(const Desk& desk, const std::string& name = "cache") {
  for (const auto& entry : fs::directory_iterator(desk.run(name) / "duel"))
    if (entry.path().extension() == ".json") return entry.path();
  return {};
}
nlohmann::json computed_with(const fs::path& checkpoint) {
  return nlohmann::json::parse(read_safetensors(checkpoint.string()).metadata.at("computing_with"));
}
Outcome tuned(const Desk& desk, const std::string& run, const std::string& steps, const std::string& cache = "cache") {
  auto args = desk.fresh(run, {"--steps", steps});
  args.push_back("--tune");
  return desk(args, cache_in(desk, cache));
}

// Every winner that has another row to choose from, turned into that one.
int turn_over(const fs::path& file) {
  auto json = nlohmann::ordered_json::parse(std::ifstream(file));
  int turned = 0;
  for (auto& [problem, winner] : json["winners"].items()) {
    const std::string row = winner["row"];
    for (const auto& [other, seconds] : winner["seconds"].items())
      if (other != row) {
        winner["row"] = other, ++turned;
        break;
      }
  }
  std::ofstream(file) << json.dump();
  return turned;
}

}  // namespace

TEST_CASE("a tuned run notes the rows it was run with, the next one takes them, and a resumed one needs no cache") {
  each_program([](const Program& program, const Desk& desk) {
    const Outcome first = tuned(desk, "first", "2");
    REQUIRE_MESSAGE(first.code == 0, first.errors);
    CHECK_MESSAGE(first.errors.find(" timed in ") != std::string::npos, first.errors);
    const fs::path file = tuned_file(desk);
    REQUIRE(turn_over(file) > 0);  // so that it is not the clock that decides what is compared
    const auto winners = nlohmann::json::parse(std::ifstream(file))["winners"];
    const std::string remembered = contents_of(file);

    const std::string last = program.ends.back();
    const Outcome whole = tuned(desk, "whole", "20");
    REQUIRE_MESSAGE(whole.code == 0, whole.errors);
    CHECK_MESSAGE(whole.errors.find(" remembered; kept in " + file.string()) != std::string::npos, whole.errors);
    CHECK(whole.errors.find(" timed in ") == std::string::npos);
    CHECK(contents_of(file) == remembered);
    const auto with = computed_with(desk.checkpoint("whole"));
    CHECK(with["tuned"]["rows"].size() == winners.size());
    for (const auto& [problem, row] : with["tuned"]["rows"].items()) {
      CHECK(row == winners.at(problem)["row"]);
      const std::string full = problem.substr(0, problem.find(' ')) + ":" + row.get<std::string>();
      CHECK_MESSAGE(std::count(with["rows"].begin(), with["rows"].end(), full) == 1, full);
    }
    REQUIRE(desk.train("plain", {"--steps", "2"}).code == 0);
    CHECK(computed_with(desk.checkpoint("plain"))["rows"] != with["rows"]);
    CHECK_FALSE(computed_with(desk.checkpoint("plain")).contains("tuned"));

    REQUIRE(tuned(desk, "parts", last).code == 0);
    fs::remove_all(desk.run("cache"));
    const Outcome resumed = desk.resume("parts", {"--steps", "20"}, cache_in(desk));
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    check_equal(desk.run("whole"), desk.run("parts"));
    CHECK(computed_with(desk.checkpoint("parts")) == with);
    CHECK(!fs::exists(desk.run("cache")));
  });
}

TEST_CASE("a run that is not tuned stays so, one that is may be asked for again, and the simulated GPU is not timed") {
  const Desk desk("gan", words("--size 8 --ngf 4 --ndf 4 --nz 8"));
  const auto refused = [&](std::vector<std::string> args, const char* says, const char* flag = "--tune") {
    args.push_back(flag);
    const Outcome o = desk(args, cache_in(desk));
    CHECK(o.code == 2);
    CHECK_MESSAGE(o.errors.find(says) != std::string::npos, o.errors);
  };
  if (const std::string why = why_not(duel::Device::sim); !why.empty()) skip(why);
  else refused(desk.fresh("x", {"--steps", "1", "--device", "sim"}), "--device sim: the simulated GPU is not timed");
  CHECK(!fs::exists(desk.run("x")));
  REQUIRE(desk.train("plain", {"--steps", "1"}).code == 0);
  refused(desk.further("plain", {"--steps", "2"}), "--tune chooses the rows of a new run");
  REQUIRE(desk.resume("plain", {"--steps", "2"}).code == 0);
  REQUIRE(tuned(desk, "tuned", "1").code == 0);
  auto again = desk.further("tuned", {"--steps", "2"});
  refused(again, "--tune-baselines may choose other rows than this run's", "--tune-baselines");
  again.push_back("--tune");
  CHECK(desk(again, cache_in(desk)).code == 0);
}

TEST_CASE("a run that was killed before its first checkpoint with rows is tuned again by what was remembered") {
  const Desk desk("gan", words("--size 8 --ngf 4 --ndf 4 --nz 8 --log-every 1 --sample-every 1000 --checkpoint-every 1000"));
  REQUIRE(tuned(desk, "first", "1").code == 0);
  REQUIRE(turn_over(tuned_file(desk)) > 0);
  REQUIRE(tuned(desk, "whole", "30").code == 0);
  // What is left of it is the checkpoint from before its first step.
  auto args = desk.fresh("killed", {"--steps", "30"});
  args.push_back("--tune");
  setenv("XDG_CACHE_HOME", desk.run("cache").c_str(), 1);
  start_and_kill(desk.program(), args, SIGKILL, desk.metrics("killed"), 1);
  unsetenv("XDG_CACHE_HOME");
  const Outcome resumed = desk.resume("killed", {}, cache_in(desk));
  REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
  check_equal(desk.run("whole"), desk.run("killed"));
}

TEST_CASE("a damaged cache costs one sentence and nothing else") {
  const Desk desk("gan", words("--size 8 --ngf 4 --ndf 4 --nz 8"));
  REQUIRE(tuned(desk, "first", "1").code == 0);
  const fs::path file = tuned_file(desk);
  std::ofstream(file) << "{\"half";
  const Outcome o = tuned(desk, "second", "1");
  CHECK(o.code == 0);
  const std::string says = "gan: --tune: " + file.string() + " is not JSON, delete it to begin anew; what is timed now is used";
  CHECK_MESSAGE(o.errors.find(says) != std::string::npos, o.errors);
  CHECK(contents_of(file) == "{\"half");
  CHECK(computed_with(desk.checkpoint("second"))["tuned"]["rows"].size() > 0);
  std::ofstream(desk.run("blocked")) << "a file where the folder should be";
  const Outcome blocked = tuned(desk, "third", "1", "blocked");
  CHECK(blocked.code == 0);
  CHECK_MESSAGE(blocked.errors.find("not remembered") != std::string::npos, blocked.errors);
}
