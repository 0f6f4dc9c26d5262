// increment, rung 1: one thread a counter. Bounded by the launch.
#include "kernels/launch.h"
#include "kernels/optimizer/optimizer.h"

namespace duel {
namespace {

bool supports(const IncrementProblem&) { return true; }

__global__ void increment_naive(int32_t* counter, int64_t n) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < n) ++counter[i];
}

void run(const IncrementProblem& p, const Increment::Args& a, Scratch, Stream stream) {
  launch({.grid = blocks_for(p.n, 128), .block = 128}, stream, increment_naive, static_cast<int32_t*>(a.counter), p.n);
}

KERNEL_VARIANT(Increment, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
