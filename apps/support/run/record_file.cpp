#include "apps/support/run/record_file.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>

#include <fstream>
#include <string>

#include "apps/support/run/read_records.h"
#include "engine/io/atomic_file.h"
#include "kernels/error.h"

namespace duel {

using Json = nlohmann::ordered_json;

namespace {
std::string line_of(const Json& record) { return record.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }
}  // namespace

void RecordFile::append(const Json& record) {
  if (!record.is_object() || !record.contains("step") || !record["step"].is_number_integer())
    fail(Failure::internal, "[metrics] a record needs an integer \"step\": " + line_of(record));
  if (!file_) open();
  file_->append(line_of(record));
}

std::vector<Json> RecordFile::rewind(int64_t step) {
  std::vector<Json> kept = read_records(path_, step);
  std::string text;
  for (const Json& record : kept) text += line_of(record);
  write_file_atomic(path_.string(), text);
  open();  // the name stands for a new file now
  return kept;
}

std::vector<Json> read_records(const std::filesystem::path& path, int64_t step) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::vector<Json> kept;
  const auto refuse = [&](int why) {
    fail(Failure::data, fmt::format("cannot read {}: {}; restore it or start a fresh run", path.string(), strerror(why)));
  };
  if (!file.is_open() && errno != ENOENT) refuse(errno);
  for (std::string line; std::getline(file, line);) {
    if (file.eof()) break;  // no line end: torn by a kill
    Json record = Json::parse(line, nullptr, false);
    if (!record.is_object() || !record.contains("step") || !record["step"].is_number_integer() || record["step"].get<int64_t>() > step)
      continue;
    kept.push_back(std::move(record));
  }
  if (file.bad()) refuse(EIO);
  return kept;
}

}  // namespace duel
