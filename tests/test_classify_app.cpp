// The classify program as a person uses it, beside what all programs that train do (test_train_app.cpp).
#include <signal.h>

#include <fstream>

#include "engine/data/dataset.h"
#include "engine/io/image.h"
#include "tests/app_runs.h"

using namespace duel;
using namespace duel::test;

namespace {

Desk classify_desk() { return {"classify", {"--width", "4", "--lr", "0.01", "--eval-every", "4", "--checkpoint-every", "3"}}; }

}  // namespace

TEST_CASE("every net computes the same bits in two processes, and with a cosine when it was killed and resumed") {
  const Desk desk = classify_desk();
  for (const std::string net : {"lenet", "resnet"}) {
    const std::vector<std::string> flags{"--net", net, "--steps", "24"};
    REQUIRE(desk.train(net + "-a", flags).code == 0);
    REQUIRE(desk.train(net + "-b", flags).code == 0);
    check_equal(desk.run(net + "-a"), desk.run(net + "-b"));
    start_and_kill(desk.program(), desk.fresh(net + "-c", flags), SIGKILL, desk.metrics(net + "-c"), 2);
    const Outcome resumed = desk.resume(net + "-c");
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    check_equal(desk.run(net + "-a"), desk.run(net + "-c"));
  }
}

TEST_CASE("augmented, mixed, balanced and weighted runs are resumed bit for bit, and each differs from a plain one") {
  const Desk desk = classify_desk();
  REQUIRE(desk.train("plain", {"--steps", "20"}).code == 0);
  const auto plain = weights_of(desk.checkpoint("plain"));
  int runs = 0;
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{{"--aug", "hflip; rotate -15..15; erase"},
                                                                                     {"--mixup", "0.2"},
                                                                                     {"--cutmix", "1", "--aug", "crop"},
                                                                                     {"--sample-pairing"},
                                                                                     {"--sampler", "balanced", "--aug", "translate"}}) {
    const std::string name = fmt::format("{}", ++runs);
    std::vector<std::string> args = desk.fresh(name + "-a", {"--steps", "20"}), cut = desk.fresh(name + "-b", {"--steps", "20"});
    args.insert(args.end(), flags.begin(), flags.end()), cut.insert(cut.end(), flags.begin(), flags.end());
    const Outcome whole = desk(args);
    REQUIRE_MESSAGE(whole.code == 0, whole.errors);
    start_and_kill(desk.program(), cut, SIGKILL, desk.metrics(name + "-b"), 2);
    const Outcome resumed = desk.resume(name + "-b");
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    check_equal(desk.run(name + "-a"), desk.run(name + "-b"));
    CHECK(weights_of(desk.checkpoint(name + "-a")) != plain);
  }
  // Classes of one size weigh the same; classes that differ do not.
  std::vector<std::string> weighted = desk.fresh("weighted", {"--steps", "20"});
  weighted.push_back("--class-weights");
  REQUIRE(desk(weighted).code == 0);
  CHECK(weights_of(desk.checkpoint("weighted")) == plain);
}

TEST_CASE("a preset starts a run, and flags beside it count") {
  const Desk desk{"classify", {}};
  REQUIRE(desk.train("a", {"--preset", "fashion-mnist", "--width", "4", "--steps", "2"}).code == 0);
  const nlohmann::json config = nlohmann::json::parse(contents_of(desk.run("a") / "config.json"));
  CHECK(config["smoothing"] == 0.1);
  CHECK(config["weight-decay"] == 1e-3);
  CHECK(config["width"] == 4);
  const Outcome other = desk(desk.fresh("x", {"--preset", "nothing"}));
  CHECK(other.code == 2);
  CHECK_MESSAGE(other.errors.find("there are fashion-mnist") != std::string::npos, other.errors);
}

TEST_CASE("the steps of --aug are listed") {
  const Outcome said = classify_desk()({"steps"});
  CHECK(said.code == 0);
  for (const char* step : {"hflip", "trivialaugment", "normalize"}) CHECK(said.output.find(step) != std::string::npos);
}

