// Barriers and warp collectives: who waits for whom, and what each lane gets.
#include <bit>

#include "kernels/sim/block.h"
#include "kernels/sim/names.h"

namespace duel::sim {

int Block::barrier(Barrier kind, bool predicate, Site site) {
  if (failing_) return 0;  // a destructor on the way out
  Member& block = own_member();
  if (block.arrived && (kind != block.kind || site != block.site)) split_barrier(kind, site);
  block.kind = kind;
  block.site = site;
  ++block.arrived;
  block.votes += predicate;
  lanes_[current_].state = State::at_barrier;
  if (block.arrived + block.returned == each_) release_barrier(block);
  wait();
  return block.result;
}

// Barriers of two places have met: on a GPU they count as one, and part of the block runs ahead.
void Block::split_barrier(Barrier kind, Site site) {
  misuse("is split between two barriers: " + waiters() + "; thread " + text_of(lanes_[current_].index) + " has come to " + name_of(kind) +
             " in " + text_of(site) + ". All threads of a block must reach the same __syncthreads()",
         nullptr);
}

void Block::release_barrier(Member& block) {
  block.result = block.kind == Barrier::count         ? block.votes
                 : block.kind == Barrier::conjunction ? block.votes == block.arrived
                                                      : block.votes != 0;
  block.arrived = block.votes = 0;
  const int member = static_cast<int>(&block - member_), first = member * apart_;
  if (members_ == 1) {
    watch::block_barrier();
  } else {  // it orders this block's threads alone
    watch::member_barrier();
    for (int lane = first; lane < first + each_; ++lane) watch::mbarrier_arrive(sync_slot(member), lane);
    watch::mbarrier_complete(sync_slot(member));
    for (int lane = first; lane < first + each_; ++lane) watch::mbarrier_pass(sync_slot(member), lane);
  }
  if (launch_->schedule.kind == Schedule::Kind::random && next_ == threads_) ++round_, order_lanes();
  for (int i = 0; i < threads_; ++i)
    if (lanes_[order_[i]].state == State::at_barrier && member_of(order_[i]) == member) wake(order_[i]);
}

void Block::named_barrier(int id, int threads, bool wait_here, Site site) {
  if (failing_) return;
  if (id < 1 || id >= named_barriers) misuse("barrier " + std::to_string(id) + ": the numbers go from 1 to 15", &site);
  if (threads < 32 || threads % 32 || threads > each_)
    misuse("barrier " + std::to_string(id) + " is for " + std::to_string(threads) +
               " threads: it must be a multiple of 32, no more than the " + std::to_string(each_) + " of the block",
           &site);
  const int member = rank(), slot = member * named_barriers + id;
  Named& barrier = own_member().named[id];
  if (barrier.arrived && barrier.threads != threads)
    misuse("barrier " + std::to_string(id) + " is for " + std::to_string(threads) + " threads here, for " +
               std::to_string(barrier.threads) + " where another thread came to it",
           &site);
  barrier.threads = threads;
  watch::named_arrive(slot, current_);
  if (wait_here) {
    lanes_[current_].state = State::at_named;
    lanes_[current_].barrier = static_cast<uint8_t>(id);
    lanes_[current_].site = site;
  }
  if (++barrier.arrived == threads) {
    barrier = {0, 0};
    for (int i = 0; i < threads_; ++i) {
      const int lane = order_[i];
      if (lanes_[lane].state != State::at_named || lanes_[lane].barrier != id || member_of(lane) != member) continue;
      watch::named_pass(slot, lane);
      wake(lane);
    }
    watch::named_release(slot);
  }
  if (wait_here) wait();
}

void Block::together(const WarpInstruction& instruction, void* mine, Site site) {
  if (failing_) return;
  Warp& warp = warps_[current_ / 32];
  warp.instruction[current_ & 31] = &instruction;
  if (warp.returned)
    misuse(std::string(instruction.name) + " needs all 32 lanes of the warp; " + std::to_string(std::popcount(warp.returned)) +
               " of them have returned or never were",
           &site);
  collective(Collective::together, 0xffffffffu, reinterpret_cast<uint64_t>(mine), 0, site);
}

uint64_t Block::collective(Collective kind, unsigned mask, uint64_t value, int source, Site site) {
  if (failing_) return 0;
  const int lane = current_ & 31, first = current_ & ~31;
  Warp& warp = warps_[current_ / 32];
  warp.kind[lane] = kind;
  warp.mask[lane] = mask;
  if (!(mask >> lane & 1)) {
    misuse(std::string(name_of(kind)) + " is called from a lane that its mask " + text_of(mask) + " does not name", &site);
  }
  warp.value[lane] = value;
  warp.source[lane] = source;
  warp.waiting |= 1u << lane;
  lanes_[current_].state = State::at_collective;
  lanes_[current_].site = site;
  try_release(warp, first, lane);
  wait();
  return warp.result[lane];
}

// Completes the collective that `lane` waits in, if every lane its mask names is there.
bool Block::try_release(Warp& warp, int first_lane, int lane) {
  if (warp.kind[lane] == Collective::together && warp.returned) return false;  // it needs all of them
  const uint32_t lanes = warp.mask[lane] & ~warp.returned;
  if ((warp.waiting & lanes) != lanes) return false;
  for (uint32_t rest = lanes; rest; rest &= rest - 1) {
    const int i = std::countr_zero(rest);
    if (warp.mask[i] != warp.mask[lane] || warp.kind[i] != warp.kind[lane]) return false;
    if (warp.kind[i] == Collective::together && warp.instruction[i] != warp.instruction[lane]) return false;
  }
  if (warp.kind[lane] == Collective::together) {
    void* brought[32];
    for (int i = 0; i < 32; ++i) brought[i] = reinterpret_cast<void*>(warp.value[i]);
    warp.instruction[lane]->compute(brought);
  } else {
    compute(warp, lanes, warp.kind[lane]);
  }
  if (warp.kind[lane] == Collective::sync) watch::warp_sync(first_lane, lanes);
  warp.waiting &= ~lanes;
  const bool down = launch_->schedule.descending(++round_);
  for (int i = 0; i < 32; ++i) {
    const int at = down ? 31 - i : i;
    if (lanes >> at & 1) wake(first_lane + at);
  }
  return true;
}

void Block::compute(Warp& warp, uint32_t lanes, Collective kind) {
  uint64_t all = 0;
  uint32_t accumulated = 0;
  bool first = true;
  for (uint32_t rest = lanes; rest; rest &= rest - 1) {
    const int i = std::countr_zero(rest);
    const uint32_t v = static_cast<uint32_t>(warp.value[i]), a = accumulated;
    const int32_t sv = static_cast<int32_t>(v), sa = static_cast<int32_t>(a);
    const uint32_t bit = v ? 1u << i : 0;
    switch (kind) {
      case Collective::sync:
      case Collective::together:
        break;
      case Collective::shuffle:
      case Collective::shuffle_up:
      case Collective::shuffle_down:
      case Collective::shuffle_xor:
        warp.result[i] = lanes >> warp.source[i] & 1 ? warp.value[warp.source[i]] : ~uint64_t{0};
        break;
      case Collective::ballot:
      case Collective::any:
      case Collective::all:
        accumulated |= bit;
        break;
      case Collective::add:
        accumulated += v;
        break;
      case Collective::min_signed:
        accumulated = first || sv < sa ? v : a;
        break;
      case Collective::max_signed:
        accumulated = first || sv > sa ? v : a;
        break;
      case Collective::min_unsigned:
        accumulated = first || v < a ? v : a;
        break;
      case Collective::max_unsigned:
        accumulated = first || v > a ? v : a;
        break;
      case Collective::bit_and:
        accumulated = first ? v : a & v;
        break;
      case Collective::bit_or:
        accumulated |= v;
        break;
      case Collective::bit_xor:
        accumulated ^= v;
        break;
      case Collective::match_any: {
        uint32_t same = 0;
        for (uint32_t others = lanes; others; others &= others - 1) {
          const int j = std::countr_zero(others);
          if (warp.value[j] == warp.value[i]) same |= 1u << j;
        }
        warp.result[i] = same;
        break;
      }
      case Collective::match_all: {
        if (first) all = warp.value[i], accumulated = lanes;
        if (warp.value[i] != all) accumulated = 0;
        break;
      }
    }
    first = false;
  }
  const bool own = kind == Collective::match_any || (kind >= Collective::shuffle && kind <= Collective::shuffle_xor);
  if (own) return;  // each lane has its own already
  if (kind == Collective::any) accumulated = accumulated != 0;
  if (kind == Collective::all) accumulated = accumulated == lanes;
  for (uint32_t rest = lanes; rest; rest &= rest - 1) warp.result[std::countr_zero(rest)] = accumulated;
}

}  // namespace duel::sim
