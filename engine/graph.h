// A training step as one CUDA graph: recorded once, then played again with a single launch. Elsewhere the step is a plain call.
//
// A step that can be recorded reads its inputs from tensors that stay where they are (assign() new batches into them), takes its random
// numbers from a step counter on the device, writes what it reports into tensors that outlive it, and copies nothing to or from the host:
// no op and no derivative of one does.
#pragma once
#include <functional>

#include "kernels/device.h"

namespace duel {

class StepGraph {
 public:
  StepGraph(Device device, std::function<void()> step);
  ~StepGraph();
  StepGraph(const StepGraph&) = delete;
  void operator()();  // first call plain (libraries set themselves up), second recorded, all later ones played
  bool recorded() const { return graph_ != nullptr; }
  static bool recording();  // this thread, now: what is launched is noted instead of run

 private:
  Device device_;
  std::function<void()> step_;
  int calls_ = 0;
  void* graph_ = nullptr;
};

}  // namespace duel
