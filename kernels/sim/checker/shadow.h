// What the checker remembers of each byte of simulated memory: whether it may be touched, whether anything wrote it, and who touched it
// last.
#pragma once
#include <cstddef>
#include <cstdint>

namespace duel::sim::checker {

// forbidden: outside every allocation, or given back. in_flight: an asynchronous copy is on its way here.
// leaving: a bulk store still reads it. gone: the shared memory of a cluster's block that has returned.
enum ByteState : uint8_t { forbidden, unwritten, written, in_flight, leaving, gone };

// One access of one thread. 20 bytes, three of them to a cell.
struct Access {
  uint32_t pc;     // from the start of its library; 0: no access
  uint32_t block;  // linear number in the grid
  uint32_t epoch;  // how many __syncthreads() the block had passed
  uint32_t clock;  // how many steps of its own clock the thread had made (__syncwarp, __threadfence)
  uint16_t thread;
  uint8_t atomic : 1, warpgroup : 1;  // warpgroup: the read of a product, by its 128 threads; `thread` is the first of them
  uint8_t bytes;
};

// The last write, and up to two reads since it that are ordered neither before each other nor before the next access. Two are enough to
// find a race with the next write, unless that write is ordered after just those two. Of atomic updates that nothing orders, the last is
// the write and the one before it takes the place of a read. One cache line.
struct alignas(64) Cell {
  uint32_t generation;  // what an earlier launch (or block, for shared memory) left counts as empty
  Access write, read[2];
};
static_assert(sizeof(Cell) == 64);

constexpr uint32_t split_mark = ~uint32_t{0};  // in write.pc of a word's cell

// A stretch of simulated memory and what is remembered of it. A word's cell serves its four bytes together until one of them is touched
// alone: then the word is split, for the rest of the generation, into cells a byte.
struct Region {
  uintptr_t base = 0;
  size_t bytes = 0;
  uint8_t* states = nullptr;  // a ByteState a byte
  Cell* words = nullptr;      // a cell for each aligned 4 bytes
  Cell* single = nullptr;     // a cell a byte
  uint32_t generation = 1;
  bool holds(uintptr_t at) const { return at - base < bytes; }
};

void* reserve(size_t bytes);  // address space that costs nothing until it is touched, zero-filled

}  // namespace duel::sim::checker
