// Element-wise work in packs: 16 bytes a thread and access, and what a count leaves behind its last whole pack one element at a time. So
// any count works, and the aligned pointers that a row is promised are all that it takes.
#pragma once
#include <algorithm>

#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel::packs {

constexpr int threads = 256;

// A pack a thread until the card is full, which keeps the most bytes on their way; then up to four before the grid grows on, so that what a
// thread finds once (the function, its place, a slope) serves them all.
inline LaunchShape shape(int64_t count, int elements) {
  constexpr unsigned full_card = 8 * 132;  // blocks that the largest cards hold at once
  const int64_t packs = count / elements;
  return {.grid = std::max(std::min(stride_blocks(packs, threads), full_card), stride_blocks(packs, 4 * threads)), .block = threads};
}
// Elements from one pack of a thread to its next.
inline int64_t stride(const LaunchShape& s, int elements) { return int64_t{s.grid.x} * threads * elements; }

// This thread's first pack of V elements, which may lie beyond the last.
template <int V>
__device__ int64_t first_of() {
  return (int64_t{blockIdx.x} * threads + threadIdx.x) * V;
}

// Calls pack(i) with the first element of each of this thread's packs, from first_of() on, and one(i) with each element behind the last
// whole pack: those fall to the first threads.
template <int V, class P, class O>
__device__ void each(int64_t count, P&& pack, O&& one) {
  const int64_t first = first_of<V>(), whole = count / V * V;
  for (int64_t i = first; i < whole; i += int64_t{gridDim.x} * threads * V) pack(i);
  if (whole + first / V < count) one(whole + first / V);
}

}  // namespace duel::packs
