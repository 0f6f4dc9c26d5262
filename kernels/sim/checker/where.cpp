#include "kernels/sim/checker/where.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

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

void add_frame(Frames& frames, const char* file, int line) {
  const bool wrapper = std::strstr(file, "/kernels/sim/") || std::strstr(file, "/kernels/ptx/");
  if (frames.innermost.empty() && !wrapper) frames.innermost = std::string(shortened(file)) + ":" + std::to_string(line);
  if (frames.kernel.empty() && ends_with(file, ".cu")) frames.kernel = std::string(shortened(file)) + ":" + std::to_string(line);
}

// This process, as elfutils sees it. Libraries that were loaded since it last looked come with the next look.
class Process {
 public:
  Process() : dwfl_(dwfl_begin(&callbacks)) { look(); }
  Dwfl_Module* module_of(Dwarf_Addr pc) {
    if (!dwfl_) return nullptr;
    if (Dwfl_Module* module = dwfl_addrmodule(dwfl_, pc)) return module;
    look();
    return dwfl_addrmodule(dwfl_, pc);
  }

 private:
  static int no_file_elsewhere(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word, char**) { return -1; }
  static constexpr Dwfl_Callbacks callbacks{.find_elf = dwfl_linux_proc_find_elf, .find_debuginfo = no_file_elsewhere};
  void look() {
    if (!dwfl_) return;
    dwfl_report_begin_add(dwfl_);
    dwfl_linux_proc_report(dwfl_, getpid());
    dwfl_report_end(dwfl_, nullptr, nullptr);
  }
  Dwfl* dwfl_;
};

int number_of(Dwarf_Die& die, unsigned attribute) {
  Dwarf_Attribute found;
  Dwarf_Word value = 0;
  return dwarf_formudata(dwarf_attr(&die, attribute, &found), &value) == 0 ? static_cast<int>(value) : 0;
}

// The calls below `die` that were inlined at `address`, from outside inwards. A lambda's code lies below the function that has the lambda,
// whose own code is elsewhere; so what does not have the address is looked into too (dwarf_getscopes() does not).
void find_calls(Dwarf_Die& die, Dwarf_Addr address, std::vector<Dwarf_Die>& calls) {
  const auto holds_code = [](int tag) {
    for (const int holder :
         {DW_TAG_inlined_subroutine, DW_TAG_subprogram, DW_TAG_lexical_block, DW_TAG_namespace, DW_TAG_structure_type, DW_TAG_class_type})
      if (tag == holder) return true;
    return false;
  };
  Dwarf_Die child;
  for (int end = dwarf_child(&die, &child); end == 0; end = dwarf_siblingof(&child, &child)) {
    const int tag = dwarf_tag(&child);
    if (!holds_code(tag)) continue;
    if (tag == DW_TAG_inlined_subroutine) {
      if (dwarf_haspc(&child, address) <= 0) continue;
      calls.push_back(child);
    }
    find_calls(child, address, calls);
  }
}

// The line of `address` in a unit's file and, outwards, those of the calls that were inlined there. False where the unit does not know.
bool add_frames(Frames& frames, Dwarf_Die* unit, Dwarf_Addr address) {
  Dwarf_Line* line = dwarf_getsrc_die(unit, address);
  int number = 0;
  const char* file = line ? dwarf_linesrc(line, nullptr, nullptr) : nullptr;
  Dwarf_Files* files = nullptr;
  size_t file_count = 0;
  if (!file || dwarf_lineno(line, &number) != 0 || dwarf_getsrcfiles(unit, &files, &file_count) != 0) return false;
  add_frame(frames, file, number);
  std::vector<Dwarf_Die> calls;
  find_calls(*unit, address, calls);
  for (auto call = calls.rbegin(); call != calls.rend(); ++call) {
    const char* caller = dwarf_filesrc(files, static_cast<size_t>(number_of(*call, DW_AT_call_file)), nullptr, nullptr);
    if (caller) add_frame(frames, caller, number_of(*call, DW_AT_call_line));
  }
  return true;
}

// Of a template that several files instantiate the linker keeps one copy, but the ranges of all of them have its address.
void add_frames(Frames& frames, Process& process, Dwarf_Addr pc) {
  Dwfl_Module* module = process.module_of(pc);
  if (!module) return;
  Dwarf_Addr bias = 0;
  for (Dwarf_Die* unit = nullptr; (unit = dwfl_module_nextcu(module, unit, &bias));)
    if (dwarf_haspc(unit, pc - bias) > 0 && add_frames(frames, unit, pc - bias)) return;
}

}  // namespace

static std::string find_line(uintptr_t pc) {
  Frames frames;
  std::thread([&] {  // elfutils takes more stack than a simulated thread has
    static Process process;
    add_frames(frames, process, pc - 1);
  })
      .join();
  if (frames.innermost.empty()) return "an unknown line (built without -g?)";
  if (frames.kernel.empty() || std::strstr(frames.innermost.c_str(), "kernels/tile/")) return frames.innermost;
  if (frames.kernel == frames.innermost) return frames.kernel;
  return frames.kernel + " (" + base_name(frames.innermost.c_str()) + ")";
}

std::string source_line(uintptr_t pc) {
  static std::mutex mutex;
  static std::map<uintptr_t, std::string> known;
  const std::lock_guard lock(mutex);
  std::string& line = known[pc];
  if (line.empty()) line = find_line(pc);
  return line;
}

}  // namespace duel::sim::checker
