// The page of a classifier's run, from its records and its last look at the test images.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/support/classify_settings.h"
#include "apps/support/report.h"
#include "apps/support/scores.h"

namespace duel {

Page classify_page(const ClassifySettings& settings, const std::string& device, int64_t step,
                   const std::vector<nlohmann::ordered_json>& records, const Scores& scores, const std::vector<std::string>& classes);

}  // namespace duel
