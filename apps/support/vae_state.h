// Everything a VAE's run must remember to go on bit for bit.
#pragma once
#include "apps/support/checkpoint.h"
#include "apps/support/vae_settings.h"
#include "engine/data/dataset.h"

namespace duel {

struct VaeState {
  VaeSettings settings;
  std::vector<std::string> classes;  // their names
  Vae net;
  Optimizer optimizer;
  Tensor step_on_device, sums;      // i32[1]; f32 [VaeReport::size], of the steps since the last look at the test images
  int64_t step = 0, seen_at = 0;    // steps done; and done at that look
  int64_t epoch = 0, position = 0;  // of the Shuffler
  uint64_t data_fingerprint = 0;    // of the training images

  // settings.channels known; weights from settings.seed.
  VaeState(const VaeSettings& settings, const Dataset& train, Device device);
  // Atomic. Throws Error(data) when the file cannot be written, and Error(numeric), leaving the earlier file, when a tensor is not finite.
  void save(const std::string& path);
  // Throws Error(data) when the file is damaged or another net's; Error(usage) when what would compute now (device, rows, threads) is not
  // what computed then.
  void load(const std::string& path);
  void note_rows() { computing_with_.note_rows(); }

 private:
  ComputingWith computing_with_;
  void each(const TensorVisit& f);
};

// Only the net, for looking at it, on any device and with any rows.
struct TrainedVae {
  VaeSettings settings;
  std::vector<std::string> classes;
  Vae net;
  int64_t step = 0;
  TrainedVae(const std::string& path, Device device);
};

}  // namespace duel
