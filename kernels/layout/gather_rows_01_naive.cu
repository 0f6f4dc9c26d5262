// gather_rows, rung 1: one thread an element of y. Bounded by memory; every thread of a row reads the same index, from cache.
#include "kernels/launch.h"
#include "kernels/layout/layout.h"
#include "kernels/layout/word.h"

namespace duel {
namespace {

bool supports(const GatherRowsProblem&) { return true; }

template <class W>
__global__ void gather_naive(GatherRowsProblem p, const W* table, const int32_t* index, W* y) {
  const int64_t count = p.count * p.cols;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x)
    y[i] = table[int64_t{index[i / p.cols]} * p.cols + i % p.cols];
}

void run(const GatherRowsProblem& p, const GatherRows::Args& a, Scratch, Stream stream) {
  with_word(p.dtype, [&](auto tag) {
    using W = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.count * p.cols, 256), .block = 256}, stream, gather_naive<W>, p, static_cast<const W*>(a.table),
           static_cast<const int32_t*>(a.index), static_cast<W*>(a.y));
  });
}

KERNEL_VARIANT(GatherRows, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
