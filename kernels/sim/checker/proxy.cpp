#include "kernels/sim/checker/proxy.h"

namespace duel::sim::checker {

void Proxy::block_begins() {
  for (const uint32_t word : words_) stale_[word] = 0;
  words_.clear();
}

void Proxy::replaced(size_t offset, size_t bytes) {
  for (size_t word = offset / 4; word < (offset + bytes) / 4; ++word) stale_[word] = 0;  // it may stay in the list
}

void Proxy::fence(const Region& shared, const Order& order, int thread) {
  const auto served = [&](const Cell& cell) {
    return cell.generation != shared.generation || !cell.write.pc || order.before(cell.write, thread);
  };
  size_t left = 0;
  for (const uint32_t word : words_) {
    if (!stale_[word]) continue;
    const Cell& cell = shared.words[word];
    bool all = true;
    if (cell.write.pc == split_mark)
      for (size_t i = 0; i < 4; ++i) all &= served(shared.single[4 * size_t{word} + i]);
    else all = served(cell);
    if (all) stale_[word] = 0;
    else words_[left++] = word;
  }
  words_.keep(left);
}

long Proxy::stale(size_t offset, size_t bytes) const {
  for (size_t i = 0; i < bytes; ++i)
    if (stale_[(offset + i) / 4]) return static_cast<long>(offset + i);
  return -1;
}

}  // namespace duel::sim::checker
