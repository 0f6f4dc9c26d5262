#include "apps/support/command/csv.h"

#include "engine/io/bounded_reader.h"

namespace duel {

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i) line += ',';
    if (fields[i].find_first_of(",\"\r\n") == std::string::npos) {
      line += fields[i];
      continue;
    }
    line += '"';
    for (const char c : fields[i]) line += c == '"' ? "\"\"" : std::string(1, c);
    line += '"';
  }
  return line + "\n";
}

std::vector<std::vector<std::string>> read_csv(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path, uint64_t{1} << 30);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<std::vector<std::string>> rows;
  size_t at = 0, line = 1;
  const auto refuse = [&](const char* why) { refuse_file(path, fmt::format("line {}: {}", line, why)); };
  while (at < text.size()) {
    std::vector<std::string>& row = rows.emplace_back(1);
    for (bool ended = false; !ended;) {
      if (at < text.size() && text[at] == '"' && row.back().empty()) {
        for (++at;; ++at) {
          if (at >= text.size()) refuse("a quote that is not closed");
          if (text[at] == '"' && (at + 1 >= text.size() || text[at + 1] != '"')) break;
          if (text[at] == '"') ++at;
          line += text[at] == '\n';
          row.back() += text[at];
        }
        ++at;
        if (at < text.size() && text[at] != ',' && text[at] != '\n' && text[at] != '\r') refuse("text behind a closed quote");
      }
      while (at < text.size() && text[at] != ',' && text[at] != '\n') {
        if (text[at] != '\r') row.back() += text[at];
        ++at;
      }
      ended = at >= text.size() || text[at] == '\n';
      if (!ended) row.emplace_back();
      ++at;
    }
    if (row.size() == 1 && row[0].empty()) rows.pop_back();  // an empty line
    ++line;
  }
  return rows;
}

}  // namespace duel
