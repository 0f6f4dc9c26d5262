// The gan program as a person uses it: whole processes, their exit codes, and what they leave on the disk.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include "engine/io/image.h"
#include "tests/idx_images.h"
#include "tests/process.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;
namespace fs = std::filesystem;

namespace {

struct Desk {
  TempFolder folder;
  fs::path data = folder.path() / "data";
  Desk() { write_blobs(data); }
  fs::path run(const std::string& name) const { return folder.path() / name; }
  std::vector<std::string> train(const std::string& name, const std::vector<std::string>& more = {}) const {
    return with_flags({"train",
                       "--data",
                       data.string(),
                       "--out",
                       run(name).string(),
                       "--device",
                       "cpu",
                       "--size",
                       "16",
                       "--ngf",
                       "4",
                       "--ndf",
                       "4",
                       "--nz",
                       "8",
                       "--batch",
                       "8",
                       "--log-every",
                       "1",
                       "--sample-every",
                       "5",
                       "--checkpoint-every",
                       "2",
                       "--seed",
                       "3"},
                      more);
  }
};

const fs::path gan = build_dir() / "apps" / "gan";

// What two equal runs have in common, byte for byte.
void check_equal(const fs::path& a, const fs::path& b) {
  CHECK(contents_of(a / "metrics.jsonl") == contents_of(b / "metrics.jsonl"));
  CHECK(weights_of(a / "checkpoints" / "last.safetensors") == weights_of(b / "checkpoints" / "last.safetensors"));
  for (const auto& entry : fs::directory_iterator(a / "samples"))
    CHECK(contents_of(entry.path()) == contents_of(b / "samples" / entry.path().filename()));
}

}  // namespace

TEST_CASE("three fresh processes compute the same bits") {
  const Desk desk;
  for (const char* name : {"a", "b", "c"}) REQUIRE(run_process(gan, desk.train(name, {"--steps", "12"})).code == 0);
  check_equal(desk.run("a"), desk.run("b"));
  check_equal(desk.run("a"), desk.run("c"));
}

TEST_CASE("another seed computes other bits: the comparison can tell") {
  const Desk desk;
  REQUIRE(run_process(gan, desk.train("a", {"--steps", "3"})).code == 0);
  REQUIRE(run_process(gan, desk.train("b", {"--steps", "3", "--seed", "4"})).code == 0);
  CHECK(weights_of(desk.run("a") / "checkpoints" / "last.safetensors") != weights_of(desk.run("b") / "checkpoints" / "last.safetensors"));
}

TEST_CASE("a run that ended and was resumed equals one that never stopped") {
  for (const char* precision : {"f32", "bf16"}) {
    const Desk desk;
    REQUIRE(run_process(gan, desk.train("whole", {"--steps", "20", "--precision", precision})).code == 0);
    for (const char* at : {"1", "9", "13"}) {
      const std::string name = std::string("parts") + at;
      REQUIRE(run_process(gan, desk.train(name, {"--steps", at, "--precision", precision})).code == 0);
      const Outcome resumed = run_process(gan, {"train", "--out", desk.run(name).string(), "--resume", "--steps", "20"});
      REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
      fs::remove(desk.run(name) / "samples" / fmt::format("step_{:08}.png", std::stoi(at)));  // the shorter run's last picture
      CHECK(contents_of(desk.run("whole") / "metrics.jsonl") == contents_of(desk.run(name) / "metrics.jsonl"));
      CHECK(weights_of(desk.run("whole") / "checkpoints" / "last.safetensors") ==
            weights_of(desk.run(name) / "checkpoints" / "last.safetensors"));
    }
  }
}

