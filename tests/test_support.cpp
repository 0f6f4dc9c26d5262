// What the apps share around their work: signals, exit codes, the progress line.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apps/support/command/cli.h"
#include "apps/support/command/flags.h"
#include "apps/support/command/progress.h"
#include "apps/support/command/signals.h"
#include "kernels/error.h"
#include "tests/support.h"

using namespace duel;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// What f writes to a descriptor of this process.
std::string written_to(int fd, const std::function<void()>& f) {
  test::TempFolder scratch;
  const fs::path file = scratch.path() / "out";
  fflush(nullptr);
  const int saved = dup(fd), to = open(file.c_str(), O_WRONLY | O_CREAT, 0600);
  REQUIRE(saved >= 0);
  REQUIRE(to >= 0);
  dup2(to, fd);
  f();
  fflush(nullptr);
  dup2(saved, fd);
  close(saved);
  close(to);
  return test::read_text(file);
}

// Exit status of a child that runs f; 1000 + signal when a signal ended it.
int exit_of(const std::function<int()>& f) {
  fflush(nullptr);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const int quiet = open("/dev/null", O_WRONLY);
    dup2(quiet, STDERR_FILENO);
    _exit(f());
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void pause_ms(int ms) {
  timespec t{ms / 1000, ms % 1000 * 1'000'000L};
  nanosleep(&t, nullptr);
}

// What a terminal shows up to its n-th line end. The kernel hands it over in pieces, some of them later.
std::string terminal_text(int master, int lines) {
  std::string text;
  char buffer[1024];
  pollfd ready{master, POLLIN, 0};
  while (std::count(text.begin(), text.end(), '\n') < lines && poll(&ready, 1, 5000) > 0) {
    const ssize_t n = read(master, buffer, sizeof buffer);
    if (n <= 0) break;
    text.append(buffer, n);
  }
  return text;
}

struct Setting {  // an environment variable for the length of a scope
  std::string name, before;
  bool was_set;
  Setting(const char* name, const char* value) : name(name), before(getenv(name) ? getenv(name) : ""), was_set(getenv(name) != nullptr) {
    value ? setenv(name, value, 1) : unsetenv(name);
  }
  ~Setting() { was_set ? setenv(name.c_str(), before.c_str(), 1) : unsetenv(name.c_str()); }
};

}  // namespace

TEST_CASE("signals") {
  for (const auto& [number, code] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
    CHECK(exit_of([number = number] {
            install_signals();
            if (stop_requested() || stop_exit_code()) return 1;
            raise(SIGUSR1);
            raise(SIGUSR1);
            if (!take_save_request() || take_save_request() || stop_requested()) return 2;
            raise(number);
            raise(number);  // as timeout(1) does: one request, sent twice at once
            return stop_requested() ? stop_exit_code() : 3;
          }) == code);
    CHECK(exit_of([number = number] {
            install_signals();
            raise(SIGINT);
            pause_ms(150);
            raise(number);  // does not return
            return 4;
          }) == code);
  }
}

TEST_CASE("exit codes and the one line on stderr") {
  auto run = [](std::vector<const char*> flags, const std::function<int()>& body, int* code) {
    CLI::App app("Trains", "gan");
    int steps = 0;
    app.add_option("--steps", steps, "Steps")->check(CLI::PositiveNumber);
    app.add_option("--batch", steps, "Images a step");
    flags.insert(flags.begin(), "build/gan");
    return written_to(2, [&] { *code = run_main(static_cast<int>(flags.size()), flags.data(), app, body); });
  };
  auto zero = [] { return 0; };
  int code = -1;
  CHECK(run({"--steps", "5"}, zero, &code) == "");
  CHECK(code == 0);
  run(
      {}, [] { return 143; }, &code);
  CHECK(code == 143);
  CHECK(run({"--stpes", "5"}, zero, &code) == "gan: there is no flag --stpes, did you mean --steps?\n");
  CHECK(code == 2);
  CHECK(has(run({"--batch-size=5"}, zero, &code), "did you mean --batch?"));
  CHECK(has(run({"--quantum"}, zero, &code), "there is no flag --quantum; gan --help"));
  CHECK(has(run({"stray"}, zero, &code), "unexpected argument 'stray'"));
  for (const char* value : {"x", "-3", ""}) {
    const std::string line = run({"--steps", value}, zero, &code);
    CHECK(code == 2);
    CHECK(has(line, "--steps"));
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
  }
  for (Failure kind : {Failure::internal, Failure::usage, Failure::data, Failure::device, Failure::memory, Failure::numeric}) {
    CHECK(run(
              {}, [&]() -> int { fail(kind, "[op] first\n  second\x1b[2J"); }, &code) == "gan: [op] first second\\x1b[2J\n");
    CHECK(code == static_cast<int>(kind));
  }
  CHECK(has(run(
                {}, []() -> int { throw std::bad_alloc(); }, &code),
            "out of memory"));
  CHECK(code == 5);
  CHECK(
      has(run(
              {}, []() -> int { throw fs::filesystem_error("cannot copy", "a.png", std::make_error_code(std::errc::no_space_on_device)); },
              &code),
          "a.png"));
  CHECK(code == 3);
  CHECK(has(run(
                {}, []() -> int { throw std::out_of_range("at"); }, &code),
            "gan: internal error: at"));
  CHECK(code == 1);
  CHECK(has(run(
                {}, []() -> int { throw 7; }, &code),
            "internal error"));
  CHECK(code == 1);
  CHECK(run(
            {}, []() -> int { throw std::system_error(EPIPE, std::generic_category()); }, &code) == "");
  CHECK(code == 141);
  for (const char* flag : {"--help", "--version"}) {
    std::string errors;
    const std::string out = written_to(1, [&] {
      errors = run(
          {flag}, [] { return 9; }, &code);
    });
    CHECK(code == 0);
    CHECK(errors == "");
    CHECK(has(out, flag == std::string("--help") ? "--steps" : "gan of Duel"));
  }
}

