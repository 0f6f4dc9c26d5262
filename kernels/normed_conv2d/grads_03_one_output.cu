// normed_conv2d_grads of D's last layer: both gradients in one pass over x (one_output_grads.h). Bounded by memory.
#include "kernels/normed_conv2d/one_output_grads.h"

namespace duel {
namespace {

using namespace one_output;

bool supports(const NormedConv2dProblem& p) { return supports_grads(p) && !p.input_only && blocks_across(p.conv) <= most_tickets; }
size_t scratch_bytes(const NormedConv2dProblem& p) {
  const int parts = parts_of(p.conv).count;
  return parts == 1 ? 0 : sizeof(float) * static_cast<size_t>(parts) * static_cast<size_t>(p.conv.w_count());
}

void run(const NormedConv2dProblem& p, const NormedConv2dGrads::Args& a, Scratch scratch, Stream stream) {
  launch_grads(p, a, a.w, a.gx, a.tickets, parts_of(p.conv), scratch, stream);
}

KERNEL_VARIANT(NormedConv2dGrads, one_output, 3, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
