// The records of a run (record_file.h), for whoever only looks.
#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

namespace duel {

// Those of steps ≤ step; what is no record, a line torn by a kill included, is passed over. Empty where there is no such file. Throws
// Failure::data when it cannot be read.
std::vector<nlohmann::ordered_json> read_records(const std::filesystem::path& path, int64_t step = std::numeric_limits<int64_t>::max());

}  // namespace duel
