// The page of a classifier's run, from its records and its last look at the test images.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/support/classify/settings.h"
#include "apps/support/metrics/scores.h"
#include "apps/support/report/report.h"

namespace duel {

Page classify_page(const ClassifySettings& settings, const std::string& device, int64_t step,
                   const std::vector<nlohmann::ordered_json>& records, const Scores& scores, const std::vector<std::string>& classes);

}  // namespace duel
