// scatter_add_rows, rung 1: one thread an element of y, which looks through all indices in order and adds the rows that are its own.
// No atomics, so the order of addition is fixed. Bounded by reading the indices once a row of the table: fine for a table of classes.
#include "kernels/launch.h"
#include "kernels/layout/layout.h"
#include "kernels/layout/word.h"

namespace duel {
namespace {

bool supports(const GatherRowsProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void scatter_naive(GatherRowsProblem p, const T* g, const int32_t* index, accumulator_t<T>* y) {
  const int64_t count = p.rows * p.cols;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t row = i / p.cols, c = i % p.cols;
    accumulator_t<T> sum = 0;
    for (int64_t k = 0; k < p.count; ++k)
      if (index[k] == row) sum += static_cast<accumulator_t<T>>(g[k * p.cols + c]);
    y[i] = sum;
  }
}

void run(const GatherRowsProblem& p, const ScatterAddRows::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.rows * p.cols, 256), .block = 256}, stream, scatter_naive<T>, p, static_cast<const T*>(a.g),
           static_cast<const int32_t*>(a.index), static_cast<accumulator_t<T>*>(a.y));
  });
}

KERNEL_VARIANT(ScatterAddRows, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
