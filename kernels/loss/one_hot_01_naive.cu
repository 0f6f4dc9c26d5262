// one_hot, rung 1: one thread an element of y. Bounded by memory and the division that finds the row.
#include "kernels/launch.h"
#include "kernels/loss/loss.h"

namespace duel {
namespace {

bool supports(const OneHotProblem& p) { return is_floating(p.dtype); }

template <class T>
__global__ void one_hot_naive(OneHotProblem p, const int32_t* labels, T* y) {
  const int64_t count = p.count();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int label = labels[i / p.cols];
    const bool valid = label >= 0 && label < p.cols;
    y[i] = static_cast<T>(!valid ? NAN : i % p.cols == label ? 1.0f : 0.0f);
  }
}

void run(const OneHotProblem& p, const OneHot::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, one_hot_naive<T>, p, static_cast<const int32_t*>(a.labels),
           static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(OneHot, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
