// transpose, rung 1: one thread an element of y, so writes are contiguous and reads lie a row of x apart: a sector is fetched for each
// element. Bounded by those sectors, unless they survive in cache until the neighbouring columns are wanted.
#include "kernels/launch.h"
#include "kernels/layout/layout.h"
#include "kernels/layout/word.h"

namespace duel {
namespace {

bool supports(const TransposeProblem&) { return true; }

template <class W>
__global__ void transpose_naive(TransposeProblem p, const W* x, W* y) {
  const int64_t count = p.batch * p.rows * p.cols;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t r = i % p.rows, c = i / p.rows % p.cols, b = i / p.rows / p.cols;
    y[i] = x[(b * p.rows + r) * p.cols + c];
  }
}

void run(const TransposeProblem& p, const Transpose::Args& a, Scratch, Stream stream) {
  with_word(p.dtype, [&](auto tag) {
    using W = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.batch * p.rows * p.cols, 256), .block = 256}, stream, transpose_naive<W>, p, static_cast<const W*>(a.x),
           static_cast<W*>(a.y));
  });
}

KERNEL_VARIANT(Transpose, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
