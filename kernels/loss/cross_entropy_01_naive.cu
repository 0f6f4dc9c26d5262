// cross_entropy, rung 1: one block of 128 threads a row, which reads it twice: for the maximum and for the sum.
// Bounded by latency where rows are short: ten classes leave 118 threads idle.
#include "kernels/launch.h"
#include "kernels/loss/loss.h"
#include "kernels/pointwise/math.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

constexpr int threads = 128;

bool supports(const CrossEntropyProblem& p) { return is_floating(p.dtype); }

template <class A>
struct Shared {
  A partial[32];
};

template <class T>
__global__ void cross_entropy_naive(CrossEntropyProblem p, const T* logits, const int32_t* labels, accumulator_t<T>* loss) {
  using A = accumulator_t<T>;
  A* partial = shared_storage<Shared<A>>().partial;
  for (int64_t row = blockIdx.x; row < p.rows; row += gridDim.x) {
    const T* x = logits + row * p.cols;
    A largest = -static_cast<A>(INFINITY), sum = 0;
    for (int j = threadIdx.x; j < p.cols; j += threads) largest = Max{}(static_cast<A>(x[j]), largest);
    largest = block_max(largest, partial);
    for (int j = threadIdx.x; j < p.cols; j += threads) sum += math::exp(static_cast<A>(x[j]) - largest);
    sum = block_sum(sum, partial);
    if (threadIdx.x == 0) {
      const int label = labels[row];
      loss[row] = label >= 0 && label < p.cols ? math::log(sum) - (static_cast<A>(x[label]) - largest) : static_cast<A>(NAN);
    }
  }
}

void run(const CrossEntropyProblem& p, const CrossEntropy::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    launch({.grid = stride_blocks(p.rows, 1), .block = threads, .shared_bytes = sizeof(Shared<A>)}, stream, cross_entropy_naive<T>, p,
           static_cast<const T*>(a.logits), static_cast<const int32_t*>(a.labels), static_cast<A*>(a.loss));
  });
}

KERNEL_VARIANT(CrossEntropy, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
