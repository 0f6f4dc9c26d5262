#include "apps/support/run/events.h"

#include <fmt/format.h>

#include <chrono>

#include "kernels/error.h"

namespace duel {
namespace {

using Json = nlohmann::ordered_json;

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

void say(tensorboard::Summary& summary, const std::string& tag, const Json& value) {
  if (const auto h = histogram_of(value)) return summary.histogram(tag, *h);
  if (value.is_number()) return summary.scalar(tag, value.get<double>());
  if (value.is_object())
    for (const auto& [key, part] : value.items()) say(summary, tag + "/" + key, part);
}

}  // namespace

Json json_of(const Histogram& h) { return {{"low", h.low}, {"high", h.high}, {"counts", h.counts}}; }

std::optional<Histogram> histogram_of(const Json& json) {
  if (!json.is_object() || json.size() != 3 || !json.contains("low") || !json.contains("high") || !json.contains("counts")) return {};
  const Json &low = json["low"], &high = json["high"], &counts = json["counts"];
  if (!low.is_number() || !high.is_number() || !counts.is_array() || counts.empty()) return {};
  for (const Json& n : counts)
    if (!n.is_number_integer()) return {};
  return Histogram{low.get<double>(), high.get<double>(), counts.get<std::vector<int64_t>>()};
}

void RunEvents::rewind(int64_t step) {
  namespace fs = std::filesystem;
  for (const fs::path& path : folder_.event_files()) {
    const auto length = static_cast<uintmax_t>(tensorboard::length_up_to(path.string(), step));
    std::error_code error;
    // One that is left empty stays: a TensorBoard that looks on would take a new file of its name for what it has read already.
    if (length < fs::file_size(path, error) && !error) fs::resize_file(path, length, error);
    if (error) fail(Failure::data, fmt::format("cannot shorten {}: {}", path.string(), error.message()));
  }
  goes_on_from_ = step + 1;
}

void RunEvents::add(const Json& record) {
  tensorboard::Summary summary;
  for (const auto& [key, value] : record.items())
    if (key != "step") say(summary, key, value);
  append(record.at("step").get<int64_t>(), summary);
}

void RunEvents::add(int64_t step, const std::string& tag, const Image& image) {
  tensorboard::Summary summary;
  summary.image(tag, image);
  append(step, summary);
}

void RunEvents::append(int64_t step, const tensorboard::Summary& summary) {
  if (summary.empty()) return;
  if (!file_) {
    file_.emplace(folder_.next_event_file());
    file_->append(tensorboard::beginning(now(), goes_on_from_));
  }
  file_->append(tensorboard::record(now(), step, summary));
}

}  // namespace duel
