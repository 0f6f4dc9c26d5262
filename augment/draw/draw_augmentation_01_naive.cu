// draw_augmentation, rung 1: one thread a sample. A batch is a few hundred samples, so the launch is what it costs.
#include "augment/draw/draw_op.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const AugmentProblem& p) { return !why_not_linear(p.recipe); }

__global__ void draw_samples(AugmentProblem p, DrawAugmentation::Args a) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < p.n) draw_sample(p, a, i);
}

void run(const AugmentProblem& p, const DrawAugmentation::Args& a, Scratch, Stream stream) {
  if (p.n) launch({.grid = blocks_for(p.n, 32), .block = 32}, stream, draw_samples, p, a);
}

KERNEL_VARIANT(DrawAugmentation, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