TEST_CASE("a run that was killed outright and resumed equals one that never stopped") {
  const Desk desk;
  REQUIRE(run_process(gan, desk.train("whole", {"--steps", "60"})).code == 0);
  std::mt19937 random(1);
  for (int i = 0; i < 4; ++i) {
    const std::string name = fmt::format("killed{}", i);
    start_and_kill(gan, desk.train(name, {"--steps", "60"}), SIGKILL, desk.run(name) / "metrics.jsonl", static_cast<int>(random() % 50));
    const Outcome resumed = run_process(gan, {"train", "--out", desk.run(name).string(), "--resume"});
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    check_equal(desk.run("whole"), desk.run(name));
  }
}

TEST_CASE("Ctrl-C finishes the step, saves and exits 130; kill exits 143; the run goes on from there") {
  const Desk desk;
  REQUIRE(run_process(gan, desk.train("whole", {"--steps", "60"})).code == 0);
  for (const auto& [signal, code] : {std::pair{SIGINT, 130}, {SIGTERM, 143}}) {
    const std::string name = fmt::format("stopped{}", signal);
    const Outcome stopped = start_and_kill(gan, desk.train(name, {"--steps", "60"}), signal, desk.run(name) / "metrics.jsonl", 7);
    if (stopped.code == 0) continue;  // it was done before the signal came
    CHECK(stopped.code == code);
    CHECK(fs::exists(desk.run(name) / "index.html"));
    REQUIRE(run_process(gan, {"train", "--out", desk.run(name).string(), "--resume"}).code == 0);
    CHECK(weights_of(desk.run("whole") / "checkpoints" / "last.safetensors") ==
          weights_of(desk.run(name) / "checkpoints" / "last.safetensors"));
  }
}

TEST_CASE("an earlier run of the same name is kept") {
  const Desk desk;
  for (int i = 0; i < 3; ++i) REQUIRE(run_process(gan, desk.train("a", {"--steps", "1"})).code == 0);
  CHECK(fs::exists(desk.run("a") / "config.json"));
  CHECK(fs::exists(desk.run("a.1") / "config.json"));
  CHECK(fs::exists(desk.run("a.2") / "config.json"));
}

TEST_CASE("resuming refuses what would not be the same run") {
  const Desk desk;
  REQUIRE(run_process(gan, desk.train("a", {"--steps", "2"})).code == 0);
  const std::string out = desk.run("a").string();
  const Outcome differs = run_process(gan, {"train", "--out", out, "--resume", "--batch", "16", "--lr", "0.1"});
  CHECK(differs.code == 2);
  CHECK(differs.errors.find("--batch was 8 and is now 16") != std::string::npos);
  CHECK(differs.errors.find("--lr was 0.0002 and is now 0.1") != std::string::npos);
  const Outcome threads = run_process(gan, {"train", "--out", out, "--resume", "--steps", "4"},
                                      {{"DUEL_VARIANT", "conv2d_fwd:ref,conv2d_dgrad:ref,conv2d_wgrad:ref"}});
  CHECK(threads.code == 2);
  CHECK(threads.errors.find("computed with the rows") != std::string::npos);
  CHECK(run_process(gan, {"train", "--out", out, "--resume"}).code == 0);  // nothing left to do; and that must not spoil the next
  CHECK(run_process(gan, {"train", "--out", out, "--resume", "--steps", "4"}).code == 0);
  const Outcome too_few = run_process(gan, {"train", "--out", out, "--resume", "--steps", "3"});
  CHECK(too_few.code == 2);
  CHECK(too_few.errors.find("--steps ends at step 3, but the run is at step 4 already") != std::string::npos);
  // Another row for one op only, of those that ran before.
  CHECK(run_process(gan, {"train", "--out", out, "--resume", "--steps", "6"}, {{"DUEL_VARIANT", "conv2d_dgrad:onednn"}}).code == 2);
  // Settings changed by hand, and other images under the same name.
  std::string config = contents_of(desk.run("a") / "config.json");
  const std::string honest = config;
  config.replace(config.find("\"seed\": 3"), 9, "\"seed\": 4");
  std::ofstream(desk.run("a") / "config.json") << config;
  const Outcome edited = run_process(gan, {"train", "--out", out, "--resume", "--steps", "6"});
  CHECK(edited.code == 3);
  CHECK(edited.errors.find("--seed was 3 and is now 4") != std::string::npos);
  std::ofstream(desk.run("a") / "config.json") << honest;
  std::fstream(desk.data / "train-images-idx3-ubyte", std::ios::in | std::ios::out | std::ios::binary).seekp(100).put('x');
  const Outcome other_images = run_process(gan, {"train", "--out", out, "--resume", "--steps", "6"});
  CHECK(other_images.code == 3);
  CHECK(other_images.errors.find("not those that the run was trained on") != std::string::npos);
}

