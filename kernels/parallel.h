// Loops over the CPU's cores whose result does not depend on how many there are: the work is cut into chunks of a fixed size, and what is
// added up is added chunk by chunk, in order.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace duel {

constexpr int64_t chunk_elements = 16384;  // 64 KiB of f32: inside L2, and long enough to hide the cost of a parallel region

constexpr int64_t chunks_of(int64_t count, int64_t chunk = chunk_elements) { return (count + chunk - 1) / chunk; }

// f(begin, end, chunk) for each chunk of [0, count).
template <class F>
void parallel_chunks(int64_t count, int64_t chunk, F&& f) {
  const int64_t chunks = chunks_of(count, chunk);
  if (chunks == 1) {
    f(int64_t{0}, count, int64_t{0});
    return;
  }
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < chunks; ++i) f(i * chunk, std::min(count, (i + 1) * chunk), i);
}
template <class F>
void parallel_chunks(int64_t count, F&& f) {
  parallel_chunks(count, chunk_elements, f);
}

}  // namespace duel
