// The page of a GAN run, from its records.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/support/gan_settings.h"
#include "apps/support/report.h"
#include "models/gan_step.h"

namespace duel {

nlohmann::ordered_json values_of(const GanReport& report);  // for a record of metrics.jsonl

// `records` as in metrics.jsonl. The caller adds interpolation and checks.
Page gan_page(const GanSettings& settings, const std::string& device, int64_t step, const std::vector<nlohmann::ordered_json>& records,
              std::vector<Frame> frames);

}  // namespace duel
