// softmax, rung 1: one block of 128 threads a row, which reads it three times: for the maximum, for the sum, for the result.
// Bounded by latency where rows are short (ten classes leave 118 threads idle), by the re-reading where they are long.
#include "kernels/launch.h"
#include "kernels/loss/loss.h"
#include "kernels/pointwise/math.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

constexpr int threads = 128;

bool supports(const SoftmaxProblem& p) { return is_floating(p.dtype); }

template <class A>
struct Shared {
  A partial[32];
};

template <class T>
__global__ void softmax_naive(SoftmaxProblem p, const T* x, T* y) {
  using A = accumulator_t<T>;
  A* partial = shared_storage<Shared<A>>().partial;
  for (int64_t row = blockIdx.x; row < p.rows; row += gridDim.x) {
    const T* from = x + row * p.cols;
    A largest = -static_cast<A>(INFINITY), sum = 0;
    for (int j = threadIdx.x; j < p.cols; j += threads) largest = Max{}(static_cast<A>(from[j]), largest);
    largest = block_max(largest, partial);
    for (int j = threadIdx.x; j < p.cols; j += threads) sum += math::exp(static_cast<A>(from[j]) - largest);
    sum = block_sum(sum, partial);
    const A log_sum = math::log(sum);
    for (int j = threadIdx.x; j < p.cols; j += threads) {
      const A d = static_cast<A>(from[j]) - largest;
      y[row * p.cols + j] = static_cast<T>(p.log ? d - log_sum : math::exp(d) / sum);
    }
  }
}

void run(const SoftmaxProblem& p, const Softmax::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.rows, 1), .block = threads, .shared_bytes = sizeof(Shared<accumulator_t<T>>)}, stream, softmax_naive<T>,
           p, static_cast<const T*>(a.x), static_cast<T*>(a.y));
  });
}

KERNEL_VARIANT(Softmax, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
