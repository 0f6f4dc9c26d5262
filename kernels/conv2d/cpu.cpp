// The fast CPU rows: oneDNN on activations as they lie (NHWC), weights reordered within the row, scratchpads from the row's scratch.
// Bounded by the processor's multiply-adds where channels fill a vector; cpu_cover.cpp, cpu_col2im.cpp and cpu_im2col.cpp have the shapes
// for which that is not so. The bits of wgrad depend on the thread count: oneDNN splits its sums among the threads.
#include <cstdlib>

#include "kernels/conv2d/onednn_any.h"
#include "kernels/conv2d/onednn_conv.h"
#include "kernels/registry.h"

namespace duel {

#ifdef DUEL_ONEDNN
namespace {

using onednn::ConvOp;
using onednn::Layout;

template <ConvOp op>
bool supports(const Conv2dProblem& d) {
  return onednn::conv_plan(op, d, Layout::nhwc) != nullptr;
}
template <ConvOp op>
size_t scratch(const Conv2dProblem& d) {
  return onednn::conv_plan(op, d, Layout::nhwc)->scratch_bytes();
}

void run_fwd(const Conv2dProblem& d, const Conv2dFwd::Args& a, Scratch scratch, Stream) {
  onednn::guarded([&] { onednn::conv_plan(ConvOp::fwd, d, Layout::nhwc)->run(a.x, a.w, a.y, scratch); });
}
void run_dgrad(const Conv2dProblem& d, const Conv2dDgrad::Args& a, Scratch scratch, Stream) {
  onednn::guarded([&] { onednn::conv_plan(ConvOp::dgrad, d, Layout::nhwc)->run(a.gy, a.w, a.gx, scratch); });
}
void run_wgrad(const Conv2dProblem& d, const Conv2dWgrad::Args& a, Scratch scratch, Stream) {
  onednn::guarded([&] { onednn::conv_plan(ConvOp::wgrad, d, Layout::nhwc)->run(a.x, a.gy, a.gw, scratch); });
}

KERNEL_VARIANT(Conv2dFwd, onednn, 2, supports<ConvOp::fwd>, scratch<ConvOp::fwd>, run_fwd, Sums::by_threads);
KERNEL_VARIANT(Conv2dDgrad, onednn, 2, supports<ConvOp::dgrad>, scratch<ConvOp::dgrad>, run_dgrad, Sums::by_threads);
KERNEL_VARIANT(Conv2dWgrad, onednn, 2, supports<ConvOp::wgrad>, scratch<ConvOp::wgrad>, run_wgrad, Sums::by_threads);

ConvOp op_of(const std::string& name) {
  if (name == Conv2dFwd::name) return ConvOp::fwd;
  if (name == Conv2dDgrad::name) return ConvOp::dgrad;
  if (name == Conv2dWgrad::name) return ConvOp::wgrad;
  fail(Failure::usage, "[onednn] no convolution is called " + name + "; there are conv2d_fwd, conv2d_dgrad, conv2d_wgrad");
}

}  // namespace

std::string onednn_implementation(const std::string& op, const Conv2dProblem& d, bool any_layout) {
  const auto plan = onednn::conv_plan(op_of(op), d, any_layout ? Layout::any : Layout::nhwc);
  return plan ? plan->implementation : "";
}

OnednnAny prepare_onednn_any(const std::string& op, const Conv2dProblem& d, void* const* buffers) {
  const auto plan = onednn::conv_plan(op_of(op), d, Layout::any);
  if (!plan) return {};
  std::shared_ptr<void> memory(std::aligned_alloc(onednn::scratch_alignment, onednn::aligned(plan->scratch_bytes() + 1)), std::free);
  if (!memory) fail(Failure::memory, "[" + op + "] no memory for the tensors in oneDNN's own layout");
  onednn::ScratchPieces pieces{static_cast<char*>(memory.get())};
  const auto work = plan->place(pieces);
  const void* inputs[] = {buffers[0], buffers[1]};
  onednn::guarded([&] { plan->convert_in(inputs, work); });
  return {[plan, memory, work, first = inputs[0], second = inputs[1], result = buffers[2]] {
            const void* inputs[] = {first, second};
            onednn::guarded([&] { plan->execute(inputs, result, work); });
          },
          [plan, memory, work, result = buffers[2]] { onednn::guarded([&] { plan->convert_out(result, work); }); }};
}

#else

std::string onednn_implementation(const std::string&, const Conv2dProblem&, bool) { return ""; }
OnednnAny prepare_onednn_any(const std::string&, const Conv2dProblem&, void* const*) { return {}; }

#endif

}  // namespace duel
