// What every run remembers beside its nets and optimisers to go on bit for bit: where it was in its steps and its data, and what computed.
#pragma once
#include <fmt/format.h>

#include <optional>
#include <string>

#include "apps/support/run/checkpoint.h"
#include "engine/rng.h"

namespace duel {

// What the trainer knows of it.
struct TrainState {
  int64_t step = 0;                 // steps done
  int64_t epoch = 0, position = 0;  // of the Shuffler
  std::optional<double> best;       // the number that checkpoints/best.safetensors was kept for, once there is one

  virtual ~TrainState() = default;
  virtual void save(const std::string& path) = 0;  // as RunState::write() and read()
  virtual void load(const std::string& path) = 0;
  virtual ComputingWith& computing_with() = 0;
};

template <class Settings>
struct RunState : TrainState {
  Settings settings;
  Tensor step_on_device;          // i32[1]
  uint64_t data_fingerprint = 0;  // of the training images

  ComputingWith& computing_with() override { return computing_with_; }

 protected:
  RunState(const Settings& settings, Device device, uint64_t data_fingerprint)
      : settings(settings), step_on_device(step_counter(0, device)), data_fingerprint(data_fingerprint), computing_with_(device) {}

  // each(f) visits every tensor of the run but the step; `more` is what else this kind of run remembers. Atomic. Throws Error(data) when
  // the file cannot be written, and Error(numeric), leaving the earlier file, when a tensor is not finite.
  template <class Each>
  void write(const std::string& path, const char* format, Each&& each, const decltype(SafeTensors::metadata)& more) {
    SafeTensors file;
    const auto add = [&](const std::string& name, Tensor& t) { add_tensor(file, name, t, step, path); };
    each(add), add("step", step_on_device);
    file.metadata = {{"format", format},
                     {"settings", settings.json().dump()},
                     {"computing_with", computing_with_.json().dump()},
                     {"data", fmt::format("{:016x}", data_fingerprint)},
                     {"step", std::to_string(step)},
                     {"epoch", std::to_string(epoch)},
                     {"position", std::to_string(position)}};
    if (best) file.metadata["best"] = fmt::format("{}", *best);
    file.metadata.insert(more.begin(), more.end());
    write_safetensors(path, file);
  }
  // Throws Error(data) when the file is damaged or another net's; Error(usage) when what would compute now (device, rows, threads) is not
  // what computed then.
  template <class Each>
  Checkpoint read(const std::string& path, const char* format, Each&& each) {
    Checkpoint file(path, format, Settings::kind);
    file.check_same_run(settings, data_fingerprint);
    computing_with_.resume(file);
    const auto load = [&](const std::string& name, Tensor& t) { file.load(name, t); };
    each(load), load("step", step_on_device);
    step = file.integer("step"), epoch = file.integer("epoch"), position = file.integer("position");
    best = file.number("best");
    return file;
  }

 private:
  ComputingWith computing_with_;
};

}  // namespace duel
