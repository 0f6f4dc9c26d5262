#include "kernels/sim/async_copy.h"

#include <cstring>

#include "kernels/sim/watch.h"

namespace duel::sim {

void AsyncCopies::block_begins() {
  for (int i = 0; i < used_; ++i) threads_[i].flying.clear(), threads_[i].committed = 0;
  used_ = 0;
}

void AsyncCopies::begin(int thread, AsyncCopy copy) {
  if (thread >= used_) used_ = thread + 1;
  copy.group = threads_[thread].committed;
  threads_[thread].flying.add(copy);
}

void AsyncCopies::commit(int thread) {
  if (thread >= used_) used_ = thread + 1;
  ++threads_[thread].committed;
}

void AsyncCopies::wait(int thread, int newest) {
  OfThread& own = threads_[thread];
  const auto stays = static_cast<uint32_t>(newest);
  const uint32_t done = own.committed > stays ? own.committed - stays : 0;  // groups below this one
  size_t left = 0;
  for (const AsyncCopy& copy : own.flying) {
    if (copy.group >= done) {
      own.flying[left++] = copy;
      continue;
    }
    watch::copy_lands(copy.to, copy.bytes, copy.pc);
    if (copy.from) std::memcpy(copy.to, copy.from, copy.bytes);
    else std::memset(copy.to, 0, copy.bytes);
  }
  own.flying.keep(left);
}

const AsyncCopy* AsyncCopies::find(uintptr_t at, int& thread) const {
  for (thread = 0; thread < used_; ++thread)
    for (const AsyncCopy& copy : threads_[thread].flying)
      if (at - reinterpret_cast<uintptr_t>(copy.to) < copy.bytes) return &copy;
  return nullptr;
}

}  // namespace duel::sim
