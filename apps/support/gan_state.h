// Everything a GAN run must remember to go on bit for bit: both nets, both optimisers, and where it was in its data and its noise.
#pragma once
#include "apps/support/gan_settings.h"
#include "apps/support/run_state.h"
#include "models/gan_step.h"

namespace duel {

struct GanState : RunState<GanSettings> {
  Device device;
  DcganGenerator g;
  DcganDiscriminator d;
  Optimizer opt_g, opt_d;

  GanState(const GanSettings& settings, Device device, uint64_t data_fingerprint);  // settings.channels known; weights from settings.seed
  void save(const std::string& path) override;
  void load(const std::string& path) override;

 private:
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
