// The folder of a run: kept, refused, locked, resumed.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "apps/support/run/folder.h"
#include "engine/io/atomic_file.h"
#include "kernels/error.h"
#include "tests/support.h"

using namespace duel;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> entries(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// The message of the Error of this kind that f throws; empty if it throws none.
std::string refusal(Failure kind, const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    CHECK(error.kind == kind);
    return error.what();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void pause_ms(int ms) {
  timespec t{ms / 1000, ms % 1000 * 1'000'000L};
  nanosleep(&t, nullptr);
}

}  // namespace

TEST_CASE("a run folder keeps the runs that were there before") {
  test::TempFolder scratch;
  const fs::path demo = scratch.path() / "runs" / "demo";
  for (int run = 0; run < 3; run++) {
    RunFolder folder = RunFolder::create(run == 1 ? demo / "" : demo);
    folder.write_config({{"run", run}});
    folder.append({{"step", 1}});
    CHECK(folder.previous() == (run == 0 ? fs::path() : fs::path(demo.string() + "." + std::to_string(run))));
    CHECK(fs::is_directory(folder.checkpoints()));
    CHECK(fs::is_directory(folder.sample(7).parent_path()));
    CHECK(fs::exists(folder.metrics()));
  }
  CHECK(entries(demo.parent_path()) == std::vector<std::string>{"demo", "demo.1", "demo.2"});
  CHECK(RunFolder::resume(demo).read_config() == nlohmann::ordered_json{{"run", 2}});
  CHECK(RunFolder::resume(demo.string() + ".1").read_config()["run"] == 0);
  CHECK(RunFolder::resume(demo.string() + ".2").read_config()["run"] == 1);
  fs::rename(demo.string() + ".1", scratch.path() / "elsewhere");  // a number that is free again is used again
  CHECK(RunFolder::create(demo).previous() == demo.string() + ".1");
}

TEST_CASE("a run folder is refused in one sentence and leaves nothing behind") {
  test::TempFolder scratch;
  std::ofstream(scratch.path() / "file") << "x";
  fs::create_directories(scratch.path() / "photos" / "summer");
  const auto before = entries(scratch.path());
  std::string why = refusal(Failure::data, [&] { RunFolder::create(scratch.path() / "file" / "demo"); });
  CHECK(has(why, "file"));
  CHECK(has(why, "--out"));
  CHECK(has(refusal(Failure::data, [&] { RunFolder::create(scratch.path() / "file"); }), "no folder"));
  CHECK(has(refusal(Failure::data, [&] { RunFolder::create(scratch.path() / "photos"); }), "is not a run"));
  CHECK(has(refusal(Failure::data, [&] { RunFolder::create("/proc/duel/demo"); }), "/proc/duel"));
  CHECK(has(refusal(Failure::data, [&] { RunFolder::resume(scratch.path() / "none"); }), "no run to resume"));
  for (const char* path : {"", ".", "..", "/", "a/.."}) CHECK(!refusal(Failure::usage, [&] { RunFolder::create(path); }).empty());
  // Parents that were made on the way are taken away again.
  const std::string too_long(300, 'n');
  CHECK(!refusal(Failure::data, [&] { RunFolder::create(scratch.path() / "made" / "too" / too_long); }).empty());
  CHECK(entries(scratch.path()) == before);
  fs::create_directory(scratch.path() / "empty");
  CHECK(RunFolder::create(scratch.path() / "empty").previous().empty());
}

TEST_CASE("a read-only place is refused") {
  if (geteuid() == 0) return test::skip("root may write everywhere");
  test::TempFolder scratch;
  fs::permissions(scratch.path(), fs::perms::owner_read | fs::perms::owner_exec);
  const std::string why = refusal(Failure::data, [&] { RunFolder::create(scratch.path() / "runs" / "demo"); });
  fs::permissions(scratch.path(), fs::perms::owner_all);
  CHECK(has(why, "Permission denied"));
  CHECK(entries(scratch.path()).empty());
}

TEST_CASE("two processes cannot train into one folder") {
  test::TempFolder scratch;
  const fs::path demo = scratch.path() / "demo";
  {
    RunFolder first = RunFolder::create(demo);
    first.write_config({{"a", 1}});
    CHECK(has(refusal(Failure::data, [&] { RunFolder::create(demo); }), "another process"));
    CHECK(has(refusal(Failure::data, [&] { RunFolder::resume(demo); }), "another process"));
    RunFolder moved = std::move(first);
    CHECK(has(refusal(Failure::data, [&] { RunFolder::resume(demo); }), "another process"));
    CHECK(entries(scratch.path()) == std::vector<std::string>{"demo"});
  }
  CHECK(RunFolder::resume(demo).path() == demo);
}

TEST_CASE("processes that start one run at the same moment each get a folder or a refusal") {
  test::TempFolder scratch;
  const fs::path demo = scratch.path() / "demo";
  std::vector<pid_t> children;
  for (int i = 0; i < 12; i++) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      int code = 0;
      try {
        RunFolder run = RunFolder::create(demo);
        run.write_config({{"owner", getpid()}});
        pause_ms(i % 4);
        if (run.read_config()["owner"] != getpid()) code = 9;  // moved away under its owner
      } catch (const Error& error) {
        code = static_cast<int>(error.kind);
      }
      _exit(code);
    }
    children.push_back(child);
  }
  size_t made = 0;
  for (pid_t child : children) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    REQUIRE(WIFEXITED(status));
    CHECK((WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == static_cast<int>(Failure::data)));
    made += WEXITSTATUS(status) == 0;
  }
  CHECK(made > 0);
  CHECK(entries(scratch.path()).size() == made);
}

