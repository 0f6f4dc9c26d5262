#include "apps/support/images/labels_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>

#include "engine/io/bounded_reader.h"
#include "engine/io/file.h"

namespace duel {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t file_limit = uint64_t{64} << 20;

// In the order in which a folder of pictures is read.
std::map<std::string, size_t> pictures_in(const std::string& folder) {
  std::map<std::string, size_t> numbers;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename().string(), extension = entry.path().extension().string();
    for (char& c : extension)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool picture = extension == ".png" || extension == ".jpg" || extension == ".jpeg";
    if (picture && !name.starts_with(".") && !entry.is_directory()) numbers[std::move(name)] = 0;
  }
  size_t count = 0;
  for (auto& [name, number] : numbers) number = count++;
  return numbers;
}

bool is_number(const std::string& text, int64_t& value) {
  const char* end = text.data() + text.size();
  return std::from_chars(text.data(), end, value).ptr == end && !text.empty();
}

// "red, ""dark""" → red, "dark"
std::string unquoted(const std::string& text) {
  std::string plain;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    plain += text[i];
    if (text[i] == '"' && text[i + 1] == '"') ++i;
  }
  return plain;
}

std::vector<std::string> in_order(const std::set<std::string>& labels) {
  std::vector<std::string> names(labels.begin(), labels.end());
  int64_t a = 0, b = 0;
  if (std::all_of(names.begin(), names.end(), [&](const std::string& name) { return is_number(name, a); }))
    std::sort(names.begin(), names.end(),
              [&](const std::string& x, const std::string& y) { return is_number(x, a) && is_number(y, b) && a < b; });
  return names;
}

}  // namespace

bool read_labels_csv(const std::string& folder, Dataset& data) {
  const std::string path = folder + "/labels.csv";
  if (!fs::is_regular_file(path)) return false;
  const std::map<std::string, size_t> pictures = pictures_in(folder);
  if (data.classes.size() != 1 || pictures.size() != static_cast<size_t>(data.n))
    refuse_file(path, "the folder has sub-folders with pictures too; label them one way or the other");
  const std::vector<std::byte> bytes = read_file(path, file_limit);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());

  std::vector<std::string> labels(pictures.size());
  std::set<std::string> distinct;
  size_t line_number = 0;
  for (size_t from = 0; from < text.size();) {
    const size_t end = std::min(text.find('\n', from), text.size());
    std::string line = text.substr(from, end - from);
    from = end + 1, ++line_number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || (line_number == 1 && line == "file,label")) continue;
    const bool quoted = line.ends_with('"') && line.find(",\"") != std::string::npos;  // a label with a comma or a quote in it
    const size_t comma = quoted ? line.find(",\"") : line.rfind(',');
    auto refuse = [&](const std::string& why) { refuse_file(path, fmt::format("line {}: {}", line_number, why)); };
    if (comma == std::string::npos || comma == 0 || comma + 1 == line.size()) refuse("a line is a file name, a comma and a label");
    const auto picture = pictures.find(line.substr(0, comma));
    if (picture == pictures.end()) refuse(fmt::format("there is no picture '{}' in the folder", printable(line.substr(0, comma))));
    std::string& label = labels[picture->second];
    if (!label.empty()) refuse(fmt::format("'{}' has a label already", printable(line.substr(0, comma))));
    label = quoted ? unquoted(line.substr(comma + 1)) : line.substr(comma + 1);
    distinct.insert(label);
  }
  for (const auto& [name, number] : pictures)
    if (labels[number].empty()) refuse_file(path, fmt::format("no label for '{}'; write one for each picture", printable(name)));

  const std::vector<std::string> names = in_order(distinct);
  data.classes.clear();
  for (const std::string& name : names) data.classes.push_back(printable(name, 60));
  for (size_t i = 0; i < labels.size(); ++i)
    data.labels[i] = static_cast<int32_t>(std::find(names.begin(), names.end(), labels[i]) - names.begin());
  return true;
}

}  // namespace duel
