// What the programs that train do alike, as a person meets it: whole processes, their exit codes, and what they leave on the disk. A
// program is one row of the table; what only one of them does is tested in its own file.
#include <signal.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>

#include "tests/app_runs.h"

using namespace duel;
using namespace duel::test;

namespace {

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

struct Program {
  const char* name;
  std::vector<std::string> small;
  const char* size_flag;  // one that makes another net
  int batches_a_step = 1;
  std::vector<const char*> ends = {"1", "9", "13"};  // steps at which a run of 20 may end and go on: where it is judged only then, its
                                                     // records differ
  int steps = 60, lines = 60;                        // of a run long enough to be killed, and of its records
  std::vector<std::string> diverging = {"--lr", "1e18"};
  std::vector<std::string> restless;  // where a best checkpoint is kept: what makes an early look better than some later ones
};

const Program programs[] = {
    {.name = "gan",
     .small = words("--size 16 --ngf 4 --ndf 4 --nz 8 --log-every 1 --sample-every 5 --checkpoint-every 2"),
     .size_flag = "--ngf",
     .restless = {}},
    {.name = "gan",
     .small = words(
         "--size 8 --ngf 4 --ndf 4 --nz 8 --loss wasserstein --penalty wgan-gp --d-norm layer --critic-steps 2 --accumulate 2 --ema 0.9 "
         "--dropout 0.2 --diff-augment color,translation,cutout --log-every 1 --sample-every 5 --checkpoint-every 2"),
     .size_flag = "--ndf",
     .batches_a_step = 4,
     .restless = {}},
    {.name = "cgan",
     .small = words("--size 8 --ngf 4 --ndf 4 --nz 8 --label-in-g norm --label-in-d projection --d-norm spectral --loss hinge --ada 0.6 "
                    "--log-every 1 --sample-every 5 --checkpoint-every 2"),
     .size_flag = "--ngf",
     .restless = {}},
    {.name = "classify",
     .small = words("--width 4 --lr 0.01 --schedule constant --eval-every 4 --checkpoint-every 3"),
     .size_flag = "--width",
     .ends = {"4", "12"},
     .steps = 120,
     .lines = 30,
     .diverging = {"--weight-decay", "1e30"},
     .restless = {"--lr", "0.1"}},
    {.name = "vae",
     .small = words("--width 4 --eval-every 4 --checkpoint-every 3"),
     .size_flag = "--width",
     .ends = {"4", "12"},
     .steps = 80,
     .lines = 20,
     .diverging = {"--lr", "1e30"},
     .restless = {"--lr", "0.5"}},
};

// Runs `test` once for each program.
template <class Test>
void each_program(Test&& test) {
  for (const Program& program : programs) {
    INFO(std::string(program.name));
    test(program, Desk(program.name, program.small));
  }
}

}  // namespace

TEST_CASE("three fresh processes compute the same bits, and another seed others") {
  each_program([](const Program&, const Desk& desk) {
    for (const char* name : {"a", "b", "c"}) REQUIRE(desk.train(name, {"--steps", "12"}).code == 0);
    check_equal(desk.run("a"), desk.run("b"));
    check_equal(desk.run("a"), desk.run("c"));
    REQUIRE(desk.train("other", {"--steps", "12", "--seed", "4"}).code == 0);
    CHECK(weights_of(desk.checkpoint("a")) != weights_of(desk.checkpoint("other")));
  });
}

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

