#include "kernels/sim/checker/order.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/sim/block.h"

namespace duel::sim::checker {

void Order::block_begins(Between& between, uint32_t block, int threads, int members) {
  between_ = &between;
  block_ = block;
  epoch_ = 0;
  threads_ = threads;
  far_used_ = false;
  learnt_.clear();
  const int warps = (threads + 31) / 32;
  std::memset(known_, 0, sizeof known_[0] * static_cast<size_t>(warps));
  for (int t = 0; t < warps * 32; ++t) known_[t / 32][t & 31][t & 31] = 1;
  std::memset(fenced_, 0, sizeof fenced_[0] * static_cast<size_t>(threads));
  members_ = members;
  if (members == 1) return;
  mbarrier_made(cluster_slot);
  for (int member = 0; member < members; ++member) mbarrier_made(sync_slot(member));
}

void Order::use_far() {
  if (!far_) {
    far_ = static_cast<Clocks*>(reserve(1024 * sizeof(Clocks)));
    joined_ = static_cast<Clocks*>(reserve(max_cluster * named_barriers * sizeof(Clocks)));
    phases_ = static_cast<Phases*>(reserve(static_cast<size_t>(sync_slot(max_cluster)) * sizeof(Phases)));
  }
  if (far_used_) return;
  far_used_ = true;
  std::memset(far_, 0, static_cast<size_t>(threads_) * sizeof(Clocks));
  std::memset(joined_, 0, static_cast<size_t>(members_) * named_barriers * sizeof(Clocks));
}

void Order::give(uint32_t* joined, int thread) {
  uint32_t* near = known_[thread / 32][thread & 31];
  const int first = thread & ~31;
  for (int t = 0; t < threads_; ++t) {
    const uint32_t clock = (t ^ thread) < 32 ? near[t - first] : far_[thread][t];
    joined[t] = std::max(joined[t], clock);
  }
  ++near[thread & 31];
}

void Order::take(const uint32_t* joined, int thread) {
  uint32_t* near = known_[thread / 32][thread & 31];
  const int first = thread & ~31;
  for (int t = 0; t < threads_; ++t) {
    uint32_t& clock = (t ^ thread) < 32 ? near[t - first] : far_[thread][t];
    clock = std::max(clock, joined[t]);
  }
}

void Order::named_arrive(int id, int thread) {
  use_far();
  give(joined_[id], thread);
}
void Order::named_pass(int id, int thread) { take(joined_[id], thread); }
void Order::named_release(int id) { std::memset(joined_[id], 0, sizeof(Clocks)); }

void Order::mbarrier_made(int slot) {
  use_far();
  std::memset(&phases_[slot], 0, sizeof phases_[slot]);
}
void Order::mbarrier_arrive(int slot, int thread) { give(phases_[slot].running, thread); }
void Order::mbarrier_complete(int slot) {
  std::memcpy(phases_[slot].complete, phases_[slot].running, sizeof(Clocks));
  std::memset(phases_[slot].running, 0, sizeof(Clocks));
}
void Order::mbarrier_pass(int slot, int thread) { take(phases_[slot].complete, thread); }

void Order::warp_sync(int first_thread, uint32_t lanes) {
  auto& known = known_[first_thread / 32];
  uint32_t joint[32] = {};
  for (uint32_t rest = lanes; rest; rest &= rest - 1) {
    const uint32_t* of = known[std::countr_zero(rest)];
    for (int j = 0; j < 32; ++j) joint[j] = of[j] > joint[j] ? of[j] : joint[j];
  }
  for (uint32_t rest = lanes; rest; rest &= rest - 1) {
    const int i = std::countr_zero(rest);
    std::memcpy(known[i], joint, sizeof joint);
    ++known[i][i];
  }
  if (!far_used_) return;
  for (int t = 0; t < threads_; ++t) {
    uint32_t most = 0;
    for (uint32_t rest = lanes; rest; rest &= rest - 1) most = std::max(most, far_[first_thread + std::countr_zero(rest)][t]);
    for (uint32_t rest = lanes; rest; rest &= rest - 1) far_[first_thread + std::countr_zero(rest)][t] = most;
  }
}

void Order::fence(int thread) {
  uint32_t& clock = known_[thread / 32][thread & 31][thread & 31];
  fenced_[thread] = {epoch_, clock++};
}

void Order::atomic(int thread, uintptr_t at) {
  for (const Between::Release& r : between_->releases)
    if (r.at == at && r.block != block_) learnt_.add({r, epoch_, static_cast<uint16_t>(thread)});
  if (const Fenced& f = fenced_[thread]; f.clock) between_->releases.add({at, block_, f.epoch, f.clock, static_cast<uint16_t>(thread)});
}

Access Order::product(int first, uint32_t pc) {
  uint32_t clock = 0;
  for (int t = first; t < first + 128; ++t) clock = std::max(clock, known_[t / 32][t & 31][t & 31]);
  for (int t = first; t < first + 128; ++t) known_[t / 32][t & 31][t & 31] = clock;
  return {pc, block_, epoch_, clock, static_cast<uint16_t>(first), false, true, 16};
}
bool Order::product_before(const Access& a, int thread) const {
  if (thread / 128 == a.thread / 128 || a.epoch < epoch_) return true;
  for (int t = a.thread; far_used_ && t < a.thread + 128; ++t)
    if (far_[thread][t] >= a.clock) return true;
  return false;
}

bool Order::released_before(const Access& a, int thread) const {
  for (const Learnt& l : learnt_) {
    const bool known = l.thread == thread || epoch_ > l.epoch;
    if (known && l.release.block == a.block && (a.epoch < l.release.epoch || (a.thread == l.release.thread && a.clock <= l.release.clock)))
      return true;
  }
  return false;
}

}  // namespace duel::sim::checker
