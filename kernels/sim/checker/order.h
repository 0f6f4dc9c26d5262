// Which accesses of a launch are ordered: by barriers of the block, by named barriers and mbarriers among those that come to them, by
// __syncwarp within a warp, by atomics behind a __threadfence between blocks. Shuffles and votes order nothing (CUDA C++ Programming Guide,
// warp shuffle functions: they imply no memory barrier).
//
// Vector clocks, folded to what a GPU can have. Within a block an epoch, the number of barriers passed; within a warp what each lane knows
// of each other lane's clock, and once a named barrier or an mbarrier was used what each thread knows of those in other warps; between
// blocks what the running block has learnt from releases. Blocks run one after the other; those of a cooperative grid by turns, from one of
// its barriers to the next, so what another block did before its last barrier comes before all that runs.
#pragma once
#include <cstdint>

#include "kernels/sim/checker/shadow.h"
#include "kernels/sim/list.h"

namespace duel::sim::checker {

// What the blocks of a launch have let each other know.
struct Between {
  struct Release {  // what a thread let out: its block's accesses before `epoch`, and its own up to `clock`
    uintptr_t at;
    uint32_t block, epoch, clock;
    uint16_t thread;
  };
  List<Release> releases;
  List<uint32_t> passed;  // of each block of a cooperative grid, once it has passed a barrier: the epoch that began there
};

class Order {
 public:
  void block_begins(Between& between, uint32_t block, int threads, int members);
  void block_barrier() { ++epoch_; }
  uint32_t epoch() const { return epoch_; }
  void warp_sync(int first_thread, uint32_t lanes);
  void named_arrive(int id, int thread);
  void named_pass(int id, int thread);
  void named_release(int id);
  void mbarrier_made(int slot);
  void mbarrier_arrive(int slot, int thread);
  void mbarrier_complete(int slot);  // what those knew who have come to this phase is what the next waits learn
  void mbarrier_pass(int slot, int thread);
  // The read of a product that the warpgroup has waited for: whoever of the 128 threads releases later, releases it. One clock for all.
  Access product(int first, uint32_t pc);
  void fence(int thread);                 // __threadfence(): what is ordered before it goes out with the thread's next atomics
  void atomic(int thread, uintptr_t at);  // takes over what was released at this address, and releases

  // Whether `a` happened before everything that `thread` of the running block does now.
  bool before(const Access& a, int thread) const {
    if (a.block != block_) return (a.block < between_->passed.size() && a.epoch < between_->passed[a.block]) || released_before(a, thread);
    if (a.warpgroup) return product_before(a, thread);
    if (a.thread == thread || a.epoch < epoch_) return true;
    if ((a.thread ^ thread) < 32) return known_[thread / 32][thread & 31][a.thread & 31] >= a.clock;
    return far_used_ && far_[thread][a.thread] >= a.clock;
  }
  // Whether anything that one of these threads of another block of the cluster did is ordered before what `thread` does now.
  bool knows_any(int thread, int first, int count) const {
    for (int t = first; t < first + count && t < threads_; ++t)
      if (far_[thread][t]) return true;
    return false;
  }
  Access access(int thread, uint32_t pc, bool atomic, size_t bytes) const {
    return {pc,
            block_,
            epoch_,
            known_[thread / 32][thread & 31][thread & 31],
            static_cast<uint16_t>(thread),
            atomic,
            false,
            static_cast<uint8_t>(bytes)};
  }

 private:
  struct Learnt {  // by the running block
    Between::Release release;
    uint32_t epoch;   // when
    uint16_t thread;  // by whom; the rest of the block knows it after its next barrier
  };
  bool product_before(const Access& a, int thread) const;
  bool released_before(const Access& a, int thread) const;

  Between* between_ = nullptr;
  uint32_t block_ = 0, epoch_ = 0;
  uint32_t known_[32][32][32];  // [warp][lane][of lane]: the clock up to which it knows; of itself, its own clock
  // Allocated at the first named barrier or mbarrier, valid in a block that has used one.
  using Clocks = uint32_t[1024];
  void use_far();
  void give(uint32_t* joined, int thread);  // adds what the thread knows; what it does from here on, others have not seen
  void take(const uint32_t* joined, int thread);
  Clocks* far_ = nullptr;     // [thread][of a thread of another warp]
  Clocks* joined_ = nullptr;  // [named barrier]: what those that have come knew
  struct Phases {
    Clocks running, complete;
  };
  int members_ = 1;           // blocks of the cluster; their barriers are phases too, behind the mbarriers
  Phases* phases_ = nullptr;  // [mbarrier]: what those that have come to the running phase knew, and to the last complete one
  bool far_used_ = false;
  int threads_ = 0;
  struct Fenced {
    uint32_t epoch, clock;  // clock 0: no fence yet
  } fenced_[1024];
  List<Learnt> learnt_;
};

}  // namespace duel::sim::checker
