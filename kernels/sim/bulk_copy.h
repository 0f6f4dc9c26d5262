// Bulk copies of a block that are on their way (PTX ISA, cp.async.bulk and cp.async.bulk.tensor): what kernels/ptx/bulk_copy.h calls on the
// simulated GPU, and their state.
//
// They land as late as they can: a load when nothing else in the block can go on and a thread waits for its mbarrier, a store when its
// thread waits for its group. So a wait that is missing is seen, whatever the schedule.
#pragma once
#include "kernels/sim/list.h"
#include "kernels/sim/runtime.h"
#include "kernels/tensor_map.h"

namespace duel::sim {

void bulk_load(void* to, const void* from, int bytes, void* barrier, Site site);
void bulk_store(void* to, const void* from, int bytes, Site site);
void tensor_load(void* to, const TensorMap& map, const int* at, int rank, void* barrier, Site site);
void tensor_store(const TensorMap& map, const int* at, int rank, const void* from, Site site);
void bulk_commit();
void bulk_wait(int newest);  // reads and writes what belongs to older groups of stores than the newest ones
void fence_proxy();

struct BulkCopy {
  bool load;
  int bytes;
  uintptr_t shared, global;  // global: of a plain copy
  uintptr_t mbarrier;        // of a load
  uint32_t group;            // of a store
  int thread;                // that began it
  uintptr_t pc;
  Site site;
  bool boxed;
  BoxedTensor tensor;
  int at[5];
};

// 16 bytes of shared memory, of which `valid` ones, from `skip` on, have a place in device memory.
struct BulkChunk {
  uintptr_t shared, global;  // global: of the first valid byte
  int skip, valid;
};

// f(chunk) for each 16 bytes of a copy, in the order of the box.
template <class F>
void each_chunk(const BulkCopy& c, F f) {
  if (!c.boxed) {
    for (uintptr_t i = 0; i < static_cast<uintptr_t>(c.bytes); i += 16) f(BulkChunk{c.shared + i, c.global + i, 0, 16});
    return;
  }
  const BoxedTensor& t = c.tensor;
  const int64_t element = static_cast<int64_t>(size_of(t.dtype)), elements = 16 / element;
  const uintptr_t mask = static_cast<uintptr_t>(swizzle_span(t.swizzle) / 16 - 1);
  uintptr_t packed = c.shared;
  for (int at[5] = {};;) {
    bool inside = true;
    uintptr_t row = reinterpret_cast<uintptr_t>(t.data);
    for (int d = 1; d < t.rank; ++d) {
      const int64_t x = int64_t{c.at[d]} + at[d];
      inside &= x >= 0 && x < t.size[d];
      row += static_cast<uintptr_t>(x * t.stride[d]);
    }
    for (int64_t i = 0; i < t.box[0]; i += elements, packed += 16) {
      const int64_t x = c.at[0] + i, low = x < 0 ? (-x < elements ? -x : elements) : 0;
      const int64_t left = t.size[0] - x, high = left < 0 ? 0 : left < elements ? left : elements;
      const int valid = inside && high > low ? static_cast<int>((high - low) * element) : 0;
      f(BulkChunk{packed ^ (packed >> 7 & mask) << 4, row + static_cast<uintptr_t>((x + low) * element), static_cast<int>(low * element),
                  valid});
    }
    int d = 1;
    while (d < t.rank && ++at[d] == t.box[d]) at[d++] = 0;
    if (d >= t.rank) return;
  }
}

class BulkCopies {
 public:
  void block_begins(int threads) {
    flying_.clear();
    for (int i = 0; i < threads; ++i) committed_[i] = 0;
  }
  void begin(BulkCopy copy) {
    copy.group = committed_[copy.thread];
    flying_.add(copy);
  }
  void commit(int thread) { ++committed_[thread]; }
  uint32_t committed(int thread) const { return committed_[thread]; }
  bool any() const { return flying_.size() != 0; }
  const List<BulkCopy>& flying() const { return flying_; }
  void remove(size_t i) {
    for (; i + 1 < flying_.size(); ++i) flying_[i] = flying_[i + 1];
    flying_.keep(flying_.size() - 1);
  }
  const BulkCopy* find(uintptr_t at) const;  // the one that takes from or goes to this byte of shared memory, or nullptr

 private:
  List<BulkCopy> flying_;  // in the order in which they began
  uint32_t committed_[1024] = {};
};

}  // namespace duel::sim
