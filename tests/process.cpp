#include "tests/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "kernels/device.h"
#include "tests/support.h"

namespace duel::test {
namespace {

struct Child {
  pid_t pid;
  TempFolder folder;  // its output goes to files: no pipe that could fill up
};

void start(Child& child, const std::filesystem::path& program, const std::vector<std::string>& args,
           const std::map<std::string, std::string>& environment) {
  const std::string out = child.folder.path() / "out", err = child.folder.path() / "err";
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& a : args) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  child.pid = fork();
  if (child.pid != 0) return;
  dup2(open("/dev/null", O_RDONLY), 0);
  dup2(open(out.c_str(), O_WRONLY | O_CREAT, 0600), 1);
  dup2(open(err.c_str(), O_WRONLY | O_CREAT, 0600), 2);
  for (const auto& [key, value] : environment) setenv(key.c_str(), value.c_str(), 1);
  execv(program.c_str(), argv.data());
  _exit(127);
}

Outcome finish(Child& child) {
  int status = 0;
  waitpid(child.pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents_of(child.folder.path() / "out"),
          contents_of(child.folder.path() / "err")};
}

}  // namespace

Outcome run_process(const std::filesystem::path& program, const std::vector<std::string>& args,
                    const std::map<std::string, std::string>& environment) {
  Child child;
  start(child, program, args, environment);
  return finish(child);
}

std::vector<std::string> with_flags(std::vector<std::string> args, const std::vector<std::string>& more) {
  for (size_t i = 0; i < more.size(); i += 2) {
    auto at = std::find(args.begin(), args.end(), more[i]);
    if (at != args.end() && i + 1 < more.size()) *(at + 1) = more[i + 1];
    else args.insert(args.end(), more.begin() + static_cast<long>(i), more.begin() + static_cast<long>(std::min(i + 2, more.size())));
  }
  return args;
}

Outcome start_and_kill(const std::filesystem::path& program, const std::vector<std::string>& args, int signal,
                       const std::filesystem::path& file, int lines) {
  Child child;
  start(child, program, args, {});
  siginfo_t ended{};
  while (waitid(P_PID, static_cast<id_t>(child.pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0) {
    const std::string text = contents_of(file);
    if (!text.empty() && std::count(text.begin(), text.end(), '\n') >= lines) {
      kill(child.pid, signal);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return finish(child);
}

std::string contents_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::map<std::string, std::vector<std::byte>> weights_of(const std::filesystem::path& checkpoint) {
  std::map<std::string, std::vector<std::byte>> all;
  for (const auto& [name, tensor] : read_safetensors(checkpoint).tensors) all[name] = tensor.bytes;
  return all;
}

}  // namespace duel::test
