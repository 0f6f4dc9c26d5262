// adam_step, rung 2: the same launch over all tensors, but 16 bytes a thread and access where a tensor's pointers are aligned to that.
// Bounded by memory: four reads and three writes an element, each in a request of 16 bytes.
#include "kernels/optimizer/packs.h"

namespace duel {
namespace {

bool supports(const OptimizerProblem& p) { return p.total > 0; }
constexpr auto run = run_step<AdamRule, ByPacks>;

KERNEL_VARIANT(AdamStep, packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
