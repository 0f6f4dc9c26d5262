// What stands where a run wants to be: a run, which moves aside, or something that must stay as it is.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "apps/support/run/folder.h"
#include "kernels/error.h"
#include "tests/support.h"

using namespace duel;
namespace fs = std::filesystem;

namespace {

// The sentence that a run in this place is refused with; empty where it is not.
std::string refusal(const fs::path& place) {
  try {
    RunFolder::create(place);
  } catch (const Error& error) {
    CHECK(error.kind == Failure::data);
    return error.what();
  }
  return "";
}

std::vector<std::string> entries(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// The same asked by somebody who is not root, whom no permission stops, in a folder of theirs.
std::string refusal_of_a_user(const fs::path& scratch, const fs::path& place) {
  constexpr uid_t nobody = 65534;
  const bool root = geteuid() == 0;
  for (const fs::path& theirs : {scratch, place})
    if (root) REQUIRE(chown(theirs.c_str(), nobody, nobody) == 0);
  int said[2];
  REQUIRE(pipe(said) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (root && (setgid(nobody) != 0 || setuid(nobody) != 0)) _exit(1);
    const std::string why = refusal(place);
    _exit(write(said[1], why.data(), why.size()) == static_cast<ssize_t>(why.size()) ? 0 : 1);
  }
  close(said[1]);
  std::string why(1000, '\0');
  why.resize(static_cast<size_t>(std::max<ssize_t>(0, read(said[0], why.data(), why.size()))));
  close(said[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  return why;
}

}  // namespace

TEST_CASE("a run moves aside, under its name and behind a link, and so does what only has its lock") {
  test::TempFolder scratch;
  const fs::path demo = scratch.path() / "demo", disk = scratch.path() / "disk";
  RunFolder::create(disk).write_config({{"run", 0}});
  fs::create_directory_symlink(disk, demo);
  CHECK(RunFolder::create(demo).previous() == demo.string() + ".1");  // the link is renamed, and the run stays where it is
  CHECK(fs::is_symlink(demo.string() + ".1"));
  CHECK_FALSE(fs::is_symlink(demo));
  CHECK(RunFolder::resume(disk).read_config()["run"] == 0);
  scratch.write("only-lock/lock", "");
  CHECK(RunFolder::create(scratch.path() / "only-lock").previous() == (scratch.path() / "only-lock").string() + ".1");
}

TEST_CASE("what is no folder is refused and stays: a link to nowhere, a file, a link to one, a socket's like") {
  test::TempFolder scratch;
  std::ofstream(scratch.path() / "file") << "x";
  fs::create_symlink("nowhere", scratch.path() / "dangling");
  fs::create_symlink("file", scratch.path() / "to-file");
  fs::create_symlink("round", scratch.path() / "round");
  REQUIRE(mkfifo((scratch.path() / "pipe").c_str(), 0600) == 0);
  const auto before = entries(scratch.path());
  for (const char* name : {"dangling", "file", "to-file", "pipe"}) {
    CAPTURE(name);
    const std::string why = refusal(scratch.path() / name);
    CHECK(has(why, std::string("/") + name + ": "));
    CHECK(has(why, "it is no folder; choose another name with --out"));
  }
  CHECK(has(refusal(scratch.path() / "round"), "--out"));  // a link to itself
  CHECK(entries(scratch.path()) == before);
  CHECK(fs::read_symlink(scratch.path() / "dangling") == "nowhere");
  CHECK(test::read_text(scratch.path() / "file") == "x");
}

TEST_CASE("a folder that may not be looked into is refused and stays") {
  test::TempFolder scratch;
  for (const mode_t mode : {0000, 0400, 0600, 0300}) {  // 0300: what is in it may be asked for by name, but not listed
    CAPTURE(mode);
    const fs::path place = scratch.path() / "photos";
    scratch.write("photos/summer", "x");
    REQUIRE(chmod(place.c_str(), mode) == 0);
    const std::string why = refusal_of_a_user(scratch.path(), place);
    REQUIRE(chmod(place.c_str(), 0700) == 0);
    CHECK(has(why, "photos"));
    CHECK(has(why, "--out"));
    CHECK(entries(scratch.path()) == std::vector<std::string>{"photos"});
    CHECK(entries(place) == std::vector<std::string>{"summer"});
    fs::remove_all(place);
  }
}