TEST_CASE("a run killed before its first checkpoint of its own can be resumed") {
  const Desk desk;
  REQUIRE(run_process(gan, desk.train("whole", {"--steps", "30", "--checkpoint-every", "1000"})).code == 0);
  start_and_kill(gan, desk.train("killed", {"--steps", "30", "--checkpoint-every", "1000"}), SIGKILL, desk.run("killed") / "metrics.jsonl",
                 5);
  const Outcome resumed = run_process(gan, {"train", "--out", desk.run("killed").string(), "--resume"});
  REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
  check_equal(desk.run("whole"), desk.run("killed"));
}

TEST_CASE("a checkpoint never holds NaN: the run ends with 6 and keeps the finite one") {
  const Desk desk;
  const Outcome o =
      run_process(gan, desk.train("a", {"--steps", "40", "--lr", "1e18", "--checkpoint-every", "1", "--log-every", "1000000"}));
  CHECK(o.code == 6);
  for (const auto& [name, tensor] : read_safetensors(desk.run("a") / "checkpoints" / "last.safetensors").tensors) {
    if (tensor.dtype != DType::f32) continue;
    const float* values = reinterpret_cast<const float*>(tensor.bytes.data());
    for (size_t i = 0; i < tensor.bytes.size() / 4; ++i) REQUIRE(std::isfinite(values[i]));
  }
}

