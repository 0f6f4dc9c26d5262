// PyTorch's ways to run one step, each a process of its own, in turns with ours: eager, compiled, captured as a CUDA graph; in two layouts.
#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/peer.h"
#include "bench/step_models.h"
#include "kernels/device.h"

namespace duel::bench {

constexpr const char* torch_forms[] = {"eager", "compiled", "reduce-overhead", "graph"};

struct TorchOptions {
  std::string python;              // Peer::python_with_torch()
  std::string model, precision;    // f32, tf32 or bf16
  std::vector<std::string> forms;  // of torch_forms; empty: eager, and on a GPU all of them
  StepOptions step;
  std::string weights;  // StepModel::weights
  Device device = Device::cpu;
};

class TorchPeers {
 public:
  struct Form {
    std::string name;  // "PyTorch 2.15.0, eager, channels_last"
    std::unique_ptr<Peer> peer;
    std::vector<double> seconds;  // of a step, a value a round
    std::string why_not;          // it was not timed to the end: the first line of the reason
    int steps = 0;                // a round
  };
  // Starts them one after the other, since what compiles or chooses by time should not be disturbed. What does not start is kept with its
  // reason.
  explicit TorchPeers(const TorchOptions& options);

  void plan(double seconds);    // of a round
  void round();                 // each that still runs
  const Form* fastest() const;  // nullptr: none ran to the end
  const std::vector<Form>& forms() const { return forms_; }
  std::string failures() const;  // "name: reason; name: reason"

 private:
  template <class F>
  void attempt(Form& form, F&& f);
  std::vector<Form> forms_;
};

}  // namespace duel::bench
