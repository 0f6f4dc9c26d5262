// The page of a VAE's run, from its records and its pictures.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/support/report/report.h"
#include "apps/support/vae/elbo.h"
#include "apps/support/vae/settings.h"

namespace duel {

// For a record of metrics.jsonl: means of the training steps since the look before, and of the test images now.
nlohmann::ordered_json values_of(const std::vector<double>& training, const Elbo& test, double beta);

// Frames are samples, or reconstructions of a plain autoencoder. The caller adds its pictures.
Page vae_page(const VaeSettings& settings, const std::string& device, int64_t step, const std::vector<nlohmann::ordered_json>& records,
              const Elbo& test, std::vector<Frame> frames);

}  // namespace duel
