// Barriers that are objects in shared memory (PTX ISA, "mbarrier"): what kernels/ptx/mbarrier.h calls on the simulated GPU, and their
// state.
//
// A phase is complete when no arrival and no byte is pending; the next one begins at once with the count of mbarrier_init(). The object's
// own eight bytes hold a mark, so that a kernel that writes over them is found out.
#pragma once
#include "kernels/sim/list.h"
#include "kernels/sim/runtime.h"

namespace duel::sim {

constexpr int mbarrier_limit = (1 << 20) - 1;  // of arrivals, and of bytes in either direction
constexpr int max_mbarriers = 256;             // in a block; a GPU has as many as fit in its shared memory

// `at`: 8 bytes of shared memory. Misuse throws Error(device).
void mbarrier_init(void* at, int count, Site site);
void mbarrier_invalidate(void* at, Site site);
void mbarrier_arrive(void* at, int arrivals, int bytes, Site site);  // either may be 0: what is expected, and who arrives
void mbarrier_wait(void* at, int parity, Site site);

struct MBarrierState {
  uintptr_t at;                  // 0: free
  int expected, pending, bytes;  // arrivals a phase, arrivals still to come, bytes still to come
  uint32_t phase;
  Site made;
};

class MBarriers {
 public:
  void block_begins() { states_.clear(); }
  MBarrierState* find(uintptr_t at) const {
    for (MBarrierState& state : states_)
      if (state.at == at) return &state;
    return nullptr;
  }
  MBarrierState* add(uintptr_t at) {  // nullptr: there are too many
    if (MBarrierState* unused = find(0)) return unused;
    return states_.size() < max_mbarriers ? &states_.add({at, 0, 0, 0, 0, {}}) : nullptr;
  }
  int slot(const MBarrierState& state) const { return static_cast<int>(&state - states_.begin()); }

 private:
  List<MBarrierState> states_;
};

}  // namespace duel::sim
