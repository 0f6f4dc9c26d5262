// The classify program as a person uses it: whole processes, their exit codes, and what they leave on the disk.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/data/dataset.h"
#include "tests/idx_images.h"
#include "tests/process.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;
namespace fs = std::filesystem;

namespace {

const fs::path classify = build_dir() / "apps" / "classify";

struct Desk {
  TempFolder folder;
  fs::path data = folder.path() / "data";
  Desk() { write_blobs(data); }
  fs::path run(const std::string& name) const { return folder.path() / name; }
  std::vector<std::string> train(const std::string& name, const std::vector<std::string>& more = {}) const {
    return with_flags({"train", "--data", data.string(), "--out", run(name).string(), "--device", "cpu", "--width", "4", "--batch", "8",
                       "--lr", "0.01", "--eval-every", "4", "--checkpoint-every", "3", "--seed", "3"},
                      more);
  }
};

void check_equal(const fs::path& a, const fs::path& b) {
  CHECK(!contents_of(a / "metrics.jsonl").empty());
  CHECK(contents_of(a / "metrics.jsonl") == contents_of(b / "metrics.jsonl"));
  for (const char* name : {"last.safetensors", "best.safetensors"})
    CHECK(weights_of(a / "checkpoints" / name) == weights_of(b / "checkpoints" / name));
}

std::vector<nlohmann::json> records_of(const fs::path& run) {
  std::istringstream lines(contents_of(run / "metrics.jsonl"));
  std::vector<nlohmann::json> records;
  for (std::string line; std::getline(lines, line);) records.push_back(nlohmann::json::parse(line));
  return records;
}

}  // namespace

TEST_CASE("two fresh processes compute the same bits, another seed others") {
  const Desk desk;
  for (const char* net : {"lenet", "resnet"}) {
    const std::string a = fmt::format("{}-a", net), b = fmt::format("{}-b", net), c = fmt::format("{}-c", net);
    REQUIRE(run_process(classify, desk.train(a, {"--net", net, "--steps", "9"})).code == 0);
    REQUIRE(run_process(classify, desk.train(b, {"--net", net, "--steps", "9"})).code == 0);
    REQUIRE(run_process(classify, desk.train(c, {"--net", net, "--steps", "9", "--seed", "4"})).code == 0);
    check_equal(desk.run(a), desk.run(b));
    CHECK(weights_of(desk.run(a) / "checkpoints" / "last.safetensors") != weights_of(desk.run(c) / "checkpoints" / "last.safetensors"));
  }
}

TEST_CASE("a run that ended and was resumed equals one that never stopped") {
  for (const char* precision : {"f32", "bf16"}) {
    const Desk desk;
    const std::vector<std::string> flags{"--schedule", "constant", "--precision", precision};
    auto with = [&](const char* steps) {
      std::vector<std::string> more = flags;
      more.insert(more.end(), {"--steps", steps});
      return more;
    };
    REQUIRE(run_process(classify, desk.train("whole", with("20"))).code == 0);
    REQUIRE(run_process(classify, desk.train("parts", with("8"))).code == 0);
    const Outcome resumed = run_process(classify, {"train", "--out", desk.run("parts").string(), "--resume", "--steps", "20"});
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    check_equal(desk.run("whole"), desk.run("parts"));
  }
}

TEST_CASE("a run that was killed or interrupted, and resumed, equals one that never stopped") {
  const Desk desk;
  REQUIRE(run_process(classify, desk.train("whole", {"--steps", "120"})).code == 0);
  for (const auto& [signal, code] : {std::pair{SIGKILL, 137}, {SIGINT, 130}, {SIGTERM, 143}}) {
    const std::string name = fmt::format("stopped{}", signal);
    const Outcome stopped = start_and_kill(classify, desk.train(name, {"--steps", "120"}), signal, desk.run(name) / "metrics.jsonl", 5);
    if (stopped.code == 0) continue;  // it was done before the signal came
    CHECK(stopped.code == code);
    const Outcome resumed = run_process(classify, {"train", "--out", desk.run(name).string(), "--resume"});
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    check_equal(desk.run("whole"), desk.run(name));
  }
}

TEST_CASE("the blobs are learnt, and eval, the records and the page say the same") {
  const Desk desk;
  REQUIRE(run_process(classify, desk.train("a", {"--epochs", "20", "--dropout", "0", "--eval-every", "8"})).code == 0);
  const auto records = records_of(desk.run("a"));
  REQUIRE(records.size() == 20);
  CHECK(records.back()["step"] == 160);
  CHECK(records.back()["epoch"] == 20.0);
  CHECK(records.back()["loss"].get<double>() < records.front()["loss"].get<double>());
  const double accuracy = records.back()["accuracy"];
  CHECK(accuracy > 0.9);
  const Outcome said = run_process(classify, {"eval", desk.run("a").string()});
  REQUIRE_MESSAGE(said.code == 0, said.errors);
  for (const std::string& text : {said.output, contents_of(desk.run("a") / "index.html")})
    CHECK(text.find(fmt::format("{:.2f} %", 100 * accuracy)) != std::string::npos);
  CHECK(said.output.find("balanced accuracy") != std::string::npos);
  double best = 0;
  for (const auto& r : records) best = std::max(best, r["accuracy"].get<double>());
  const Outcome kept = run_process(classify, {"eval", desk.run("a").string(), "--which", "best"});
  CHECK(kept.output.find(fmt::format("{:.2f} %", 100 * best)) != std::string::npos);
}

