// Everything a GAN run must remember to go on bit for bit: both nets, both optimisers, and where it was in its data and its noise.
#pragma once
#include "apps/support/checkpoint.h"
#include "apps/support/gan_settings.h"
#include "models/gan_step.h"

namespace duel {

struct GanState {
  GanSettings settings;
  Device device;
  DcganGenerator g;
  DcganDiscriminator d;
  Optimizer opt_g, opt_d;
  Tensor step_on_device;            // i32[1]
  int64_t step = 0;                 // steps done
  int64_t epoch = 0, position = 0;  // of the Shuffler
  uint64_t data_fingerprint = 0;    // of the training images

  GanState(const GanSettings& settings, Device device, uint64_t data_fingerprint);  // settings.channels known; weights from settings.seed
  // Atomic. Throws Error(data) when the file cannot be written, and Error(numeric), leaving the earlier file, when a tensor is not finite.
  void save(const std::string& path);
  // Throws Error(data) when the file is damaged or another net's; Error(usage) when what would compute now (device, rows, threads) is not
  // what computed then.
  void load(const std::string& path);
  // After the first step: notes the rows it ran. Throws Error(usage) when they are not those that the loaded run was computed with.
  void note_rows() { computing_with_.note_rows(); }

 private:
  ComputingWith computing_with_;
  void each(const TensorVisit& f);
};

// Only the generator and the settings, for sampling, on any device and with any rows.
struct GanSampler {
  GanSettings settings;
  DcganGenerator g;
  int64_t step = 0;
  GanSampler(const std::string& path, Device device);
};

}  // namespace duel
