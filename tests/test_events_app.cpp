// The event files that the programs leave for TensorBoard, also where a run was stopped and went on; and what TensorBoard makes of them.
#include <signal.h>

#include <set>

#include "engine/io/image.h"
#include "tests/app_runs.h"
#include "tests/event_reader.h"
#include "tests/file_support.h"
#include "tests/python.h"

using namespace duel;
using namespace duel::test;

namespace {

struct Program {
  const char* name;
  std::vector<std::string> small;
  const char* scalar;
  int every;  // steps between records
  bool shows;
  bool judges = false;  // has a D that says something of each image
};
const Program programs[] = {
    {"gan",
     {"--size", "8", "--ngf", "4", "--ndf", "4", "--nz", "8", "--log-every", "2", "--sample-every", "5", "--checkpoint-every", "3"},
     "loss_d",
     2,
     true,
     true},
    {"cgan",
     {"--size", "8", "--ngf", "4", "--ndf", "4", "--nz", "8", "--log-every", "2", "--sample-every", "5", "--checkpoint-every", "3"},
     "loss_g",
     2,
     true,
     true},
    {"vae", {"--width", "4", "--eval-every", "4", "--checkpoint-every", "3"}, "test_loss", 4, true},
    {"classify", {"--width", "4", "--schedule", "constant", "--eval-every", "4", "--checkpoint-every", "3"}, "accuracy", 4, false},
};

// Of all files of a run, in TensorBoard's order.
std::vector<Event> events_in(const fs::path& run) {
  std::vector<Event> all;
  for (const fs::path& file : event_files(run))
    for (Event& e : events_of(get(file.string()))) all.push_back(std::move(e));
  return all;
}

// A line "KIND TAG STEP VALUE" for each thing that TensorBoard would show of a folder.
constexpr const char* show = R"py(
import sys
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.util import tensor_util
run = event_accumulator.EventAccumulator(sys.argv[1], size_guidance={k: 0 for k in ("scalars", "images", "histograms", "tensors")})
run.Reload()
tags = run.Tags()
for tag in tags["scalars"]:
    for e in run.Scalars(tag): print("scalar", tag, e.step, repr(e.value))
for tag in tags["images"]:
    for e in run.Images(tag): print("image", tag, e.step, e.width, e.height, len(e.encoded_image_string))
for tag in tags["histograms"]:
    for e in run.Histograms(tag): print("histogram", tag, e.step, e.histogram_value.num, sum(e.histogram_value.bucket))
for tag in tags["tensors"]:
    for e in run.Tensors(tag): print("tensor", tag, e.step, tensor_util.make_ndarray(e.tensor_proto).size)
)py";

}  // namespace

TEST_CASE("each program that trains leaves its records and pictures for TensorBoard") {
  for (const Program& p : programs) {
    INFO(std::string(p.name));
    const Desk desk(p.name, p.small);
    REQUIRE(desk.train("a", {"--steps", "8"}).code == 0);
    REQUIRE(event_files(desk.run("a")).size() == 1);
    const std::vector<Event> events = events_in(desk.run("a"));
    CHECK(events.at(0).version == "brain.Event:2");
    const auto records = records_of(desk.run("a"));
    size_t at = 0, pictures = 0;
    for (const Event& e : events) {
      for (const auto& [tag, png] : e.pngs) {
        CHECK(contents_of(desk.run("a") / "samples" / fmt::format("step_{:08}.png", e.step)) == png);
        ++pictures;
      }
      if (e.scalars.empty()) continue;
      REQUIRE(at < records.size());
      CHECK(e.step == records[at]["step"]);
      CHECK(e.scalars.at("images_per_second") > 0);
      for (const auto& [tag, value] : e.scalars)
        if (tag != "images_per_second") CHECK(value == doctest::Approx(records[at][tag].get<double>()));
      for (const auto& [tag, h] : e.histograms) CHECK(h.counts == records[at][tag]["counts"].get<std::vector<double>>());
      CHECK(e.histograms.size() == (p.judges ? 2 : 0));
      CHECK(e.scalars.contains(p.scalar));
      ++at;
    }
    CHECK(at == records.size());
    CHECK(pictures == (p.shows ? static_cast<size_t>(std::distance(fs::directory_iterator(desk.run("a") / "samples"), {})) : 0));
  }
}