TEST_CASE("a lock goes with the process that held it, and no other one does") {
  test::TempFolder scratch;
  const fs::path demo = scratch.path() / "demo";
  auto locks = [&] {
    size_t found = 0;
    for (const auto& entry : fs::recursive_directory_iterator(scratch.path())) found += entry.path().filename() == "lock";
    return found;
  };
  for (int i = 0; i < 2; i++) {  // the second sets the first aside
    RunFolder run = RunFolder::create(demo);
    run.write_config({{"run", i}});
    CHECK(locks() == 1);
    const RunFolder moved = std::move(run);
    CHECK(fs::exists(demo / "lock"));
  }
  CHECK(entries(scratch.path()).size() == 2);
  CHECK(locks() == 0);
  {
    const RunFolder resumed = RunFolder::resume(demo);
    CHECK(locks() == 1);
    fs::rename(demo, scratch.path() / "elsewhere");  // by hand, while it trains; then another run takes the name
    RunFolder::create(demo).write_config({{"run", 2}});
    std::ofstream(demo / "lock").flush();
  }
  CHECK(fs::exists(demo / "lock"));
}

TEST_CASE("processes that take turns in one run never train in it together") {
  test::TempFolder scratch;
  const fs::path demo = scratch.path() / "demo";
  RunFolder::create(demo).write_config({});
  std::vector<pid_t> children;
  for (int i = 0; i < 6; i++) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (int turns = 0; turns < 200;) try {
          const RunFolder run = RunFolder::resume(demo);
          const int alone = open((demo / "alone").c_str(), O_CREAT | O_EXCL | O_RDWR, 0600);
          if (alone < 0) _exit(1);
          close(alone), fs::remove(demo / "alone");
          turns++;
        } catch (const Error& error) {
          if (!has(error.what(), "another process is training")) {
            std::fprintf(stderr, "%s\n", error.what());
            _exit(2);
          }
        }
      _exit(0);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
  CHECK(!fs::exists(demo / "lock"));
}