TEST_CASE("wrong input: one sentence, the documented exit code, nothing left behind") {
  const Desk desk;
  const fs::path at = desk.folder.path();
  REQUIRE(run_process(gan, desk.train("good", {"--steps", "1"})).code == 0);
  std::ofstream(at / "not-a-checkpoint.safetensors") << "hello";
  fs::create_directories(at / "empty");
  fs::create_directories(at / "broken");
  for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"})
    std::ofstream(at / "broken" / name) << "no magic here";
  struct Refusal {
    std::vector<std::string> args;
    int code;
    const char* says;
  };
  std::vector<Refusal> refusals{
      {{"train", "--data", (at / "missing").string(), "--out", (at / "x").string()}, 3, "missing"},
      {{"train", "--data", (at / "empty").string(), "--out", (at / "x").string()}, 3, "empty"},
      {{"train", "--data", (at / "broken").string(), "--size", "16", "--out", (at / "x").string()}, 3, "broken"},
      {desk.train("x", {"--batch", "1000"}), 3, "--batch"},
      {desk.train("x", {"--stpes", "3"}), 2, "--steps"},
      {desk.train("x", {"--lr", "-1"}), 2, "--lr"},
      {desk.train("x", {"--steps", "-1"}), 2, "--steps -1: 0 to 2147483647"},
      {desk.train("x", {"--steps", "2147483648"}), 2, "--steps 2147483648: 0 to 2147483647"},
      {desk.train("x", {"--epochs", "0"}), 2, "--epochs 0: above 0"},
      {desk.train("x", {"--beta1", "1"}), 2, "--beta1 1"},
      {desk.train("x", {"--log-every", "0"}), 2, "--log-every 0"},
      {desk.train("x", {"--epochs", "1e30"}), 2, "--epochs"},
      {desk.train("x", {"--minutes", "inf"}), 2, "--minutes"},
      {desk.train("x", {"--ngf", "134217728"}), 2, "--ngf"},
      {desk.train("x", {"--precision", "f16"}), 2, "--precision"},
      {desk.train("x", {"--seed", "many"}), 2, "--seed"},
      {{"train", "--data", desk.data.string(), "--size", "48", "--out", (at / "x").string()}, 2, "--size 48"},
      {{"train", "--data", desk.data.string(), "--device", "tpu", "--out", (at / "x").string()}, 2, "--device tpu"},
      {{"train", "--net", "biggan", "--data", desk.data.string(), "--out", (at / "x").string()}, 2, "--net biggan"},
      {{"train", "--out", (at / "nothing-here").string(), "--resume"}, 3, "nothing-here"},
      {{"sample", (at / "nothing-here").string(), "--out", (at / "x.png").string()}, 3, "nothing-here"},
      {{"sample", (at / "not-a-checkpoint.safetensors").string(), "--out", (at / "x.png").string()}, 3, "not-a-checkpoint"},
      {{"sample", desk.run("good").string(), "--out", (at / "no-such-folder" / "x.png").string()}, 3, "no-such-folder"},
      {{"interpolate", desk.run("good").string(), "--rows", "1200000000", "--out", (at / "x.png").string()}, 2, "too large"},
      {{"sample", desk.run("good").string(), "--out", (at / "x.jpg").string()}, 2, "x.jpg"},
      {{"sample", (at / "nothing-here").string(), "--out", (at / "x").string()}, 2, "such as "},
      {{"interpolate", (at / "nothing-here").string(), "--out", (at / "x.png.gz").string()}, 2, ".png"},
      {{"info", desk.run("good").string(), "--size", "32", "--nz", "8"}, 2, "--size and --nz"},
      {{"info", desk.run("good").string(), "--size", "16"}, 2, "leave out --size"},
      {{"info", "--data", (at / "missing").string()}, 3, "missing"},
      {{"frobnicate"}, 2, "frobnicate"},
      {{}, 2, "subcommand"},
  };
  if (!why_not(Device::cuda).empty()) refusals.push_back({desk.train("x", {"--device", "cuda"}), 4, "cuda"});
  for (const Refusal& r : refusals) {
    const Outcome o = run_process(gan, r.args);
    const std::string what = fmt::format("gan {}: exit {}, said: {}", fmt::join(r.args, " "), o.code, o.errors);
    CHECK_MESSAGE(o.code == r.code, what);
    CHECK_MESSAGE(o.errors.find(r.says) != std::string::npos, what);
    CHECK_MESSAGE(std::count(o.errors.begin(), o.errors.end(), '\n') == 1, what);
    CHECK_MESSAGE(!fs::exists(at / "x"), what);
    for (const char* picture : {"x.png", "x.jpg", "x.png.gz"}) CHECK_MESSAGE(!fs::exists(at / picture), what);
  }
  for (const char* flag : {"--steps", "--epochs", "--lr", "--beta1", "--log-every", "--sample-every"}) {  // one flag is blamed, not two
    const std::string errors = run_process(gan, desk.train("x", {flag, "-1"})).errors;
    CHECK_MESSAGE(errors.find("--") == errors.find(std::string(flag) + " -1: "), errors);
    CHECK_MESSAGE(errors.find("--") == errors.rfind("--"), errors);
  }
}

