// What the checker found in one launch, as sentences: each once for each place in the kernel, at most a handful.
#pragma once
#include <string>

#include "kernels/sim/checker/checker.h"

namespace duel::sim::checker {

enum class Fault : uint8_t { misaligned, out_of_bounds, unwritten, in_flight, leaving, stale, multiplied, accumulating, gone, unborn };

// Who did what, where.
struct Party {
  uintptr_t pc, at;
  size_t bytes;
  Kind kind;
  uint32_t block;
  int thread;
};

class Findings {
 public:
  void launch_begins(const Launch& launch);
  // `at`: the first byte that is wrong. `base`: of shared memory, where the access is to that.
  void fault(Fault fault, const Party& party, uintptr_t at, bool global, uintptr_t base);
  void race(const Party& party, uintptr_t at, bool global, uintptr_t base, const Access& other, Kind other_kind, uintptr_t image);
  void index(const Party& party, const char* array, unsigned long index);
  void host_memory(const Party& party, bool constant);
  std::string text() const;  // empty when nothing was found

 private:
  static constexpr int most = 8;
  struct Seen {
    int what;
    uintptr_t pc, other;
  };
  bool is_new(int what, uintptr_t pc, uintptr_t other);
  void say(const std::string& text);
  std::string block_text(uint32_t number, int thread) const;  // of a cluster: the thread's
  std::string shared_text(uintptr_t offset) const;
  std::string thread_text(int number) const;
  std::string place(const Party& party) const;
  std::string who(const Party& party) const;

  const Launch* launch_ = nullptr;
  Seen seen_[most];
  int count_ = 0;
  long more_ = 0;  // findings at further places
  std::string text_;
};

}  // namespace duel::sim::checker