TEST_CASE("a run that was stopped and went on says each step once, and tells TensorBoard where it took up") {
  for (const Program& p : programs) {
    INFO(std::string(p.name));
    const Desk desk(p.name, p.small);
    REQUIRE(desk.train("a", {"--steps", "8"}).code == 0);
    const auto last_of = [&](const char* run) { return std::stoll(read_safetensors(desk.checkpoint(run)).metadata.at("step")); };
    // As a kill would leave it: an older checkpoint, records beyond it, and one that is torn.
    fs::copy(desk.run("a"), desk.run("b"), fs::copy_options::recursive);
    REQUIRE(desk.train("short", {"--steps", "6"}).code == 0);
    fs::copy_file(desk.checkpoint("short"), desk.checkpoint("b"), fs::copy_options::overwrite_existing);
    fs::copy_file(desk.run("short") / "config.json", desk.run("b") / "config.json", fs::copy_options::overwrite_existing);
    std::ofstream(event_files(desk.run("b"))[0], std::ios::app | std::ios::binary) << "torn";
    const int64_t taken_up = last_of("b");
    CHECK(taken_up == 6);
    const Outcome resumed = desk.resume("b", {"--steps", "12"});
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    REQUIRE(event_files(desk.run("b")).size() == 2);
    const std::vector<Event> first = events_of(get(event_files(desk.run("b"))[0].string())),
                             second = events_of(get(event_files(desk.run("b"))[1].string()));
    for (const Event& e : first) CHECK(e.step <= taken_up);
    CHECK((second.at(0).version == "brain.Event:2" && second.at(1).start && second.at(1).step == taken_up + 1));
    std::set<std::pair<std::string, int64_t>> seen;
    std::set<int64_t> steps;
    for (const Event& e : events_in(desk.run("b"))) {
      const auto once = [&](const std::string& tag) {
        CHECK_MESSAGE(seen.insert({tag, e.step}).second, tag << " twice at step " << e.step);
      };
      for (const auto& scalar : e.scalars) once(scalar.first);
      for (const auto& png : e.pngs) once(png.first);
      if (!e.scalars.empty()) steps.insert(e.step);
    }
    std::set<int64_t> wanted;
    for (const auto& record : records_of(desk.run("b"))) wanted.insert(record["step"].get<int64_t>());
    CHECK(steps == wanted);
    std::istringstream speeds(contents_of(desk.run("b") / "speed.jsonl"));
    std::vector<int64_t> timed;
    for (std::string line; std::getline(speeds, line);) {
      const auto speed = nlohmann::json::parse(line);
      timed.push_back(speed["step"]);
      CHECK((speed["seconds"] > 0 && speed["images_per_second"] > 0));
    }
    CHECK(timed == std::vector<int64_t>(wanted.begin(), wanted.end()));
    // Again from before the second file began: it is emptied, and its name is not used again.
    fs::copy_file(desk.checkpoint("short"), desk.checkpoint("b"), fs::copy_options::overwrite_existing);
    REQUIRE(desk.resume("b", {"--steps", "9"}).code == 0);
    REQUIRE(event_files(desk.run("b")).size() == 3);
    CHECK(fs::file_size(event_files(desk.run("b"))[1]) == 0);
    CHECK(events_of(get(event_files(desk.run("b"))[2].string())).at(1).step == taken_up + 1);
    const size_t before = event_files(desk.run("b")).size();
    REQUIRE(desk.resume("b").code == 0);  // nothing left to do: nothing to say
    CHECK(event_files(desk.run("b")).size() == before);
  }
}

TEST_CASE("the page of a run looks at itself again until the run is over") {
  for (const Program& p : programs) {
    INFO(std::string(p.name));
    const Desk desk(p.name, p.small);
    start_and_kill(desk.program(), desk.fresh("a", {"--steps", "100000"}), SIGKILL, desk.metrics("a"), 3);
    const std::string page = contents_of(desk.run("a") / "index.html");
    CHECK(page.find("\"lookAgain\":20") != std::string::npos);
    CHECK(page.find("http-equiv=\"refresh\" content=\"20\"") != std::string::npos);
    const int64_t at = desk.steps_done("a");
    const Outcome resumed = desk.resume("a", {"--steps", std::to_string(at + 2)});
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    const std::string last = contents_of(desk.run("a") / "index.html");
    CHECK(last.find("\"lookAgain\":0") != std::string::npos);
    CHECK(last.find("refresh") == std::string::npos);
    CHECK(last.find(fmt::format("step {0} of {0}", at + 2)) != std::string::npos);
  }
}

TEST_CASE("TensorBoard itself reads them, and shows each step of a run that went on once") {
  const std::string python = python_with("tensorboard");
  if (python.empty()) return skip("no Python with tensorboard (pip install tensorboard; DUEL_PYTHON names the interpreter)");
  const TempFolder scratch;
  const fs::path script = scratch.write("show.py", show);
  for (const Program& p : programs) {
    INFO(std::string(p.name));
    const Desk desk(p.name, p.small);
    // As a kill would leave it: an older checkpoint, and events beyond it.
    REQUIRE(desk.train("short", {"--steps", "4"}).code == 0);
    REQUIRE(desk.train("a", {"--steps", "6"}).code == 0);
    fs::copy_file(desk.checkpoint("short"), desk.checkpoint("a"), fs::copy_options::overwrite_existing);
    fs::copy_file(desk.run("short") / "config.json", desk.run("a") / "config.json", fs::copy_options::overwrite_existing);
    REQUIRE(desk.resume("a", {"--steps", "12"}).code == 0);
    const Outcome shown = run_python(python, {script.string(), desk.run("a").string()});
    REQUIRE_MESSAGE(shown.code == 0, shown.errors);
    std::istringstream lines(shown.output);
    std::multiset<int64_t> steps;
    size_t images = 0;
    std::string kind, tag, rest;
    for (int64_t step; lines >> kind >> tag >> step && std::getline(lines, rest);) {
      if (kind == "image") ++images;
      if (kind == "scalar" && tag == p.scalar) steps.insert(step);
    }
    std::multiset<int64_t> wanted;
    for (const auto& record : records_of(desk.run("a"))) wanted.insert(record["step"].get<int64_t>());
    CHECK_MESSAGE(steps == wanted, shown.output);
    CHECK((images > 0) == p.shows);
  }
}
