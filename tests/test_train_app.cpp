// What the programs that train do alike, as a person meets it: whole processes, their exit codes, and what they leave on the disk. How they
// go on is in test_resume_app.cpp; what only one of them does is tested in its own file.
#include <cmath>
#include <fstream>

#include "tests/train_programs.h"

using namespace duel;
using namespace duel::test;

TEST_CASE("three fresh processes compute the same bits, and another seed others") {
  each_program([](const Program&, const Desk& desk) {
    for (const char* name : {"a", "b", "c"}) REQUIRE(desk.train(name, {"--steps", "12"}).code == 0);
    check_equal(desk.run("a"), desk.run("b"));
    check_equal(desk.run("a"), desk.run("c"));
    REQUIRE(desk.train("other", {"--steps", "12", "--seed", "4"}).code == 0);
    CHECK(weights_of(desk.checkpoint("a")) != weights_of(desk.checkpoint("other")));
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
                         {desk.fresh("x", {"--precision", "f16"}), 2, "--precision f16: f32, tf32 or bf16"},
                         {desk.fresh("x", {"--precision", "tf32"}), 2, "--precision tf32: a CPU"},
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
