// Results of CPU rows that are too large for a cache, written past it. A plain store first reads the line of memory that it overwrites:
// a third of what a pass with one input and one output moves.
#pragma once
#include <cstdint>
#include <cstring>

#include "kernels/cpu_vector.h"

namespace duel {

constexpr int64_t streamed_bytes = 16 << 20;  // less than that is better left in a cache, for whoever reads it next
constexpr int64_t streamed_line = 1024;       // elements worked out at a time, in L1

// Whether a result of so many elements is written past the caches.
template <class T>
constexpr bool streams(int64_t count) {
  return count * static_cast<int64_t>(sizeof(T)) >= streamed_bytes;
}

// Copies a line of results from L1 past the caches; where it does not lie on whole vectors, into them. stream_end() follows.
template <class T>
void stream_line(const T* from, T* to, int64_t count) {
  constexpr size_t step = sizeof(vectors::Vector);
  const size_t bytes = static_cast<size_t>(count) * sizeof(T);
  if (reinterpret_cast<uintptr_t>(to) % step || bytes % step) {
    std::memcpy(to, from, bytes);
    return;
  }
  const float* source = reinterpret_cast<const float*>(from);
  float* target = reinterpret_cast<float*>(to);
  for (size_t i = 0; i < bytes / sizeof(float); i += vectors::lanes) vectors::stream(target + i, vectors::load(source + i));
}

// f(begin, end, to) for lines of [0, count) whose results f writes to `to`: y + begin itself, or where y is `streamed`, L1 on their way.
template <class T, class F>
void each_result_line(T* y, int64_t begin, int64_t end, bool streamed, F&& f) {
  if (!streamed) return f(begin, end, y + begin);
  alignas(64) T line[streamed_line];
  for (; begin < end; begin += streamed_line) {
    const int64_t stop = end - begin < streamed_line ? end : begin + streamed_line;
    f(begin, stop, line);
    stream_line(line, y + begin, stop - begin);
  }
  vectors::stream_end();
}

}  // namespace duel
