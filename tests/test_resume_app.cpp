// Runs that go on: from where they ended, were stopped or were killed, to the bit, and only where they would be the same runs.
#include <signal.h>

#include <fstream>
#include <random>

#include "tests/train_programs.h"

using namespace duel;
using namespace duel::test;

TEST_CASE("a run that ended and was resumed equals one that never stopped") {
  each_program([](const Program& program, const Desk& desk) {
    for (const std::string precision : {"f32", "bf16"}) {
      REQUIRE(desk.train("whole" + precision, {"--steps", "20", "--precision", precision}).code == 0);
      for (const char* at : program.ends) {
        const std::string name = precision + at;
        REQUIRE(desk.train(name, {"--steps", at, "--precision", precision}).code == 0);
        const Outcome resumed = desk.resume(name, {"--steps", "20"});
        REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
        check_equal(desk.run("whole" + precision), desk.run(name));
      }
    }
  });
}

TEST_CASE("a run that was killed outright and resumed equals one that never stopped") {
  each_program([](const Program& program, const Desk& desk) {
    const std::string steps = std::to_string(program.steps);
    REQUIRE(desk.train("whole", {"--steps", steps}).code == 0);
    std::mt19937 random(1);
    for (int i = 0; i < 4; ++i) {
      const std::string name = fmt::format("killed{}", i);
      const int lines = static_cast<int>(random() % static_cast<unsigned>(program.lines * 5 / 6));
      start_and_kill(desk.program(), desk.fresh(name, {"--steps", steps}), SIGKILL, desk.metrics(name), lines);
      const Outcome resumed = desk.resume(name);
      REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
      check_equal(desk.run("whole"), desk.run(name));
    }
  });
}

TEST_CASE("a run killed before its first checkpoint of its own can be resumed") {
  each_program([](const Program&, const Desk& desk) {
    const std::vector<std::string> flags{"--steps", "30", "--checkpoint-every", "1000"};
    REQUIRE(desk.train("whole", flags).code == 0);
    start_and_kill(desk.program(), desk.fresh("killed", flags), SIGKILL, desk.metrics("killed"), 1);
    const Outcome resumed = desk.resume("killed");
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    check_equal(desk.run("whole"), desk.run("killed"));
  });
}

TEST_CASE("Ctrl-C finishes the step, saves and exits 130; kill exits 143; the run goes on from there") {
  each_program([](const Program& program, const Desk& desk) {
    const std::string steps = std::to_string(program.steps);
    REQUIRE(desk.train("whole", {"--steps", steps}).code == 0);
    for (const auto& [signal, code] : {std::pair{SIGINT, 130}, {SIGTERM, 143}}) {
      const std::string name = fmt::format("stopped{}", signal);
      const Outcome stopped = start_and_kill(desk.program(), desk.fresh(name, {"--steps", steps}), signal, desk.metrics(name), 4);
      if (stopped.code == 0) continue;  // it was done before the signal came
      CHECK(stopped.code == code);
      const std::string words = fmt::format("go on with: {} train --out {} --resume", desk.name, desk.run(name).string());
      CHECK_MESSAGE(stopped.output.find(words) != std::string::npos, stopped.output);
      CHECK(fs::exists(desk.run(name) / "index.html"));
      const Outcome resumed = desk.resume(name);
      REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
      check_equal(desk.run("whole"), desk.run(name));
    }
  });
}

