// Device memory of the checked GPU.
#pragma once
#include <string>

#include "kernels/counts.h"
#include "kernels/sim/checker/shadow.h"
#include "kernels/sim/list.h"

namespace duel::sim::checker {

class Arena {
 public:
  static Arena& instance();

  void* allocate(size_t bytes);  // 256-byte aligned, `unwritten`, with forbidden bytes on both sides; throws Error(memory)
  void release(void* data);
  void mark(const void* data, size_t bytes, ByteState state);
  void copy_states(void* to, const void* from, size_t bytes);
  size_t used() const { return used_; }
  size_t room() const { return region.base + region.bytes - next_; }
  std::string leaks() const;  // one sentence; empty when everything was given back

  // "256 bytes past the end of an allocation of 1,024 bytes" and the like; for an address that some allocation holds or held.
  std::string describe(uintptr_t at) const;
  const void* owner(uintptr_t at) const;  // start of the allocation nearest to `at`; nullptr when there is none

  Region region;

 private:
  friend struct Shared;  // makes the one there is
  struct Block {
    uintptr_t begin;
    size_t bytes, span;  // asked for; taken, with the forbidden bytes after it
    bool live;
    Block* next;  // in the queue of given-back blocks of its span
  };
  struct Queue {
    size_t span;
    int length;
    Block *first, *last;
  };
  Arena();
  Block* nearest(uintptr_t at) const;
  Queue& queue_of(size_t span);

  List<Block*> blocks_;  // by address
  List<Queue> queues_;
  uintptr_t next_ = 0;
  size_t used_ = 0;
};

// What every library of checked rows shares, one for the process: it hangs on a slot of the registry.
struct Shared {
  Arena arena;
  CountsVisitor visitor = nullptr;  // nullptr: nobody counts
  void* visitor_user = nullptr;
  static Shared& instance();
};

}  // namespace duel::sim::checker
