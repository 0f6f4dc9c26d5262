#include "bench/context.h"

#include <omp.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <thread>

#include "bench/gpu_state.h"
#include "kernels/error.h"

namespace duel::bench {
namespace {

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  std::array<char, 256> part;
  while (pipe && std::fgets(part.data(), part.size(), pipe.get())) text += part.data();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string quoted(const std::string& path) {
  std::string word = "'";
  for (char c : path) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

std::string now() {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", std::localtime(&seconds));
  return text;
}

}  // namespace

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos) return line.substr(line.find(": ") + 2);
  return "unknown";
}

std::string commit() {
  const std::string git = "git -C " + quoted(DUEL_SOURCE_DIR) + " ";
  const std::string hash = output_of(git + "rev-parse --short=12 HEAD 2>/dev/null");
  if (hash.empty()) return "unknown";
  return hash + (output_of(git + "status --porcelain --untracked-files=no 2>/dev/null").empty() ? "" : "+changes");
}

const char* build_type() { return DUEL_BUILD_TYPE; }

nlohmann::json context(Device device) {
  const DeviceBackend& backend = duel::backend(device);
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  nlohmann::json context{{"date", now()},
                         {"host_name", host},
                         {"num_cpus", std::thread::hardware_concurrency()},
                         {"library_build_type", "release"},
                         {"build_type", build_type()},
                         {"commit", commit()},
                         {"device", name_of(device)},
                         {"device_name", device == Device::cpu ? processor() : backend.description()},
                         {"processor", processor()},
                         {"threads", omp_get_max_threads()}};
  if (device == Device::cuda) context["gpu"] = gpu_state(backend.description());
  return context;
}

void refuse_slow_build() {
#if !defined(__OPTIMIZE__)
  fail(Failure::usage, std::string("this is a ") + build_type() +
                           " build, and the times of unoptimised code mean nothing; configure with --preset release");
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  fail(Failure::usage, "this build carries sanitizers, and its times mean nothing; configure with --preset release");
#endif
}

}  // namespace duel::bench