TEST_CASE("resuming refuses what would not be the same run") {
  each_program([](const Program& program, const Desk& desk) {
    REQUIRE(desk.train("a", {"--steps", "2"}).code == 0);
    auto refused = [&](const Outcome& o, int code, const std::string& says) {
      CHECK_MESSAGE(o.code == code, o.errors);
      CHECK_MESSAGE(o.errors.find(says) != std::string::npos, o.errors);
    };
    const Outcome differs = desk.resume("a", {"--batch", "16", "--lr", "0.1"});
    refused(differs, 2, "--batch was 8 and is now 16");
    const std::string lr = nlohmann::json::parse(contents_of(desk.run("a") / "config.json"))["lr"].dump();
    refused(differs, 2, "--lr was " + lr + " and is now 0.1");
    refused(desk.resume("a", {"--steps", "4"}, {{"DUEL_VARIANT", "conv2d_fwd:ref,conv2d_dgrad:ref,conv2d_wgrad:ref"}}), 2,
            "computed with the rows");
    CHECK(desk.resume("a").code == 0);  // nothing left to do; and that must not spoil the next
    CHECK(desk.resume("a", {"--steps", "4"}).code == 0);
    refused(desk.resume("a", {"--steps", "3"}), 2, "--steps ends at step 3, but the run is at step 4 already");
    // Another row for one op only, of those that ran before.
    CHECK(desk.resume("a", {"--steps", "6"}, {{"DUEL_VARIANT", "conv2d_dgrad:onednn"}}).code == 2);
    // Settings changed by hand, another net's checkpoint, and other images under the same name.
    const std::string honest = contents_of(desk.run("a") / "config.json");
    std::string config = honest;
    config.replace(config.find("\"seed\": 3"), 9, "\"seed\": 4");
    std::ofstream(desk.run("a") / "config.json") << config;
    refused(desk.resume("a", {"--steps", "6"}), 3, "--seed was 3 and is now 4");
    std::ofstream(desk.run("a") / "config.json") << honest;
    REQUIRE(desk.train("b", {"--steps", "2", program.size_flag, "6"}).code == 0);
    fs::copy(desk.run("a"), desk.run("c"), fs::copy_options::recursive);
    fs::copy_file(desk.checkpoint("b"), desk.checkpoint("c"), fs::copy_options::overwrite_existing);
    refused(desk.resume("c", {"--steps", "6"}), 3, "another net");
    std::fstream(desk.data / "train-images-idx3-ubyte", std::ios::in | std::ios::out | std::ios::binary).seekp(100).put('x');
    refused(desk.resume("a", {"--steps", "6"}), 3, "not those that the run was trained on");
  });
}

TEST_CASE("a run of an older program, which lacked a setting, goes on as it was; one with a setting that is not known does not") {
  each_program([](const Program&, const Desk& desk) {
    REQUIRE(desk.train("whole", {"--steps", "6"}).code == 0);
    REQUIRE(desk.train("a", {"--steps", "2"}).code == 0);
    const auto change = [&](const std::function<void(nlohmann::ordered_json&)>& by) {
      nlohmann::ordered_json config = nlohmann::ordered_json::parse(contents_of(desk.run("a") / "config.json"));
      by(config);
      std::ofstream(desk.run("a") / "config.json") << config.dump(2);
      SafeTensors file = read_safetensors(desk.checkpoint("a"));
      file.metadata["settings"] = config.dump();
      write_safetensors(desk.checkpoint("a"), file);
    };
    const auto refused = [&](const char* says) {
      const Outcome o = desk.resume("a", {"--steps", "6"});
      CHECK(o.code == 3);
      CHECK_MESSAGE(o.errors.find(says) != std::string::npos, o.errors);
    };
    change([](nlohmann::ordered_json& c) { c["warp-drive"] = 9; });
    refused("setting \"warp-drive\" is not known");
    change([](nlohmann::ordered_json& c) { c.erase("warp-drive"), c["batch"] = "many"; });
    refused("setting \"batch\" is of the wrong kind");
    change([](nlohmann::ordered_json& c) { c["batch"] = 8, c.erase("precision"), c.erase("minutes"), c.erase("init"); });
    CHECK(desk({"info", desk.run("a").string()}).code == 0);
    const Outcome resumed = desk.resume("a", {"--steps", "6"});
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    CHECK(weights_of(desk.checkpoint("whole")) == weights_of(desk.checkpoint("a")));
  });
}

