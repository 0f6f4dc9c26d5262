// Tables as text, RFC 4180: fields with commas, quotes or line ends stand in quotes.
#pragma once
#include <string>
#include <vector>

namespace duel {

std::string csv_line(const std::vector<std::string>& fields);  // with its line end
// Throws Error(data) naming the line: a quote that is not closed, or text behind a closed one.
std::vector<std::vector<std::string>> read_csv(const std::string& path);

}  // namespace duel
