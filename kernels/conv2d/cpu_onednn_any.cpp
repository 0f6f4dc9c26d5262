// Baseline: oneDNN with the layout of its own choosing for all three tensors, converted on the way in and out so that it can be verified.
// A unit of measurement, never picked. Its prepared form is the execution alone, without the conversions: that is what benches time.
#include "kernels/conv2d/onednn_any.h"

#include <cstring>

#include "kernels/conv2d/onednn_conv.h"
#include "kernels/prepared.h"
#include "kernels/registry.h"
#ifdef DUEL_ONEDNN

namespace duel {
namespace {

using onednn::ConvOp;
using onednn::Layout;

template <ConvOp op>
bool supports(const Conv2dProblem& d) {
  return onednn::conv_plan(op, d, Layout::any) != nullptr;
}
template <ConvOp op>
size_t scratch(const Conv2dProblem& d) {
  return onednn::conv_plan(op, d, Layout::any)->scratch_bytes();
}

void run_fwd(const Conv2dProblem& d, const Conv2dFwd::Args& a, Scratch scratch, Stream) {
  onednn::guarded([&] { onednn::conv_plan(ConvOp::fwd, d, Layout::any)->run(a.x, a.w, a.y, scratch); });
}
void run_dgrad(const Conv2dProblem& d, const Conv2dDgrad::Args& a, Scratch scratch, Stream) {
  onednn::guarded([&] { onednn::conv_plan(ConvOp::dgrad, d, Layout::any)->run(a.gy, a.w, a.gx, scratch); });
}
void run_wgrad(const Conv2dProblem& d, const Conv2dWgrad::Args& a, Scratch scratch, Stream) {
  onednn::guarded([&] { onednn::conv_plan(ConvOp::wgrad, d, Layout::any)->run(a.x, a.gy, a.gw, scratch); });
}

KERNEL_VARIANT(Conv2dFwd, onednn_any, baseline_rank, supports<ConvOp::fwd>, scratch<ConvOp::fwd>, run_fwd, Sums::by_threads);
KERNEL_VARIANT(Conv2dDgrad, onednn_any, baseline_rank, supports<ConvOp::dgrad>, scratch<ConvOp::dgrad>, run_dgrad, Sums::by_threads);
KERNEL_VARIANT(Conv2dWgrad, onednn_any, baseline_rank, supports<ConvOp::wgrad>, scratch<ConvOp::wgrad>, run_wgrad, Sums::by_threads);

template <class Op>
PreparedCall prepare(const Conv2dProblem& d, const typename Op::Args& a, Stream) {
  void* buffers[sizeof a / sizeof(void*)];  // Args is its pointers, in the order of buffers(); the three tensors come first
  std::memcpy(buffers, &a, sizeof a);
  return prepare_onednn_any(Op::name, d, buffers).execute;
}

const PreparedRow<Conv2dFwd, prepare<Conv2dFwd>> prepared_fwd("onednn_any");
const PreparedRow<Conv2dDgrad, prepare<Conv2dDgrad>> prepared_dgrad("onednn_any");
const PreparedRow<Conv2dWgrad, prepare<Conv2dWgrad>> prepared_wgrad("onednn_any");

}  // namespace
}  // namespace duel
#endif
