// The cgan program as a person uses it, beside what all programs that train do (test_train_app.cpp); and folders of generated pictures.
#include <fstream>

#include "engine/data/dataset.h"
#include "engine/io/image.h"
#include "tests/app_runs.h"

using namespace duel;
using namespace duel::test;

namespace {

Desk cgan_desk() { return {"cgan", {"--size", "8", "--ngf", "4", "--ndf", "4", "--nz", "8", "--steps", "4"}}; }

}  // namespace

TEST_CASE("pictures of a conditional GAN have a row for each class, and walks run from class to class") {
  const Desk desk = cgan_desk();
  REQUIRE(desk.train("a").code == 0);
  const std::string run = desk.run("a"), png = desk.folder.path() / "x.png";
  const int classes = 2;  // of the blobs
  const Image shown = read_image((desk.run("a") / "samples" / "step_00000004.png").string(), 1);
  CHECK(shown.w == 8 * 10 + 2);
  CHECK(shown.h == classes * 10 + 2);
  REQUIRE(desk({"sample", run, "--n", "6", "--columns", "3", "--label", "1", "--out", png}).code == 0);
  REQUIRE(desk({"interpolate", run, "--rows", "2", "--steps", "5", "--out", png}).code == 0);
  REQUIRE(desk({"classes", run, "--rows", "3", "--steps", "4", "--classes", "0", "--classes", "1", "--out", png}).code == 0);
  const Image walk = read_image(png, 1);
  CHECK(walk.w == 5 * 10 + 2);
  CHECK(walk.h == 3 * 10 + 2);
}

TEST_CASE("a generated folder holds as many of each class, and is read back with its labels") {
  const Desk desk = cgan_desk();
  REQUIRE(desk.train("a").code == 0);
  const fs::path out = desk.folder.path() / "made";
  REQUIRE(desk({"generate", desk.run("a"), "--n", "7", "--out", out}).code == 0);
  std::ifstream table(out / "labels.csv");
  std::string line;
  std::map<std::string, int> count;
  std::getline(table, line);
  CHECK(line == "file,label");
  while (std::getline(table, line)) {
    CHECK(fs::exists(out / line.substr(0, line.find(','))));
    ++count[line.substr(line.find(',') + 1)];
  }
  CHECK(count.size() == 2);
  for (const auto& [label, n] : count) CHECK((n == 3 || n == 4));
  const Image first = read_image(out / "000000.png", 0);
  CHECK(first.h == 8);
  CHECK(first.c == 1);
  // The same seed makes the same pictures, and nothing that is there is overwritten.
  const Outcome again = desk({"generate", desk.run("a"), "--n", "7", "--out", out});
  CHECK(again.code == 2);
  CHECK(again.errors.find("it is there already") != std::string::npos);
  REQUIRE(desk({"generate", desk.run("a"), "--n", "7", "--out", desk.folder.path() / "again"}).code == 0);
  CHECK(contents_of(out / "000006.png") == contents_of(desk.folder.path() / "again" / "000006.png"));
}

TEST_CASE("a preset starts a run, flags beside it count, and --resume goes on without it") {
  const Desk desk{"cgan", {}};
  REQUIRE(desk.train("a", {"--preset", "fashion-mnist", "--size", "8", "--ngf", "4", "--ndf", "4", "--steps", "2"}).code == 0);
  const std::string config = contents_of(desk.run("a") / "config.json");
  for (const char* part : {"\"ema\": 0.999", "\"size\": 8", "\"conditional\": true"}) CHECK(config.find(part) != std::string::npos);
  CHECK(desk.resume("a", {"--steps", "3"}).code == 0);
  check_refused(desk, {{desk.fresh("x", {"--preset", "nothing"}), 2, "there are fashion-mnist"},
                       {desk.further("a", {"--preset", "fashion-mnist"}), 2, "leave one out"}});
}

TEST_CASE("what a conditional GAN refuses") {
  const Desk desk = cgan_desk(), plain{"gan", {"--size", "8", "--ngf", "4", "--ndf", "4", "--nz", "8", "--steps", "2"}};
  REQUIRE(desk.train("a").code == 0);
  const std::string run = desk.run("a"), png = desk.folder.path() / "x.png";
  check_refused(desk, {{{"sample", run, "--label", "7", "--out", png}, 2, "--label 7"},
                       {{"sample", run, "--label", "boot", "--out", png}, 2, "the classes are ["},
                       {{"classes", run, "--classes", "1", "--out", png}, 2, "at least two"},
                       {desk.fresh("x", {"--label-in-g", "planes"}), 2, "there are one-hot, embedding, norm"},
                       {{"generate", run, "--n", "0", "--out", desk.folder.path() / "f"}, 2, "--n 0"}});
  const Outcome other = plain({"train", "--out", run, "--resume"});
  CHECK(other.code == 2);
  CHECK_MESSAGE(other.errors.find("is a run of cgan; go on with: cgan train") != std::string::npos, other.errors);
}

TEST_CASE("with an extractor, gan and cgan keep the best by Fréchet distance beside the last, and say so") {
  const Desk classify{"classify", {"--width", "4", "--lr", "0.02"}};
  REQUIRE(classify.train("judge", {"--steps", "24"}).code == 0);
  for (const char* program : {"gan", "cgan"}) {
    // A step size at which an early look is better than some later ones.
    const Desk desk{program,
                    {"--size", "16", "--ngf", "4", "--ndf", "4", "--nz", "8", "--lr", "0.2", "--log-every", "1", "--eval-every", "2"}};
    const std::vector<std::string> judged{"--extractor", classify.run("judge").string()};
    const Outcome o = desk.train("whole", with_flags(judged, {"--steps", "12"}));
    REQUIRE_MESSAGE(o.code == 0, o.errors);
    double best = 1e30;
    int64_t best_step = 0, looks = 0;
    for (const auto& record : records_of(desk.run("whole"))) {
      CHECK(record.contains("fcd") == (record["step"].get<int64_t>() % 2 == 0));
      if (!record.contains("fcd")) continue;
      ++looks;
      CHECK(record["extractor"].get<std::string>().size() == 16);
      if (record["fcd"].get<double>() < best) best = record["fcd"], best_step = record["step"];
    }
    CHECK(looks == 6);
    CHECK(best_step < 12);
    const SafeTensors kept = read_safetensors(desk.checkpoint("whole", "best"));
    CHECK(kept.metadata.at("step") == std::to_string(best_step));
    CHECK(desk.steps_done("whole") == 12);
    CHECK(weights_of(desk.checkpoint("whole", "best")) != weights_of(desk.checkpoint("whole")));
    CHECK(o.output.find("FCD ") != std::string::npos);
    const std::string page = contents_of(desk.run("whole") / "index.html");
    for (const char* says : {"Fréchet distance", "checkpoints/best.safetensors", "last is often not its best"})
      CHECK_MESSAGE(page.find(says) != std::string::npos, program, ": ", says);
    const std::string png = desk.folder.path() / "best.png";
    const Outcome sampled = desk({"sample", desk.run("whole").string(), "--which", "best", "--n", "4", "--out", png});
    CHECK_MESSAGE(sampled.output.find(fmt::format("of step {} ", best_step)) != std::string::npos, sampled.output, sampled.errors);

    REQUIRE(desk.train("part", with_flags(judged, {"--steps", "8"})).code == 0);
    const Outcome resumed = desk.resume("part", {"--steps", "12"});
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    check_equal(desk.run("whole"), desk.run("part"));
  }
}