TEST_CASE("predict names the class of each image") {
  const Desk desk;
  REQUIRE(run_process(classify, desk.train("a", {"--epochs", "20", "--dropout", "0"})).code == 0);
  const Dataset test = load_data(desk.data.string()).test;
  const fs::path picture = desk.folder.path() / "blob.png";
  write_png(picture, image_of(test, 3));
  const Outcome said = run_process(classify, {"predict", desk.run("a").string(), picture.string(), picture.string()});
  REQUIRE_MESSAGE(said.code == 0, said.errors);
  CHECK(std::count(said.output.begin(), said.output.end(), '\n') == 2);
  CHECK(said.output.starts_with(picture.string() + "\t" + test.classes[1] + "\t0."));
}

TEST_CASE("wrong input: one sentence, the documented exit code, nothing left behind") {
  const Desk desk;
  const fs::path at = desk.folder.path();
  REQUIRE(run_process(classify, desk.train("good", {"--steps", "2"})).code == 0);
  std::ofstream(at / "not-a-checkpoint.safetensors") << "hello";
  fs::create_directories(at / "empty");
  struct Refusal {
    std::vector<std::string> args;
    int code;
    const char* says;
  };
  const std::string good = desk.run("good").string();
  std::vector<Refusal> refusals{
      {{"train", "--data", (at / "missing").string(), "--out", (at / "x").string()}, 3, "missing"},
      {{"train", "--data", (at / "empty").string(), "--out", (at / "x").string()}, 3, "empty"},
      {desk.train("x", {"--batch", "1000"}), 3, "--batch"},
      {desk.train("x", {"--stpes", "3"}), 2, "--steps"},
      {desk.train("x", {"--lr", "-1"}), 2, "--lr"},
      {desk.train("x", {"--net", "vgg"}), 2, "--net vgg"},
      {desk.train("x", {"--schedule", "step"}), 2, "--schedule step"},
      {desk.train("x", {"--dropout", "1"}), 2, "--dropout 1"},
      {desk.train("x", {"--momentum", "1"}), 2, "--momentum 1"},
      {desk.train("x", {"--width", "0"}), 2, "--width 0"},
      {desk.train("x", {"--size", "2"}), 2, "--size 2"},
      {desk.train("x", {"--device", "tpu"}), 2, "--device tpu"},
      {{"train", "--out", (at / "nothing-here").string(), "--resume"}, 3, "nothing-here"},
      {{"train", "--out", good, "--resume", "--steps", "4"}, 2, "--steps was 2 and is now 4"},  // a cosine ends where it was to end
      {{"eval", (at / "nothing-here").string()}, 3, "nothing-here"},
      {{"eval", (at / "not-a-checkpoint.safetensors").string()}, 3, "not-a-checkpoint"},
      {{"eval", good, "--which", "worst"}, 2, "--which worst"},
      {{"eval", good, "--data", "shapes"}, 3, "its classes are"},
      {{"predict", good}, 2, "images"},
      {{"predict", good, (at / "none.png").string()}, 3, "none.png"},
      {{"frobnicate"}, 2, "frobnicate"},
      {{}, 2, "subcommand"},
  };
  if (!why_not(Device::cuda).empty()) refusals.push_back({{"train", "--device", "cuda", "--out", (at / "x").string()}, 4, "cuda"});
  for (const Refusal& r : refusals) {
    const Outcome o = run_process(classify, r.args);
    const std::string what = fmt::format("classify {}: exit {}, said: {}", fmt::join(r.args, " "), o.code, o.errors);
    CHECK_MESSAGE(o.code == r.code, what);
    CHECK_MESSAGE(o.errors.find(r.says) != std::string::npos, what);
    CHECK_MESSAGE(std::count(o.errors.begin(), o.errors.end(), '\n') == 1, what);
    CHECK_MESSAGE(!fs::exists(at / "x"), what);
  }
}

TEST_CASE("a loss that is not finite ends the run with 6, and the last checkpoint is from before") {
  const Desk desk;
  const Outcome o = run_process(classify, desk.train("a", {"--steps", "40", "--schedule", "constant", "--weight-decay", "1e30"}));
  CHECK(o.code == 6);
  CHECK(run_process(classify, {"eval", desk.run("a").string()}).code == 0);
}