TEST_CASE("the blobs are learnt, and eval, the records and the page say the same") {
  const Desk desk = classify_desk();
  REQUIRE(desk.train("a", {"--epochs", "20", "--dropout", "0", "--eval-every", "8"}).code == 0);
  const auto records = records_of(desk.run("a"));
  REQUIRE(records.size() == 20);
  CHECK(records.back()["step"] == 160);
  CHECK(records.back()["epoch"] == 20.0);
  CHECK(records.back()["loss"].get<double>() < records.front()["loss"].get<double>());
  const double accuracy = records.back()["accuracy"];
  CHECK(accuracy > 0.9);
  const Outcome said = desk({"eval", desk.run("a").string()});
  REQUIRE_MESSAGE(said.code == 0, said.errors);
  for (const std::string& text : {said.output, contents_of(desk.run("a") / "index.html")})
    CHECK(text.find(fmt::format("{:.2f} %", 100 * accuracy)) != std::string::npos);
  CHECK(said.output.find("balanced accuracy") != std::string::npos);
  double best = 0;
  for (const auto& r : records) best = std::max(best, r["accuracy"].get<double>());
  const Outcome kept = desk({"eval", desk.run("a").string(), "--which", "best"});
  CHECK(kept.output.find(fmt::format("{:.2f} %", 100 * best)) != std::string::npos);
}

TEST_CASE("predict names the class of each image") {
  const Desk desk = classify_desk();
  REQUIRE(desk.train("a", {"--epochs", "20", "--dropout", "0"}).code == 0);
  const Dataset test = load_data(desk.data.string()).test;
  const fs::path picture = desk.folder.path() / "blob.png";
  write_png(picture, image_of(test, 3));
  const Outcome said = desk({"predict", desk.run("a").string(), picture.string(), picture.string()});
  REQUIRE_MESSAGE(said.code == 0, said.errors);
  CHECK(std::count(said.output.begin(), said.output.end(), '\n') == 2);
  CHECK(said.output.starts_with(picture.string() + "\t" + test.classes[1] + "\t0."));
}

TEST_CASE("wrong input: one sentence, the documented exit code, nothing left behind") {
  const Desk desk = classify_desk();
  const fs::path at = desk.folder.path();
  REQUIRE(desk.train("good", {"--steps", "2"}).code == 0);
  std::ofstream(at / "not-a-checkpoint.safetensors") << "hello";
  const std::string good = desk.run("good").string();
  check_refused(desk, {{desk.fresh("x", {"--schedule", "step"}), 2, "--schedule step"},
                       {desk.fresh("x", {"--dropout", "1"}), 2, "--dropout 1"},
                       {desk.fresh("x", {"--momentum", "1"}), 2, "--momentum 1"},
                       {desk.fresh("x", {"--width", "0"}), 2, "--width 0"},
                       {desk.fresh("x", {"--size", "2"}), 2, "--size 2"},
                       {desk.fresh("x", {"--aug", "spin"}), 2, "no step is called 'spin'"},
                       {desk.fresh("x", {"--aug", "hflip; normalize mean=.1"}), 2, "leave out normalize"},
                       {desk.fresh("x", {"--aug", "hflip; normalize mean=0 std=1"}), 2, "leave out normalize"},
                       {desk.fresh("x", {"--mixup", "-1"}), 2, "--mixup -1"},
                       {desk.fresh("x", {"--mixup", ".2", "--cutmix", "1"}), 2, "give one of them"},
                       {desk.fresh("x", {"--sampler", "fair"}), 2, "--sampler fair"},
                       {desk.further("good", {"--steps", "4"}), 2, "--steps was 2 and is now 4"},  // a cosine ends where it was to end
                       {{"eval", at / "nothing-here"}, 3, "nothing-here"},
                       {{"eval", at / "not-a-checkpoint.safetensors"}, 3, "not-a-checkpoint"},
                       {{"eval", good, "--which", "worst"}, 2, "--which worst"},
                       {{"eval", good, "--data", "shapes"}, 3, "its classes are"},
                       {{"predict", good}, 2, "images"},
                       {{"predict", good, at / "none.png"}, 3, "none.png"}});
}

TEST_CASE("a loss that is not finite ends the run with 6, and the last checkpoint is from before") {
  const Desk desk = classify_desk();
  const Outcome o = desk.train("a", {"--steps", "40", "--schedule", "constant", "--weight-decay", "1e30"});
  CHECK(o.code == 6);
  CHECK(desk({"eval", desk.run("a").string()}).code == 0);
}
