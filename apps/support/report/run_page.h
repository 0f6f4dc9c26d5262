// What the pages of all runs begin with, and curves from the records of metrics.jsonl.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/support/report/report.h"
#include "models/layer_table.h"

namespace duel {

// Title "<what> on <data>", the step, and the settings with the device at their head.
Page run_page(const std::string& what, const std::string& data, const std::string& device, int64_t step,
              const nlohmann::ordered_json& settings);

Table table_of(const LayerTable& layers);

// The histograms under `key` (run/events.h); a record without one is passed over.
Histograms distribution_of(const std::vector<nlohmann::ordered_json>& records, const char* key, const char* title, const char* note,
                           bool share);

// The numbers under `key`; a record without it leaves a gap.
Curve curve_of(const std::vector<nlohmann::ordered_json>& records, const char* key, const char* name);

// What a SampleJudge (judge/sample_judge.h) recorded of n images of each side; `kept` says what becomes of the best.
std::vector<Series> distances_of(const std::vector<nlohmann::ordered_json>& records, const std::string& extractor, int n,
                                 const std::string& kept);

}  // namespace duel
