#include "kernels/sim/bulk_copy.h"

#include <cstring>

#include "kernels/sim/block.h"
#include "kernels/sim/bulk_flight.h"
#include "kernels/sim/names.h"

namespace duel::sim {

const BulkCopy* BulkCopies::find(uintptr_t at) const {
  for (const BulkCopy& copy : flying_) {
    bool here = false;
    each_chunk(copy, [&](const BulkChunk& chunk) { here |= at - chunk.shared < 16; });
    if (here) return &copy;
  }
  return nullptr;
}

// What is to be checked of either kind, and what a load does at its barrier.
void Block::bulk_begin(BulkCopy copy, const void* barrier) {
  if (failing_) return;
  const Site site = copy.site;
  const uintptr_t into = copy.shared - shared_of(copy.member < 0 ? rank() : copy.member);
  const bool boxed = copy.tensor.shape != CopyShape::bytes;
  const uintptr_t alignment = boxed ? static_cast<uintptr_t>(swizzle_period(copy.swizzle())) : 16;
  if (copy.bytes < 1 || copy.bytes % 16 || copy.bytes > mbarrier_limit)
    misuse("a bulk copy of " + std::to_string(copy.bytes) + " bytes: a multiple of 16 up to " + std::to_string(mbarrier_limit), &site);
  if (!shared_ || into >= max_shared_bytes || into + static_cast<uintptr_t>(copy.bytes) > launch_->shared_bytes)
    misuse("a bulk copy of " + std::to_string(copy.bytes) + " bytes does not lie within the block's " +
               std::to_string(launch_->shared_bytes) + " bytes of shared memory",
           &site);
  if (into % alignment)
    misuse("a bulk copy at byte " + std::to_string(into) + " of shared memory: it must be a multiple of " + std::to_string(alignment),
           &site);
  if (!boxed && copy.global % 16) misuse("a bulk copy at an address of device memory that is not a multiple of 16", &site);
  copy.thread = current_;
  if (copy.load) {
    MBarrierState& state = mbarrier_at(barrier, "a bulk copy", site, copy.member >= 0);
    if (const uintptr_t place = state.at - (copy.shared - into); place >= max_shared_bytes)
      misuse("a bulk copy to another block's shared memory than its mbarrier's", &site);
    copy.mbarrier = state.at;
    watch::mbarrier_touch(mbarriers_.slot(state), state.at, copy.pc);
    watch::bulk_begins(copy);
    watch::mbarrier_arrive(mbarriers_.slot(state), current_);  // what it did before, those know who wait for these bytes
  } else {
    watch::bulk_begins(copy);
  }
  bulk_.begin(copy);
}

// The same place in each of the blocks that the mask names, and there the same mbarrier.
void Block::bulk_multicast(BulkCopy copy, const void* barrier, unsigned mask) {
  if (failing_) return;
  if (!mask || mask >> members_)
    misuse("a multicast to blocks " + text_of(mask) + " of a cluster of " + std::to_string(members_) + ": a bit for each, at least one",
           &copy.site);
  const uintptr_t to = copy.shared - shared_of(rank()), at = reinterpret_cast<uintptr_t>(barrier) - shared_of(rank());
  for (int member = 0; member < members_; ++member) {
    if (!(mask >> member & 1)) continue;
    copy.shared = shared_of(member) + to, copy.member = member;
    bulk_begin(copy, reinterpret_cast<const void*>(shared_of(member) + at));
    copy.again = true;
  }
}

void Block::take_map(BulkCopy& copy, const TensorMap& map, CopyShape shape) {
  std::memcpy(static_cast<void*>(&copy.tensor), map.opaque, sizeof copy.tensor);
  if (copy.tensor.shape != shape)
    misuse(shape == CopyShape::box ? "a tensor copy of a box by a tensor map that was made for im2col copies"
                                   : "an im2col copy by a tensor map that was made for boxes",
           &copy.site);
}

void Block::take_box(BulkCopy& copy, const TensorMap& map, const int* at, int rank) {
  take_map(copy, map, CopyShape::box);
  const BoxedTensor& t = copy.tensor.box;
  if (rank != t.rank)
    misuse("a tensor copy at " + std::to_string(rank) + " coordinates of a tensor of " + std::to_string(t.rank) + " dimensions",
           &copy.site);
  for (int d = 0; d < rank; ++d) copy.at[d] = at[d];
  copy.bytes = static_cast<int>(box_bytes(t) < mbarrier_limit ? box_bytes(t) : mbarrier_limit + 1);
}

// PTX ISA, "im2col mode": a copy begins at one of the windows.
void Block::take_columns(BulkCopy& copy, const TensorMap& map, const int (&at)[4], const int (&tap)[2]) {
  take_map(copy, map, CopyShape::columns);
  const Im2colTensor& t = copy.tensor.columns;
  for (int d = 0; d < 2; ++d) {
    const std::string side = d ? "h" : "w";
    const int64_t first = t.lower[d], last = t.size[d + 1] - 1 + t.upper[d];
    if (at[d + 1] < first || at[d + 1] > last || (at[d + 1] - first) % t.step[d])
      misuse("an im2col copy from a window at " + side + " = " + std::to_string(at[d + 1]) + ": windows begin at " + std::to_string(first) +
                 ", every " + std::to_string(t.step[d]) + ", to " + std::to_string(last),
             &copy.site);
    if (tap[d] < 0 || tap[d] > 255)
      misuse("an im2col copy of tap " + std::to_string(tap[d]) + " in " + side + ": from 0 to 255", &copy.site);
    copy.tap[d] = tap[d];
  }
  for (int d = 0; d < 4; ++d) copy.at[d] = at[d];
  copy.bytes = static_cast<int>(column_bytes(t));
}

void Block::bulk_commit() {
  if (!failing_) bulk_.commit(current_);
}

void Block::bulk_wait(int newest) {
  if (failing_) return;
  const auto stays = static_cast<uint32_t>(newest);
  const uint32_t committed = bulk_.committed(current_), done = committed > stays ? committed - stays : 0;
  for (size_t i = 0; i < bulk_.flying().size();) {
    const BulkCopy copy = bulk_.flying()[i];
    if (copy.load || copy.thread != current_ || copy.group >= done) {
      ++i;
      continue;
    }
    bulk_.remove(i);
    each_chunk(copy, [](const BulkChunk& c) {
      std::memcpy(reinterpret_cast<void*>(c.global), reinterpret_cast<const char*>(c.shared) + c.skip, static_cast<size_t>(c.valid));
    });
    watch::bulk_lands(copy);
  }
}

bool Block::land_bulk_load() {
  for (size_t i = 0; i < bulk_.flying().size(); ++i) {
    const BulkCopy copy = bulk_.flying()[i];
    bool awaited = false;
    for (int lane = 0; lane < slots_ && copy.load; ++lane)
      awaited |= lanes_[lane].state == State::at_mbarrier && lanes_[lane].mbarrier == copy.mbarrier;
    if (!awaited) continue;
    bulk_.remove(i);
    each_chunk(copy, [](const BulkChunk& c) {
      char* to = reinterpret_cast<char*>(c.shared);
      std::memset(to, 0, 16);
      if (c.valid) std::memcpy(to + c.skip, reinterpret_cast<const void*>(c.global), static_cast<size_t>(c.valid));
    });
    watch::bulk_lands(copy);
    MBarrierState& state = *mbarriers_.find(copy.mbarrier);
    if (state.bytes - copy.bytes < -mbarrier_limit)
      misuse("too many bytes have landed that " + mbarrier_text(state) + " was not told to expect", nullptr);
    state.bytes -= copy.bytes;
    mbarrier_settle(state);
    return true;
  }
  return false;
}

void Block::check_bulk_at_end() {
  if (!bulk_.any()) return;
  const BulkCopy& copy = bulk_.flying()[0];
  misuse(std::string("ended while a bulk ") + (copy.load ? "load" : "store") + " begun in " + text_of(copy.site) +
             (copy.load ? " was on its way to its shared memory: a thread must wait for its mbarrier"
                        : " still read its shared memory: its thread must bulk_commit() and bulk_wait_read<0>()"),
         nullptr);
}

}  // namespace duel::sim
