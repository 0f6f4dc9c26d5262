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
