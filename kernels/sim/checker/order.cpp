#include "kernels/sim/checker/order.h"

#include <bit>
#include <cstdlib>
#include <cstring>

#include "kernels/error.h"

namespace duel::sim::checker {
namespace {

template <class T>
void append(T*& items, size_t& count, size_t& room, const T& item) {
  if (count == room) {
    room = room ? 2 * room : 256;
    void* larger = std::realloc(static_cast<void*>(items), room * sizeof(T));
    if (!larger) fail(Failure::memory, "[sim-checked] no host memory for the order of blocks");
    items = static_cast<T*>(larger);
  }
  items[count++] = item;
}

}  // namespace

void Order::block_begins(uint32_t block, int threads) {
  block_ = block;
  epoch_ = 0;
  learnt_count_ = 0;
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
  for (size_t i = 0; i < release_count_; ++i)
    if (releases_[i].at == at && releases_[i].block != block_)
      append(learnt_, learnt_count_, learnt_room_, Learnt{releases_[i], epoch_, static_cast<uint16_t>(thread)});
  if (const Fenced& f = fenced_[thread]; f.clock)
    append(releases_, release_count_, release_room_, Release{at, block_, f.epoch, f.clock, static_cast<uint16_t>(thread)});
}

bool Order::released_before(const Access& a, int thread) const {
  for (size_t i = 0; i < learnt_count_; ++i) {
    const Learnt& l = learnt_[i];
    const bool known = l.thread == thread || epoch_ > l.epoch;
    if (known && l.release.block == a.block && (a.epoch < l.release.epoch || (a.thread == l.release.thread && a.clock <= l.release.clock)))
      return true;
  }
  return false;
}

}  // namespace duel::sim::checker
