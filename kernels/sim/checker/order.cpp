#include "kernels/sim/checker/order.h"

#include <bit>
#include <cstring>

namespace duel::sim::checker {

void Order::block_begins(uint32_t block, int threads) {
  block_ = block;
  epoch_ = 0;
  learnt_.clear();
  const int warps = (threads + 31) / 32;
  std::memset(known_, 0, sizeof known_[0] * static_cast<size_t>(warps));
  for (int t = 0; t < warps * 32; ++t) known_[t / 32][t & 31][t & 31] = 1;
  std::memset(fenced_, 0, sizeof fenced_[0] * static_cast<size_t>(threads));
}

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
}

void Order::fence(int thread) {
  uint32_t& clock = known_[thread / 32][thread & 31][thread & 31];
  fenced_[thread] = {epoch_, clock++};
}

void Order::atomic(int thread, uintptr_t at) {
  for (const Release& r : releases_)
    if (r.at == at && r.block != block_) learnt_.add({r, epoch_, static_cast<uint16_t>(thread)});
  if (const Fenced& f = fenced_[thread]; f.clock) releases_.add({at, block_, f.epoch, f.clock, static_cast<uint16_t>(thread)});
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
