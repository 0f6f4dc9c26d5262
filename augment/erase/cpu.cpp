// Row by row: copied, then the box's part of it filled.
#include <algorithm>
#include <cstring>

#include "augment/erase/erase.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const EraseProblem& p) { return is_floating(p.dtype); }

void run(const EraseProblem& p, const EraseBoxes::Args& a, Scratch, Stream) {
  if (p.count() == 0) return;
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t row = int64_t{p.w} * p.c;
    parallel_chunks(int64_t{p.n} * p.h, std::max<int64_t>(1, chunk_elements / row), [&](int64_t at, int64_t end, int64_t) {
      for (; at < end; ++at) {
        const int32_t* box = static_cast<const int32_t*>(a.box) + at / p.h * 4;
        T* y = static_cast<T*>(a.y) + at * row;
        std::memcpy(y, static_cast<const T*>(a.x) + at * row, static_cast<size_t>(row) * sizeof(T));
        const int h = static_cast<int>(at % p.h), left = std::clamp(box[1], 0, p.w), right = std::clamp(box[3], left, p.w);
        if (h >= box[0] && h < box[2]) std::fill(y + int64_t{left} * p.c, y + int64_t{right} * p.c, static_cast<T>(p.value));
      }
    });
  });
}

KERNEL_VARIANT(EraseBoxes, openmp, 10, supports, no_scratch, run);

}  // namespace
}  // namespace duel
