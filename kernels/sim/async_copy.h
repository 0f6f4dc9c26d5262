// Asynchronous copies of a block's threads that have not taken effect yet. They land when the thread that began them waits, so a kernel
// that forgets to wait reads what was there before.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/sim/list.h"

namespace duel::sim {

struct AsyncCopy {
  void* to;
  const void* from;  // nullptr: zeros
  uintptr_t pc;      // where it was begun
  uint8_t bytes;
  uint32_t group = 0;
};

class AsyncCopies {
 public:
  void block_begins();
  void begin(int thread, AsyncCopy copy);
  void commit(int thread);
  void wait(int thread, int newest);  // lands what belongs to older groups than the newest ones that were committed
  // The copy on its way to this address, or nullptr; `thread` began it.
  const AsyncCopy* find(uintptr_t at, int& thread) const;

 private:
  struct OfThread {
    List<AsyncCopy> flying;
    uint32_t committed = 0;  // groups
  };
  OfThread threads_[1024];
  int used_ = 0;  // threads whose lists may hold something
};

}  // namespace duel::sim