TEST_CASE("a resumed run ends where the flag given now says, in steps or passes or minutes") {
  each_program([](const Program& program, const Desk& desk) {  // 8 steps a pass
    if (program.batches_a_step > 1) return;
    const auto goes_to = [&](const std::vector<std::string>& more, int steps) {
      const Outcome o = desk.resume("a", more);
      const std::string what =
          fmt::format("--resume {}: exit {}, {} steps, said: {}", fmt::join(more, " "), o.code, desk.steps_done("a"), o.errors);
      CHECK_MESSAGE(o.code == 0, what);
      CHECK_MESSAGE(desk.steps_done("a") == steps, what);
      return o.output;
    };
    const auto refused = [&](const std::vector<std::string>& more, const char* says) {
      const Outcome o = desk.resume("a", more);
      CHECK(o.code == 2);
      CHECK_MESSAGE(o.errors.find(says) != std::string::npos, o.errors);
    };
    REQUIRE(desk.train("a", {"--epochs", "0.5"}).code == 0);
    CHECK(desk.steps_done("a") == 4);
    goes_to({"--steps", "6"}, 6);
    CHECK(goes_to({}, 6).find("nothing left to do") != std::string::npos);
    CHECK(goes_to({"--epochs", "1"}, 8).find("nothing left to do") == std::string::npos);
    goes_to({"--steps", "10", "--epochs", "9"}, 10);
    refused({"--epochs", "1"}, "--epochs ends at step 8, but the run is at step 10");
    refused({"--steps", "0", "--epochs", "1"}, "--epochs ends at step 8, but the run is at step 10");
    refused({"--steps", "9"}, "--steps ends at step 9, but the run is at step 10");
    goes_to({"--steps", "0", "--epochs", "1.5"}, 12);
    CHECK(goes_to({"--epochs", "9", "--minutes", "1e-12"}, 12).find("of 72") != std::string::npos);
    goes_to({}, 12);                 // the limit in minutes is one of the run's settings …
    goes_to({"--steps", "14"}, 14);  // … until another end is given
    goes_to({"--epochs", "2", "--minutes", "1e-12"}, 14);
    goes_to({"--minutes", "0"}, 16);
  });
}

TEST_CASE("deleted metrics are mentioned once, when the run goes on") {
  each_program([](const Program&, const Desk& desk) {
    REQUIRE(desk.train("a", {"--steps", "3"}).code == 0);
    const fs::path metrics = desk.metrics("a");
    fs::remove(metrics);
    CHECK(desk.resume("a", {"--steps", "5"}, {{"DUEL_VARIANT", "conv2d_fwd:ref"}}).code == 2);  // refused: it must not hide the loss
    CHECK(!fs::exists(metrics));
    const Outcome o = desk.resume("a", {"--steps", "5"});
    CHECK(o.code == 0);
    CHECK_MESSAGE(o.errors.starts_with(fmt::format("{}: {} is not there", desk.name, metrics.string())), o.errors);
    CHECK(o.errors.find("from step 4") != std::string::npos);
    CHECK(records_of(desk.run("a")).front()["step"] == 4);
    CHECK(records_of(desk.run("a")).back()["step"] == 5);
    CHECK(desk.resume("a", {"--steps", "6"}).errors.find("not there") == std::string::npos);
  });
}

TEST_CASE("the best look is kept until there is a better one, also where the metrics were deleted") {
  each_program([](const Program& program, const Desk& desk) {
    if (program.restless.empty()) return;
    const auto flags = [&](const char* steps) { return with_flags({"--steps", steps}, program.restless); };
    REQUIRE(desk.train("whole", flags("24")).code == 0);
    REQUIRE(desk.train("parts", flags("16")).code == 0);
    fs::remove(desk.metrics("parts"));
    REQUIRE(desk.resume("parts", {"--steps", "24"}).code == 0);
    for (const char* which : {"last", "best"})
      CHECK(weights_of(desk.checkpoint("whole", which)) == weights_of(desk.checkpoint("parts", which)));
  });
}
