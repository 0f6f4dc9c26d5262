#include "kernels/sim/checker/where.h"

#include <backtrace.h>

#include <cstring>
#include <mutex>

namespace duel::sim::checker {
namespace {

struct Frames {
  std::string kernel;     // the nearest frame in a .cu file
  std::string innermost;  // the nearest frame that is no wrapper of the simulated GPU's
};

bool ends_with(const char* text, const char* end) {
  const size_t length = std::strlen(text), tail = std::strlen(end);
  return length >= tail && !std::strcmp(text + length - tail, end);
}
const char* base_name(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash ? slash + 1 : path;
}
// From the folder of the kernels on, wherever the tree lies.
const char* shortened(const char* path) {
  for (const char* folder : {"/kernels/", "/augment/", "/tests/"})
    if (const char* at = std::strstr(path, folder)) return at + 1;
  return path;
}

int add_frame(void* data, uintptr_t, const char* file, int line, const char*) {
  Frames& frames = *static_cast<Frames*>(data);
  if (!file) return 0;
  const bool wrapper = std::strstr(file, "/kernels/sim/") || std::strstr(file, "/kernels/ptx/");
  if (frames.innermost.empty() && !wrapper) frames.innermost = std::string(shortened(file)) + ":" + std::to_string(line);
  if (!frames.kernel.empty() || !ends_with(file, ".cu")) return 0;
  frames.kernel = std::string(shortened(file)) + ":" + std::to_string(line);
  return 0;
}

}  // namespace

std::string source_line(uintptr_t pc) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  const auto ignore = [](void*, const char*, int) {};
  static backtrace_state* state = backtrace_create_state(nullptr, 1, ignore, nullptr);
  Frames frames;
  if (state) backtrace_pcinfo(state, pc - 1, add_frame, ignore, &frames);
  if (frames.innermost.empty()) return "an unknown line (built without -g?)";
  if (frames.kernel.empty() || std::strstr(frames.innermost.c_str(), "kernels/tile/")) return frames.innermost;
  if (frames.kernel == frames.innermost) return frames.kernel;
  return frames.kernel + " (" + base_name(frames.innermost.c_str()) + ")";
}

}  // namespace duel::sim::checker
