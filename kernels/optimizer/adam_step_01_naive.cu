// adam_step, rung 1: every tensor of the net in one launch (48 a launch), one element a thread at a time.
// Bounded by memory: four reads and three writes an element, in requests of four bytes.
#include "kernels/optimizer/multi_tensor.h"

namespace duel {
namespace {

bool supports(const OptimizerProblem& p) { return p.total > 0; }

constexpr auto run = run_step<AdamRule, ByElements>;

KERNEL_VARIANT(AdamStep, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