TEST_CASE("an earlier run of the same name is kept") {
  each_program([](const Program&, const Desk& desk) {
    REQUIRE(desk.train("a", {"--steps", "1"}).code == 0);
    for (int i = 1; i < 3; ++i) {
      const Outcome o = desk.train("a", {"--steps", "1"});
      REQUIRE(o.code == 0);
      const std::string kept = desk.run(fmt::format("a.{}", i)).string();
      CHECK_MESSAGE(o.output.find("the earlier run is kept as " + kept) != std::string::npos, o.output);
      CHECK(fs::exists(fs::path(kept) / "config.json"));
    }
    CHECK(fs::exists(desk.run("a") / "config.json"));
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

TEST_CASE("a full disk before the first checkpoint leaves no run behind, and an earlier one where it was") {
  each_program([](const Program&, const Desk& desk) {
    // Nothing above 4 KiB can be written: the settings can, a checkpoint cannot. Ignored signals stay ignored in the program.
    auto short_of_room = [&](std::vector<std::string> args) {
      args.insert(args.begin(), {"-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"", desk.program().string()});
      return run_process("/bin/sh", args);
    };
    const Outcome fresh = short_of_room(desk.fresh("a", {"--steps", "2"}));
    CHECK_MESSAGE(fresh.code == 3, fresh.errors);
    CHECK(fresh.errors.find("last.safetensors") != std::string::npos);
    CHECK(!fs::exists(desk.run("a")));
    REQUIRE(desk.train("a", {"--steps", "2"}).code == 0);
    const auto before = weights_of(desk.checkpoint("a"));
    CHECK(short_of_room(desk.fresh("a", {"--steps", "2", "--seed", "4"})).code == 3);
    CHECK(!fs::exists(desk.run("a.1")));
    CHECK(short_of_room(desk.further("a", {"--steps", "4"})).code == 3);
    CHECK(weights_of(desk.checkpoint("a")) == before);
    CHECK(desk.resume("a", {"--steps", "4"}).code == 0);
    CHECK(!fs::exists(desk.run("a") / "lock"));
  });
}

TEST_CASE("a checkpoint never holds NaN: the run ends with 6 and keeps the finite one") {
  each_program([](const Program& program, const Desk& desk) {
    std::vector<std::string> flags{"--steps", "40", "--checkpoint-every", "1"};
    if (program.name == std::string("gan")) flags.insert(flags.end(), {"--log-every", "1000000"});  // its losses would say so first
    flags.insert(flags.end(), program.diverging.begin(), program.diverging.end());
    CHECK(desk.train("a", flags).code == 6);
    for (const auto& [name, tensor] : read_safetensors(desk.checkpoint("a")).tensors) {
      if (tensor.dtype != DType::f32) continue;
      const float* values = reinterpret_cast<const float*>(tensor.bytes.data());
      for (size_t i = 0; i < tensor.bytes.size() / 4; ++i) REQUIRE(std::isfinite(values[i]));
    }
    const std::string page = contents_of(desk.run("a") / "index.html");  // says what happened, and waits for nothing more
    CHECK(page.find("The run ended at step ") != std::string::npos);
    CHECK(page.find("Training goes on") == std::string::npos);
  });
}

TEST_CASE("--check-finite names the op that a run diverges in, changes nothing of one that does not, and is no setting of it") {
  each_program([](const Program& program, const Desk& desk) {
    std::vector<std::string> flags{"--steps", "40", "--check-finite"};
    flags.insert(flags.end(), program.diverging.begin(), program.diverging.end());
    const Outcome o = desk.train("diverges", flags);
    CHECK(o.code == 6);
    CHECK_MESSAGE(o.errors.find(": step ") != std::string::npos, o.errors);
    CHECK_MESSAGE(o.errors.find(" of numbers that are finite") != std::string::npos, o.errors);
    REQUIRE(desk.train("looked", {"--steps", "3", "--check-finite"}).code == 0);
    REQUIRE(desk.train("plain", {"--steps", "3"}).code == 0);
    CHECK(weights_of(desk.checkpoint("looked")) == weights_of(desk.checkpoint("plain")));
    CHECK(desk.resume("plain", {"--steps", "4", "--check-finite"}).code == 0);
    CHECK(contents_of(desk.run("looked") / "config.json").find("finite") == std::string::npos);
  });
}

TEST_CASE("a run that breaks off inside a step records nothing of it, and its page says so from the first step on") {
  const Desk desk("gan", programs[0].small);
  REQUIRE(desk.train("first", {"--steps", "9", "--optimizer", "sgd", "--lr", "1e38", "--check-finite"}).code == 6);
  CHECK(contents_of(desk.run("first") / "index.html").find("The run ended at step 0: step 1: ") != std::string::npos);
  CHECK(contents_of(desk.metrics("first")).empty());
  const std::vector<std::string> second{"--steps", "60", "--optimizer", "sgd", "--lr", "1e8", "--d-norm", "none"};
  REQUIRE(desk.train("plain", second).code == 6);
  REQUIRE(desk.train("looked", with_flags(second, {"--check-finite"})).code == 6);
  const auto plain = records_of(desk.run("plain")), looked = records_of(desk.run("looked"));
  for (size_t i = 0; i < looked.size(); ++i) CHECK(looked[i] == plain[i]);
  CHECK(looked.size() <= plain.size());
}

TEST_CASE("one is not plural, and a rate is not shown before there is one") {
  each_program([](const Program&, const Desk& desk) {
    const Outcome one = desk.train("a", {"--steps", "1"});
    CHECK_MESSAGE(("\n" + one.output).find("\n1 step; ") != std::string::npos, one.output);
    CHECK_MESSAGE(one.errors.find("images/s      -  loss") != std::string::npos, one.errors);
    CHECK(("\n" + desk.resume("a", {"--steps", "2"}).output).find("\n2 steps; ") != std::string::npos);
  });
}

TEST_CASE("wrong input: one sentence, the documented exit code, nothing left behind") {
  each_program([](const Program& program, const Desk& desk) {
    const fs::path at = desk.folder.path();
    REQUIRE(desk.train("good", {"--steps", "1"}).code == 0);
    std::ofstream(at / "not-a-checkpoint.safetensors") << "hello";
    fs::create_directories(at / "empty");
    fs::create_directories(at / "broken");
    for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"})
      std::ofstream(at / "broken" / name) << "no magic here";
    const std::string good = desk.run("good").string(), size_flag = program.size_flag;
    check_refused(desk, {{desk.fresh("x", {"--data", (at / "missing").string()}), 3, "missing"},
                         {desk.fresh("x", {"--data", (at / "empty").string()}), 3, "empty"},
                         {desk.fresh("x", {"--data", (at / "broken").string()}), 3, "broken"},
                         {desk.fresh("x", {"--batch", "1000"}), 3, "--batch"},
                         {desk.fresh("x", {"--stpes", "3"}), 2, "--steps"},
                         {desk.fresh("x", {"--lr", "-1"}), 2, "--lr"},
                         {desk.fresh("x", {"--steps", "-1"}), 2, "--steps -1: 0 to 2147483647"},
                         {desk.fresh("x", {"--steps", "2147483648"}), 2, "--steps 2147483648: 0 to 2147483647"},
                         {desk.fresh("x", {"--epochs", "0"}), 2, "--epochs 0: above 0"},
                         {desk.fresh("x", {"--epochs", "1e30"}), 2, "--epochs"},
                         {desk.fresh("x", {"--minutes", "inf"}), 2, "--minutes"},
                         {desk.fresh("x", {"--precision", "f16"}), 2, "--precision"},
                         {desk.fresh("x", {"--seed", "many"}), 2, "--seed"},
                         {desk.fresh("x", {"--net", "biggan"}), 2, "--net biggan"},
                         {desk.fresh("x", {"--device", "tpu"}), 2, "--device tpu"},
                         {desk.further("nothing-here"), 3, "nothing-here"},
                         {{"info", (at / "not-a-checkpoint.safetensors").string()}, 3, "not-a-checkpoint"},
                         {{"info", good, size_flag, "8", "--seed", "8"}, 2, size_flag + " and --seed"},
                         {{"info", good, size_flag, "4"}, 2, "leave out " + size_flag},
                         {{"frobnicate"}, 2, "frobnicate"},
                         {{}, 2, "subcommand"}});
    if (!why_not(Device::cuda).empty()) check_refused(desk, {{desk.fresh("x", {"--device", "cuda"}), 4, "cuda"}});
    for (const char* flag : {"--steps", "--epochs", "--minutes", "--lr", "--checkpoint-every"}) {  // one flag is blamed, not two
      const std::string errors = desk.train("x", {flag, "-1"}).errors;
      CHECK_MESSAGE(errors.find("--") == errors.find(std::string(flag) + " -1: "), errors);
      CHECK_MESSAGE(errors.find("--") == errors.rfind("--"), errors);
    }
  });
}

TEST_CASE("info tells the settings and layers of a run, and train --help what a resumed run may change") {
  each_program([](const Program& program, const Desk& desk) {
    REQUIRE(desk.train("a", {"--steps", "1"}).code == 0);
    const Outcome o = desk({"info", desk.run("a").string()});
    REQUIRE_MESSAGE(o.code == 0, o.errors);
    for (const std::string part : {"last.safetensors: step 1\n", "\"seed\": 3", "×1 ", "parameters"})
      CHECK_MESSAGE(o.output.find(part) != std::string::npos, o.output);
    const std::string help = desk({"train", "--help"}).output;
    for (const char* part : {"bit for bit", "end after this many steps", "end after this many passes"})
      CHECK_MESSAGE(help.find(part) != std::string::npos, help);
    const bool ends_anew = program.name != std::string("classify");  // whose schedule is a cosine unless another is asked for
    CHECK((help.find("takes the place of") != std::string::npos) == ends_anew);
  });
}
