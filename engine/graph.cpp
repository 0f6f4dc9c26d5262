#include "engine/graph.h"

#include "kernels/error.h"

namespace duel {
namespace {

thread_local bool recording_now = false;

struct Recording {
  Recording() { recording_now = true; }
  ~Recording() { recording_now = false; }
};

}  // namespace

bool StepGraph::recording() { return recording_now; }

StepGraph::StepGraph(Device device, std::function<void()> step) : device_(device), step_(std::move(step)) {}

StepGraph::~StepGraph() {
  if (graph_) backend(device_).destroy_graph(graph_);
}

void StepGraph::operator()() {
  const DeviceBackend& device = backend(device_);
  ++calls_;
  if (!device.capture_begin || calls_ == 1) {
    step_();
    return;
  }
  if (!graph_) {
    device.capture_begin();
    const Recording recording;
    try {
      step_();
    } catch (...) {  // end the recording, or every later call on this stream fails for a reason that hides the real one
      try {
        if (void* partial = device.capture_end()) device.destroy_graph(partial);
      } catch (const Error&) {  // the recording was invalid already: the first error is the one to tell
      }
      throw;
    }
    graph_ = device.capture_end();
  }
  device.replay(graph_);
}

}  // namespace duel