TEST_CASE("info tells a net's layers with the data's channels, and a run's with its own") {
  const Desk desk;
  const auto says = [&](std::vector<std::string> args, const char* part) {
    args.insert(args.begin(), "info");
    const Outcome o = run_process(gan, args, {{"DUEL_DATA", desk.folder.path().string()}});
    const std::string what = fmt::format("gan {}: exit {}, said: {}{}", fmt::join(args, " "), o.code, o.output, o.errors);
    CHECK_MESSAGE(o.code == 0, what);
    CHECK_MESSAGE(o.output.find(part) != std::string::npos, what);
  };
  says({}, "32×32×1");  // Fashion-MNIST, installed or not
  says({"--data", "shapes"}, "32×32×3");
  says({"--data", "shapes:correlated", "--size", "64"}, "64×64×3");
  says({"--data", "shapes", "--channels", "1"}, "32×32×1");
  says({"--data", desk.data.string()}, "32×32×1");
  fs::create_directories(desk.folder.path() / "photos" / "cats");
  write_png(desk.folder.path() / "photos" / "cats" / "a.png", {3, 2, 3, std::vector<uint8_t>(18, 7)});
  write_png(desk.folder.path() / "photos" / "cats" / "b.png", {2, 2, 1, std::vector<uint8_t>(4, 7)});
  says({"--data", "photos"}, "32×32×3");
  REQUIRE(run_process(gan, desk.train("a", {"--steps", "1"})).code == 0);
  says({desk.run("a").string()}, "16×16×1");
}

TEST_CASE("a resumed run ends where the flag given now says, in steps or passes or minutes") {
  const Desk desk;  // 8 steps a pass
  const auto train = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"train", "--out", desk.run("a").string(), "--resume"});
    return run_process(gan, more);
  };
  const auto steps_done = [&] {
    const std::string metrics = contents_of(desk.run("a") / "metrics.jsonl");
    return std::count(metrics.begin(), metrics.end(), '\n');
  };
  const auto goes_to = [&](const std::vector<std::string>& more, int steps) {
    const Outcome o = train(more);
    const std::string what = fmt::format("--resume {}: exit {}, {} steps, said: {}", fmt::join(more, " "), o.code, steps_done(), o.errors);
    CHECK_MESSAGE(o.code == 0, what);
    CHECK_MESSAGE(steps_done() == steps, what);
    return o.output;
  };
  const auto refused = [&](const std::vector<std::string>& more, const char* says) {
    const Outcome o = train(more);
    CHECK(o.code == 2);
    CHECK_MESSAGE(o.errors.find(says) != std::string::npos, o.errors);
  };
  REQUIRE(run_process(gan, desk.train("a", {"--epochs", "0.5"})).code == 0);
  CHECK(steps_done() == 4);
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
  const std::string help = run_process(gan, {"train", "--help"}).output;
  for (const char* part : {"end after this many steps", "end after this many passes", "takes the place of"})
    CHECK_MESSAGE(help.find(part) != std::string::npos, help);
}

TEST_CASE("deleted metrics are mentioned once, when the run goes on") {
  const Desk desk;
  REQUIRE(run_process(gan, desk.train("a", {"--steps", "3"})).code == 0);
  const fs::path metrics = desk.run("a") / "metrics.jsonl";
  const std::vector<std::string> more{"train", "--out", desk.run("a").string(), "--resume", "--steps", "5"};
  fs::remove(metrics);
  CHECK(run_process(gan, more, {{"DUEL_VARIANT", "conv2d_fwd:ref"}}).code == 2);  // refused: it must not hide the loss
  CHECK(!fs::exists(metrics));
  const Outcome o = run_process(gan, more);
  CHECK(o.code == 0);
  CHECK_MESSAGE(o.errors.starts_with(fmt::format("gan: {} is not there", metrics.string())), o.errors);
  CHECK(o.errors.find("from step 4") != std::string::npos);
  const std::string kept = contents_of(metrics);
  CHECK(kept.starts_with("{\"step\":4,"));
  CHECK(std::count(kept.begin(), kept.end(), '\n') == 2);
  CHECK(run_process(gan, {"train", "--out", desk.run("a").string(), "--resume", "--steps", "6"}).errors.find("not there") ==
        std::string::npos);
}

