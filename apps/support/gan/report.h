// What a GAN run says about itself while it trains: the progress line, metrics.jsonl, the page.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/support/command/progress.h"
#include "apps/support/gan/settings.h"
#include "apps/support/report/report.h"

namespace duel {

// A loss whose D makes probabilities shows those; another shows what D says as it is.
std::vector<Reading> readings_of(const GanSettings& settings, const GanReport& report);

nlohmann::ordered_json values_of(const GanReport& report);  // as a record of metrics.jsonl

// How what D says is spread over real images, the first half of `said`, and over generated ones: "said_real" and "said_fake". Probabilities
// where the loss makes it a logit, else as it is, both over one range.
nlohmann::ordered_json histograms_of(const GanSettings& settings, std::vector<double> said);

// `records` as in metrics.jsonl. The caller adds interpolation and checks where it has them.
Page gan_page(const GanSettings& settings, const std::string& device, int64_t step, const std::vector<nlohmann::ordered_json>& records,
              std::vector<Frame> frames);

}  // namespace duel
