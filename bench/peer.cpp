#include "bench/peer.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "kernels/error.h"

namespace duel::bench {
namespace {

bool imports_torch(const std::string& python) {
  const pid_t pid = fork();
  if (pid == 0) {
    if (!std::freopen("/dev/null", "w", stderr)) _exit(127);
    execl(python.c_str(), python.c_str(), "-c", "import torch", nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

std::string Peer::python_with_torch() {
  if (const char* given = std::getenv("DUEL_PYTHON")) {
    if (!imports_torch(given)) fail(Failure::usage, fmt::format("DUEL_PYTHON={} does not import torch", given));
    return given;
  }
  std::stringstream path(std::string(std::getenv("PATH") ? std::getenv("PATH") : "") + ":/usr/bin");
  for (std::string folder; std::getline(path, folder, ':');) {
    const std::string python = folder + "/python3";
    if (std::filesystem::exists(python) && imports_torch(python)) return python;
  }
  fail(Failure::usage,
       "--peer torch: no python3 here imports torch; install one (Debian: apt-get install python3-torch) or name it in DUEL_PYTHON");
}

Peer::Peer(const std::vector<std::string>& command, const std::string& name) : name_(name), program_(command.front()) {
  int in[2], out[2];
  if (pipe(in) || pipe(out)) fail(Failure::internal, "no pipes left");
  pid_ = fork();
  if (pid_ == 0) {
    dup2(in[0], 0), dup2(out[1], 1);
    for (int fd : {in[0], in[1], out[0], out[1]}) close(fd);
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(in[0]), close(out[1]);
  to_ = fdopen(in[1], "w"), from_ = fdopen(out[0], "r");
  try {
    const std::string hello = read_line();
    if (!hello.starts_with("ready ")) fail(Failure::internal, fmt::format("{} did not start: '{}'", name, hello));
    name_ = fmt::format("{}, {}", hello.substr(6), name);
  } catch (...) {
    end();
    throw;
  }
}

Peer::~Peer() { end(); }

void Peer::end() {
  if (to_) std::fclose(to_);
  if (from_) std::fclose(from_);
  if (pid_ > 0) kill(pid_, SIGTERM), waitpid(pid_, nullptr, 0);
}

std::string Peer::read_line() {
  char line[512];
  if (!std::fgets(line, sizeof line, from_))
    fail(Failure::internal, fmt::format("{} ended before it answered; does {} run what lies in bench/peers/?", name_, program_));
  std::string text = line;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (const std::string failed = "failed "; text.starts_with(failed)) fail(Failure::internal, text.substr(failed.size()));
  return text;
}

double Peer::seconds_per_step(int steps) {
  std::fprintf(to_, "run %d\n", steps);
  std::fflush(to_);
  std::istringstream answer(read_line());
  double seconds = 0, kib = 0;
  if (!(answer >> seconds >> kib)) fail(Failure::internal, fmt::format("{} answered something else than a time", name_));
  peak_mib_ = kib / 1024;
  return seconds;
}

}  // namespace duel::bench
