#include "kernels/sim/mbarrier.h"

#include <cstring>

#include "kernels/sim/block.h"
#include "kernels/sim/names.h"

namespace duel::sim {
namespace {

constexpr uint64_t mark = 0x6d62617272696572u;  // what the object's bytes hold while it lives

std::string count_text(int count, const char* what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

}  // namespace

std::string Block::mbarrier_text(const MBarrierState& b) const {
  const uintptr_t place = b.at - reinterpret_cast<uintptr_t>(shared_);
  return "the mbarrier at byte " + std::to_string(members_ == 1 ? place : place % span_) + " of shared memory " +
         (members_ == 1 ? "" : "of block " + text_of(member_[place / span_].index) + " ") + "(phase " + std::to_string(b.phase) + ": " +
         std::to_string(b.expected - b.pending) + " of " + count_text(b.expected, "arrival") + " have come, " +
         count_text(b.bytes, "byte") + " pending)";
}

void Block::check_mbarrier_place(const void* at, Site site, bool anywhere) {
  uintptr_t offset = reinterpret_cast<uintptr_t>(at) - shared_of(rank());
  const uintptr_t in_all = reinterpret_cast<uintptr_t>(at) - shared_of(0);
  if (members_ > 1 && shared_ && in_all < static_cast<size_t>(members_) * span_ && offset >= span_) {
    const Member& block = member_[in_all / span_];
    if (!anywhere) misuse("an mbarrier of block " + text_of(block.index) + ": of another block's only mbarrier_arrive_at() knows", &site);
    if (block.left)
      misuse("an mbarrier of block " + text_of(block.index) + ", all of whose threads have returned: cluster_sync() comes first", &site);
    offset = in_all % span_;
  }
  if (!shared_ || offset + 8 > launch_->shared_bytes) misuse("an mbarrier that does not lie in shared memory", &site);
  if (offset % 8) misuse("an mbarrier at an address that is not a multiple of 8", &site);
}

MBarrierState& Block::mbarrier_at(const void* at, const char* call, Site site, bool anywhere) {
  check_mbarrier_place(at, site, anywhere);
  MBarrierState* state = mbarriers_.find(reinterpret_cast<uintptr_t>(at));
  if (!state) misuse(std::string(call) + " on an mbarrier that was not initialised (mbarrier_init)", &site);
  uint64_t held;
  std::memcpy(&held, at, sizeof held);
  if (held != mark)
    misuse(std::string(call) + ": something wrote over " + mbarrier_text(*state) + ", made in " + text_of(state->made), &site);
  return *state;
}

void Block::mbarrier_init(void* at, int count, Site site, uintptr_t pc) {
  if (failing_) return;
  check_mbarrier_place(at, site, false);
  const uintptr_t address = reinterpret_cast<uintptr_t>(at);
  if (count < 1 || count > mbarrier_limit)
    misuse("mbarrier_init for " + std::to_string(count) + " arrivals a phase: from 1 to " + std::to_string(mbarrier_limit), &site);
  if (const MBarrierState* old = mbarriers_.find(address))
    misuse("mbarrier_init where one already is, made in " + text_of(old->made) + "; mbarrier_invalidate() comes first", &site);
  MBarrierState* state = mbarriers_.add(address);
  if (!state) misuse("more than " + std::to_string(max_mbarriers) + " mbarriers in a block or cluster", &site);
  *state = {address, count, count, 0, 0, site};
  watch::mbarrier_made(mbarriers_.slot(*state), address, pc);
  std::memcpy(at, &mark, sizeof mark);
}

void Block::mbarrier_invalidate(void* at, Site site, uintptr_t pc) {
  if (failing_) return;
  MBarrierState& state = mbarrier_at(at, "mbarrier_invalidate()", site);
  for (int i = 0; i < slots_; ++i)
    if (lanes_[i].state == State::at_mbarrier && lanes_[i].mbarrier == state.at)
      misuse("mbarrier_invalidate() while thread " + text_of(lanes_[i].index) + " waits for " + mbarrier_text(state), &site);
  watch::mbarrier_gone(state.at, pc);
  state.at = 0;
  std::memset(at, 0xff, 8);
}

void Block::mbarrier_arrive(void* at, int arrivals, int bytes, Site site, uintptr_t pc, bool anywhere) {
  if (failing_) return;
  MBarrierState& state = mbarrier_at(at, "mbarrier_arrive()", site, anywhere);
  if (arrivals < 0 || bytes < 0 || bytes > mbarrier_limit)
    misuse("an mbarrier is told to expect " + std::to_string(bytes) + " bytes: from 0 to " + std::to_string(mbarrier_limit), &site);
  watch::mbarrier_touch(mbarriers_.slot(state), state.at, pc);
  if (bytes + state.bytes > mbarrier_limit)
    misuse(std::to_string(bytes) + " more bytes are too many for " + mbarrier_text(state) + ": at most " + std::to_string(mbarrier_limit),
           &site);
  if (arrivals > state.pending)
    misuse("more arrivals than a phase has: " + count_text(arrivals, "more") + " at " + mbarrier_text(state), &site);
  state.bytes += bytes;
  if (arrivals) {
    state.pending -= arrivals;
    watch::mbarrier_arrive(mbarriers_.slot(state), current_);
  }
  mbarrier_settle(state);
}

void Block::mbarrier_settle(MBarrierState& state) {
  if (state.pending || state.bytes) return;
  ++state.phase;
  state.pending = state.expected;
  const int slot = mbarriers_.slot(state);
  watch::mbarrier_complete(slot);
  for (int i = 0; i < threads_; ++i) {
    const int lane = order_[i];
    if (lanes_[lane].state != State::at_mbarrier || lanes_[lane].mbarrier != state.at || lanes_[lane].parity == (state.phase & 1)) continue;
    watch::mbarrier_pass(slot, lane);
    wake(lane);
  }
}

void Block::mbarrier_wait(void* at, int parity, Site site, uintptr_t pc) {
  if (failing_) return;
  MBarrierState& state = mbarrier_at(at, "mbarrier_wait()", site);
  if (parity != 0 && parity != 1) misuse("mbarrier_wait() for parity " + std::to_string(parity) + ": it is 0 or 1", &site);
  watch::mbarrier_touch(mbarriers_.slot(state), state.at, pc);
  if ((state.phase & 1) != static_cast<unsigned>(parity)) {
    watch::mbarrier_pass(mbarriers_.slot(state), current_);
    return;
  }
  Lane& lane = lanes_[current_];
  lane.state = State::at_mbarrier;
  lane.mbarrier = state.at;
  lane.parity = static_cast<uint8_t>(parity);
  lane.site = site;
  wait();
}

}  // namespace duel::sim