TEST_CASE("one is not plural, and a rate is not shown before there is one") {
  const Desk desk;
  const std::string run = desk.run("a").string(), picture = desk.folder.path() / "x.png";
  const Outcome one = run_process(gan, desk.train("a", {"--steps", "1"}));
  CHECK_MESSAGE(one.output.find("\n1 step; open ") != std::string::npos, one.output);
  CHECK_MESSAGE(one.errors.find("images/s      -  loss D") != std::string::npos, one.errors);
  CHECK(run_process(gan, {"train", "--out", run, "--resume", "--steps", "2"}).output.find("\n2 steps; open ") != std::string::npos);
  CHECK(run_process(gan, {"sample", run, "--n", "1", "--out", picture}).output.starts_with("1 image of step 2 "));
  CHECK(run_process(gan, {"interpolate", run, "--rows", "1", "--steps", "2", "--out", picture}).output.starts_with("1 walk of 2 images "));
  CHECK(run_process(gan, {"interpolate", run, "--rows", "2", "--steps", "3", "--out", picture}).output.starts_with("2 walks of 3 images "));
}

TEST_CASE("a full disk before the first checkpoint leaves no run behind, and an earlier one where it was") {
  const Desk desk;
  // Nothing above 4 KiB can be written: the settings can, a checkpoint cannot. Ignored signals stay ignored in the program.
  auto short_of_room = [&](std::vector<std::string> args) {
    args.insert(args.begin(), {"-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"", gan.string()});
    return run_process("/bin/sh", args);
  };
  const Outcome fresh = short_of_room(desk.train("a", {"--steps", "2"}));
  CHECK_MESSAGE(fresh.code == 3, fresh.errors);
  CHECK(fresh.errors.find("last.safetensors") != std::string::npos);
  CHECK(!fs::exists(desk.run("a")));
  REQUIRE(run_process(gan, desk.train("a", {"--steps", "2"})).code == 0);
  const auto before = weights_of(desk.run("a") / "checkpoints" / "last.safetensors");
  CHECK(short_of_room(desk.train("a", {"--steps", "2", "--seed", "4"})).code == 3);
  CHECK(!fs::exists(desk.run("a.1")));
  CHECK(short_of_room({"train", "--out", desk.run("a").string(), "--resume", "--steps", "4"}).code == 3);
  CHECK(weights_of(desk.run("a") / "checkpoints" / "last.safetensors") == before);
  CHECK(run_process(gan, {"train", "--out", desk.run("a").string(), "--resume", "--steps", "4"}).code == 0);
  CHECK(!fs::exists(desk.run("a") / "lock"));
}

TEST_CASE("a checkpoint of another net is refused") {
  const Desk desk;
  REQUIRE(run_process(gan, desk.train("a", {"--steps", "2"})).code == 0);
  REQUIRE(run_process(gan, desk.train("b", {"--steps", "2", "--ngf", "6"})).code == 0);
  fs::copy_file(desk.run("b") / "checkpoints" / "last.safetensors", desk.run("a") / "checkpoints" / "last.safetensors",
                fs::copy_options::overwrite_existing);
  const Outcome o = run_process(gan, {"train", "--out", desk.run("a").string(), "--resume", "--steps", "4"});
  CHECK(o.code == 3);
  CHECK(o.errors.find("another net") != std::string::npos);
}

TEST_CASE("sample and interpolate write the pictures asked for") {
  const Desk desk;
  REQUIRE(run_process(gan, desk.train("a", {"--steps", "2"})).code == 0);
  const fs::path samples = desk.folder.path() / "samples.png", walk = desk.folder.path() / "walk.png";
  REQUIRE(run_process(gan, {"sample", desk.run("a").string(), "--n", "12", "--columns", "4", "--out", samples.string()}).code == 0);
  REQUIRE(run_process(gan, {"interpolate", desk.run("a").string(), "--rows", "2", "--steps", "5", "--out", walk.string()}).code == 0);
  const Image grid = read_image(samples, 1), strip = read_image(walk, 1);
  CHECK(grid.w == 4 * 18 + 2);
  CHECK(grid.h == 3 * 18 + 2);
  CHECK(strip.w == 5 * 18 + 2);
  CHECK(strip.h == 2 * 18 + 2);
}