TEST_CASE("a run that fails before its first checkpoint leaves what was there before") {
  test::TempFolder scratch;
  const fs::path runs = scratch.path() / "runs", demo = runs / "demo";
  auto start = [&](const std::string& file, bool resume = false) {
    refusal(Failure::data, [&] {
      RunFolder run = resume ? RunFolder::resume(demo) : RunFolder::create(demo);
      if (!resume) run.write_config({{"file", file}});
      if (!file.empty()) std::ofstream(run.path() / file).flush();
      const RunFolder moved = std::move(run);
      fail(Failure::data, "the disk is full");
    });
  };
  start("");
  CHECK(entries(scratch.path()) == std::vector<std::string>{"runs"});
  CHECK(entries(runs).empty());
  start("samples/step_00000000.png");  // of no use without a checkpoint
  CHECK(entries(runs).empty());
  start("", true);
  CHECK(entries(runs).empty());
  start("checkpoints/last.safetensors");
  CHECK(RunFolder::resume(demo).read_config()["file"] == "checkpoints/last.safetensors");
  start("");  // the earlier run has its name again
  CHECK(entries(runs) == std::vector<std::string>{"demo"});
  CHECK(RunFolder::resume(demo).read_config()["file"] == "checkpoints/last.safetensors");
  start("notes");  // no file of ours
  CHECK(entries(runs) == std::vector<std::string>{"demo", "demo.1"});
  fs::remove_all(demo), fs::rename(runs / "demo.1", demo), fs::remove(demo / "checkpoints" / "last.safetensors");
  start("", true);  // not this process's to take away
  CHECK(RunFolder::resume(demo).read_config()["file"] == "checkpoints/last.safetensors");
}

namespace {

// What create() leaves behind when it is killed.
fs::path left_behind(const fs::path& parent, const std::string& name, int parts) {
  fs::create_directory(parent / name);
  if (parts > 0) std::ofstream(parent / name / "lock").flush();
  if (parts > 1) fs::create_directory(parent / name / "samples");
  if (parts > 2) fs::create_directory(parent / name / "checkpoints");
  return parent / name;
}

}  // namespace

TEST_CASE("what a killed process left behind goes when a run of that name starts, and nothing else does") {
  test::TempFolder scratch;
  const fs::path& runs = scratch.path();
  left_behind(runs, ".demo.aZ09bc", 3), left_behind(runs, ".demo.000000", 0), left_behind(runs, ".demo.111111", 1);
  left_behind(runs, ".demo.222222", 2), left_behind(runs, ".demo.333333.stale", 1);  // the last: killed while it took one away
  const fs::path living = left_behind(runs, ".demo.444444", 3);
  const int held = open((living / "lock").c_str(), O_RDWR);
  REQUIRE(flock(held, LOCK_EX | LOCK_NB) == 0);
  // Another run's, no folder, a link to one, and folders that hold more than an unfinished run does.
  left_behind(runs, ".demo2.555555", 3), left_behind(runs, ".demo.2.555555", 3), left_behind(runs, ".demo.5555555", 3);
  left_behind(runs, "elsewhere", 3);
  std::ofstream(runs / ".demo.666666").flush();
  fs::create_directory_symlink(runs / "elsewhere", runs / ".demo.777777");
  std::ofstream(left_behind(runs, ".demo.888888", 3) / "notes") << "mine";
  std::ofstream(left_behind(runs, ".demo.999999", 3) / "samples" / "step_00000001.png") << "mine";
  std::vector<std::string> stay = {".demo.2.555555", ".demo.444444", ".demo.5555555", ".demo.666666", ".demo.777777",
                                   ".demo.888888",   ".demo.999999", ".demo2.555555", "demo",         "elsewhere"};
  RunFolder::create(runs / "demo");
  CHECK(entries(runs) == stay);
  CHECK(entries(runs / "elsewhere").size() == 3);
  CHECK(entries(runs / ".demo.999999").size() == 3);
  close(held);
  RunFolder::create(runs / "demo");
  stay.erase(stay.begin() + 1);
  stay.insert(std::find(stay.begin(), stay.end(), "demo") + 1, "demo.1");
  CHECK(entries(runs) == stay);
}

TEST_CASE("no process takes away what another one is building") {
  test::TempFolder scratch;
  std::vector<pid_t> children;
  for (int i = 0; i < 6; i++) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (int round = 0; round < 100; round++) try {
          const RunFolder run = RunFolder::create(scratch.path() / "demo");
          std::error_code ignored;
          if (!run.previous().empty()) fs::remove_all(run.previous(), ignored);
        } catch (const Error& error) {
          if (!has(error.what(), "another process is training")) {
            std::fprintf(stderr, "%s\n", error.what());
            _exit(1);
          }
        }
      _exit(0);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
}

