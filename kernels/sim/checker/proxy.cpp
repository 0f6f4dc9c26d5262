#include "kernels/sim/checker/proxy.h"

namespace duel::sim::checker {

void Proxy::block_begins() {
  for (const uint32_t word : words_) stale_[word] = 0;
  words_.clear();
}

void Proxy::wrote(size_t offset, size_t bytes) {
  for (size_t at = offset; at < offset + bytes; ++at) {
    uint8_t& word = stale_[at / 4];
    if (!word) words_.add(static_cast<uint32_t>(at / 4));
    word |= static_cast<uint8_t>(1u << at % 4);
  }
}

void Proxy::replaced(size_t offset, size_t bytes) {
  for (size_t word = offset / 4; word < (offset + bytes) / 4; ++word) stale_[word] = 0;  // it stays in the list
}

void Proxy::fence(const Region& shared, const Order& order, int thread) {
  const auto served = [&](const Cell& cell) {
    return cell.generation != shared.generation || !cell.write.pc || order.before(cell.write, thread);
  };
  size_t left = 0;
  for (const uint32_t number : words_) {
    uint8_t& word = stale_[number];
    const Cell& cell = shared.words[number];
    if (cell.write.pc != split_mark) {
      if (served(cell)) word = 0;
    } else {
      for (size_t i = 0; i < 4; ++i)
        if (served(shared.single[4 * size_t{number} + i])) word &= static_cast<uint8_t>(~(1u << i));
    }
    if (word) words_[left++] = number;
  }
  words_.keep(left);
}

long Proxy::stale(size_t offset, size_t bytes) const {
  for (size_t at = offset; at < offset + bytes; ++at)
    if (stale_[at / 4] >> at % 4 & 1) return static_cast<long>(at);
  return -1;
}

}  // namespace duel::sim::checker