TEST_CASE("the progress line fits, whatever the width") {
  const std::vector<Reading> readings{{"images/s", 3120.4}, {"loss D", .693}, {"D(x)", .61, true}, {"fake", NAN, true}};
  const ProgressState state{"gan", 1234, 5000, 61, 187, .2468, readings};
  for (bool unicode : {false, true})
    for (int width = 1; width <= 200; width++) {
      const std::string line = render_bar(state, {width, false, unicode});
      CHECK(columns_of(line) <= std::max(1, width - 1));
      CHECK(!has(line, "\x1b"));
      if (width >= 45) CHECK(has(line, "3:07 left"));
    }
  const std::string wide = render_bar(state, {200, true, true});
  for (const char* part : {" 24 %", "1234/5000", "images/s", "  3120", " 0.693", " 61 %", "nan %", "█"}) CHECK(has(wide, part));
  CHECK(has(wide, "\x1b[36m"));
  CHECK(has(render_plain(state), "gan  24 %  1234/5000  1:01 elapsed  3:07 left  images/s   3120"));
  const std::vector<Reading> not_yet{{.name = "images/s", .known = false}, {"loss D", .693}};
  const ProgressState early{"gan", 1, 5000, 61, -1, 0, not_yet};
  for (const std::string& line : {render_bar(early, {200, false, true}), render_plain(early)})
    CHECK(has(line, "images/s      -  loss D  0.693"));
  for (double v :
       std::vector<double>{0., .693, -.693, 9.9996, 12.5, 99.996, 999.96, -99.5, 12345., 999999.4, 1e-4, 1e9, NAN, INFINITY, -INFINITY})
    CHECK(stable_number(v).size() <= 7);
  for (double v : {0., .1, 9.9994, 9.9996, 55.555, 99.996, 512.34, 999.96, 4321., 99999.}) CHECK(stable_number(v).size() == 6);
  CHECK(stable_duration(7) == "0:07");
  CHECK(stable_duration(3599.6) == "1:00:00");
  CHECK(stable_duration(-1) == "-:--");
  CHECK(stable_duration(NAN) == "-:--");
}

TEST_CASE("a time limit bounds the time left") {
  const std::string out = written_to(2, [] {
    Progress progress("gan", 0, {.plain = 0, .time_limit = 1000});
    progress.tick(1);
    progress.show({});
    progress.tick(2);
    progress.show({});
  });
  CHECK(has(out, "gan  0 %  step 2"));
  CHECK(has(out, "16:40 left"));
}

TEST_CASE("progress on a terminal redraws one line; elsewhere it writes plain ones") {
  Setting term("TERM", "xterm"), no_color("NO_COLOR", "1"), columns("COLUMNS", nullptr), locale("LC_ALL", "C.UTF-8");
  int master = -1, slave = -1;
  winsize size{24, 50, 0, 0};
  if (openpty(&master, &slave, nullptr, nullptr, &size) != 0)
    return test::skip("this system has no pseudo-terminals (is /dev/pts mounted?)");
  const std::vector<Reading> readings{{"loss D", .5}};
  auto drive = [&](int fd) {
    Progress progress("gan", 3, {.fd = fd, .redraw = 0, .plain = 0});
    for (int step = 1; step <= 3; step++) {
      CHECK(progress.tick(step));
      progress.show(readings);
      if (step == 2) progress.note("saved");
    }
    CHECK(progress.steps_per_second() > 0);
    progress.finish();
    progress.finish();
    CHECK(!progress.tick(4));
  };
  drive(slave);
  const std::string drawn = terminal_text(master, 2);
  CHECK(std::count(drawn.begin(), drawn.end(), '\n') == 2);  // the note's and the last
  CHECK(has(drawn, "\r\x1b[Ksaved\r\n"));
  CHECK(drawn.ends_with("\r\n"));
  CHECK(!has(drawn, "m"));  // no colour code: nothing in it is spelled with an m
  for (const char* code : {"\x1b[2J", "\x1b[?25l", "\x1b[J", "\x1b[A"}) CHECK(!has(drawn, code));
  CHECK(has(drawn, "100 %  3/3  0:00 left"));
  {
    Setting narrow("COLUMNS", "20");
    Progress progress("gan", 3, {.fd = slave, .redraw = 0});
    progress.tick(1);
    progress.show(readings);
  }
  CHECK(columns_of(terminal_text(master, 1)) <= 19 + 1 + 3 + 2);  // \r, \x1b[K and \r\n around it
  close(slave);
  close(master);

  test::TempFolder scratch;
  const fs::path log = scratch.path() / "log";
  const int file = open(log.c_str(), O_WRONLY | O_CREAT, 0600);
  drive(file);
  {
    Progress seldom("vae", 1000, {.fd = file, .plain = 3600});
    int due = 0;
    for (int step = 1; step < 1000; step++)
      if (seldom.tick(step)) due++, seldom.show({});
    CHECK(due == 1);
  }
  close(file);
  const std::string text = test::read_text(log);
  CHECK(std::count(text.begin(), text.end(), '\n') == 5);
  CHECK(!has(text, "\r"));
  CHECK(!has(text, "\x1b"));
}