TEST_CASE("processes killed while they start a run leave nothing that the next start does not take away") {
  test::TempFolder scratch;
  for (int i = 0; i < 60; i++) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
      for (;;) RunFolder::create(scratch.path() / "demo");
    timespec t{0, 1'000'000L + i * 20'000L};
    nanosleep(&t, nullptr);
    kill(child, SIGKILL);
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  RunFolder::create(scratch.path() / "demo");
  for (const std::string& name : entries(scratch.path())) CHECK_MESSAGE(name.starts_with("demo"), name);
}

TEST_CASE("metrics of a killed and resumed run equal an uninterrupted one's") {
  test::TempFolder scratch;
  auto record = [](int step) { return nlohmann::ordered_json{{"step", step}, {"loss", 1.0 / (step + 3)}, {"name", "a\xff<"}}; };
  RunFolder whole = RunFolder::create(scratch.path() / "whole");
  for (int step = 10; step <= 100; step += 10) whole.append(record(step));
  {
    RunFolder killed = RunFolder::create(scratch.path() / "killed");
    killed.write_config({});
    CHECK(killed.rewind(50).empty());
    for (int step = 10; step <= 70; step += 10) killed.append(record(step));
    std::ofstream(killed.metrics(), std::ios::app) << "{\"step\": 80, \"lo";  // torn by the kill
  }
  for (int resumed : {50, 30}) {
    RunFolder again = RunFolder::resume(scratch.path() / "killed");
    const auto kept = again.rewind(resumed);
    REQUIRE(kept.size() == static_cast<size_t>(resumed / 10));
    CHECK(kept.back()["step"] == resumed);
    for (int step = resumed + 10; step <= 100; step += 10) again.append(record(step));
    CHECK(test::read_text(again.metrics()) == test::read_text(whole.metrics()));
  }
  CHECK(!refusal(Failure::internal, [&] { whole.append({{"loss", 1}}); }).empty());
}

TEST_CASE("deleted metrics stay so until the run goes on") {
  test::TempFolder scratch;
  const fs::path demo = scratch.path() / "demo";
  RunFolder::create(demo).write_config({});
  fs::remove(demo / "metrics.jsonl");
  CHECK(!fs::exists(RunFolder::resume(demo).metrics()));
  RunFolder again = RunFolder::resume(demo);
  CHECK(again.rewind(5).empty());
  again.append({{"step", 6}});
  CHECK(test::read_text(again.metrics()) == "{\"step\":6}\n");
}

TEST_CASE("a full disk takes the torn line back") {
  test::TempFolder scratch;
  RunFolder run = RunFolder::create(scratch.path() / "demo");
  run.append({{"step", 1}});
  const std::string before = test::read_text(run.metrics());
  const auto real = file_calls().write;
  static int calls;
  calls = 0;
  file_calls().write = [](int fd, const void* data, size_t bytes) -> ssize_t {
    if (calls++ == 0) return ::write(fd, data, bytes / 2);
    errno = ENOSPC;
    return -1;
  };
  const std::string why = refusal(Failure::data, [&] { run.append({{"step", 2}}); });
  file_calls().write = real;
  CHECK(has(why, "No space left"));
  CHECK(calls == 2);
  CHECK(test::read_text(run.metrics()) == before);
}

TEST_CASE("samples are found by step") {
  test::TempFolder scratch;
  RunFolder run = RunFolder::create(scratch.path() / "demo");
  for (int64_t step : {500, 0, 1000, 123456789, 2000}) std::ofstream(run.sample(step)) << "x";
  std::ofstream(run.path() / "samples" / "step_12x.png") << "x";
  const auto found = run.samples_up_to(1000);
  REQUIRE(found.size() == 3);
  CHECK(found[0].first == 0);
  CHECK(found[2] == std::pair<int64_t, fs::path>(1000, run.sample(1000)));
  CHECK(run.samples_up_to(1'000'000'000).size() == 5);
}
