// What the oneDNN rows of convolution tell a bench and a test. Exported by the library of CPU rows.
#pragma once
#include <functional>
#include <string>

#include "kernels/conv2d/conv2d.h"

namespace duel {

// The name oneDNN gives the code it will run for `op` ("conv2d_fwd", "conv2d_dgrad", "conv2d_wgrad") in the row `onednn` (NHWC activations)
// or, with any_layout, `onednn_any`. Empty: the row does not support the problem, or this build has no oneDNN.
std::string onednn_implementation(const std::string& op, const Conv2dProblem& problem, bool any_layout = false);

// The peer as it would like to be timed: oneDNN with the layout of its own choosing for all three tensors, conversions left out. `buffers`
// are in the order of the op's buffers() and in our layout. The inputs are converted when it is prepared, into memory of its own.
struct OnednnAny {
  std::function<void()> execute;      // the primitive alone: this is what to time
  std::function<void()> convert_out;  // its latest result, in our layout, to buffers[2]: this is what to verify
  explicit operator bool() const { return static_cast<bool>(execute); }  // false: not supported, or this build has no oneDNN
};
OnednnAny prepare_onednn_any(const std::string& op, const Conv2dProblem& problem, void* const* buffers);

}  // namespace duel
