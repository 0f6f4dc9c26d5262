// The CPU as a device: host memory that is recycled. Fresh pages cost 8 ms for a 34 MB tensor, as much as the convolution that fills it, so
// a released block waits in the list of its size for the next tensor of that size.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "kernels/device.h"
#include "kernels/error.h"

namespace duel {
namespace {

constexpr size_t alignment = device_alignment;

struct Pool {
  std::mutex mutex;
  std::map<size_t, std::vector<void*>> free;  // by rounded size
};
Pool& pool() {
  static Pool* pool = new Pool;  // never destroyed: tensors with static storage may be released after it would be
  return *pool;
}

// Sizes that differ by less than an eighth share a list.
size_t rounded(size_t bytes) {
  size_t step = alignment;
  while (step * 16 < bytes) step *= 2;
  return bytes < alignment ? alignment : (bytes + step - 1) / step * step;
}

void empty_pool() {
  std::lock_guard lock(pool().mutex);
  for (auto& [size, list] : pool().free)
    for (void* data : list) std::free(data);
  pool().free.clear();
}

void* allocate(size_t bytes) {
  const size_t size = rounded(bytes);
  {
    std::lock_guard lock(pool().mutex);
    auto& list = pool().free[size];
    if (!list.empty()) {
      void* data = list.back();
      list.pop_back();
      return data;
    }
  }
  constexpr size_t huge_page = size_t{2} << 20;
  const size_t whole = size >= huge_page ? (size + huge_page - 1) / huge_page * huge_page : size;
  auto fresh = [&] { return std::aligned_alloc(size >= huge_page ? huge_page : alignment, whole); };
  void* data = fresh();
  if (!data) {  // what other sizes have left lying about may be enough
    empty_pool();
    data = fresh();
  }
  if (!data) fail(Failure::memory, "out of memory: " + std::to_string(bytes) + " bytes asked for on the cpu; try a smaller --batch");
  if (size >= huge_page) madvise(data, size, MADV_HUGEPAGE);
  return data;
}

void release(void* data, size_t bytes) {
  if (!data) return;
#ifdef __SANITIZE_ADDRESS__  // a recycled block would hide its use after release
  (void)bytes;
  std::free(data);
  return;
#endif
  std::lock_guard lock(pool().mutex);
  pool().free[rounded(bytes)].push_back(data);
}

void copy(void* to, const void* from, size_t bytes) {
  if (bytes) std::memcpy(to, from, bytes);
}
void fill(void* data, int byte, size_t bytes) {
  if (bytes) std::memset(data, byte, bytes);
}

const char* level = "no fast rows";  // libduel_cpu says which it is when it loads

// "AMD EPYC 9654 (x86-64-v4 rows)": the same program gives other bits on another processor.
const char* description() {
  static const std::string text = [] {
    std::ifstream info("/proc/cpuinfo");
    std::string line, model = "unknown processor";
    while (std::getline(info, line))
      if (line.starts_with("model name") && line.find(':') != std::string::npos) {
        model = line.substr(std::min(line.find(':') + 2, line.size()));
        break;
      }
    return model + " (" + level + " rows)";
  }();
  return text.c_str();
}

const DeviceBackend cpu{
    .device = Device::cpu,
    .problem = []() -> const char* { return nullptr; },
    .description = description,
    .allocate = allocate,
    .release = release,
    .copy_in = copy,
    .copy_out = copy,
    .copy = copy,
    .fill = fill,
    .synchronise = [] {},
    .stream = [] { return Stream{}; },
    .free_memory = [] { return static_cast<size_t>(sysconf(_SC_AVPHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE)); }};
const int registered = (duel_register_backend(&cpu), 0);

}  // namespace

extern "C" void duel_set_cpu_level(const char* name) { level = name; }

}  // namespace duel
