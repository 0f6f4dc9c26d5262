// Which bytes of shared memory a thread's own stores wrote that bulk copies and wgmma need not see yet: those go by another way to memory,
// the async proxy, and between the two stands fence.proxy.async (PTX ISA, "proxies").
//
// A fence serves what its thread wrote and what is ordered before it. What is not seen: a fence that itself is not ordered before the bulk
// copy; device memory.
#pragma once
#include "kernels/sim/block.h"
#include "kernels/sim/checker/order.h"

namespace duel::sim::checker {

class Proxy {
 public:
  void block_begins();
  void wrote(size_t offset, size_t bytes);     // by a thread's store
  void replaced(size_t offset, size_t bytes);  // by the async proxy itself
  void fence(const Region& shared, const Order& order, int thread);
  // The first stale byte of these, or -1.
  long stale(size_t offset, size_t bytes) const;

 private:
  static constexpr size_t most = max_shared_span / 4;
  uint8_t stale_[most + 4] = {};  // a bit for each byte of a word: two threads may have written to one
  List<uint32_t> words_;          // stale ones, and some that are not any more
};

}  // namespace duel::sim::checker
