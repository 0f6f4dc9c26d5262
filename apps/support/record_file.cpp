#include "apps/support/record_file.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>

#include <fstream>
#include <string>

#include "engine/io/atomic_file.h"
#include "kernels/error.h"

namespace duel {

using Json = nlohmann::ordered_json;

void RecordFile::append(const Json& record) {
  if (!record.is_object() || !record.contains("step") || !record["step"].is_number_integer())
    fail(Failure::internal, "[metrics] a record needs an integer \"step\": " + record.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!file_) open();
  file_->append(record.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::vector<Json> RecordFile::rewind(int64_t step) {
  std::ifstream file(path_, std::ios::binary);
  std::vector<Json> kept;
  std::string text;
  for (std::string line; std::getline(file, line);) {
    if (file.eof()) break;  // no line end: torn by a kill
    Json record = Json::parse(line, nullptr, false);
    if (!record.is_object() || !record.contains("step") || !record["step"].is_number_integer() || record["step"].get<int64_t>() > step)
      continue;
    text += line + "\n";
    kept.push_back(std::move(record));
  }
  if (file.bad()) fail(Failure::data, fmt::format("cannot read {}: {}; restore it or start a fresh run", path_.string(), strerror(EIO)));
  write_file_atomic(path_.string(), text);
  open();  // the name stands for a new file now
  return kept;
}

}  // namespace duel
