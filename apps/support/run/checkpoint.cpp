#include "apps/support/run/checkpoint.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <iterator>

#include "engine/io/file.h"
#include "kernels/registry.h"

namespace duel {

std::string format_of(const std::string& file) {
  const SafeTensors content = read_safetensors(file);
  const auto it = content.metadata.find("format");
  return it == content.metadata.end() ? "" : it->second;
}

bool is_generator(const std::string& format) { return format == gan_format || format == vae_format; }
namespace {

bool finite(const HostTensor& t) {
  auto all = [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* values = reinterpret_cast<const T*>(t.bytes.data());
    return std::all_of(values, values + t.bytes.size() / sizeof(T), [](T v) { return std::isfinite(static_cast<float>(v)); });
  };
  bool right = true;
  if (is_floating(t.dtype)) with_floating(t.dtype, [&](auto tag) { right = all(tag); });
  return right;
}

nlohmann::ordered_json device_and_threads(Device device) {
  nlohmann::ordered_json json;
  json["device"] = fmt::format("{}: {}", name_of(device), backend(device).description());
  json["threads"] = omp_get_max_threads();
  return json;
}

}  // namespace

void add_tensor(SafeTensors& file, const std::string& name, const Tensor& t, int64_t step, const std::string& path) {
  HostTensor host{t.dtype(), t.shape().dims(), std::vector<std::byte>(t.bytes())};
  t.copy_out(host.bytes.data());
  if (!finite(host))
    fail(Failure::numeric, fmt::format("step {}: {} holds NaN or Inf, so {} is left as it was; try a smaller --lr", step, name, path));
  file.tensors.emplace_back(name, std::move(host));
}

Checkpoint::Checkpoint(const std::string& path, const std::string& format, const std::string& kind)
    : Checkpoint(path, format, kind, read_file(path, INT64_MAX)) {}

Checkpoint::Checkpoint(const std::string& path, const std::string& format, const std::string& kind, const std::vector<std::byte>& bytes)
    : origin_{path, fmt::format("{:016x}", static_cast<uint64_t>(XXH3_64bits(bytes.data(), bytes.size())))},
      kind_(kind),
      file_(parse_safetensors(bytes, path)) {
  if (entry("format") != format) fail(Failure::data, fmt::format("{}: not a checkpoint of {}", path, kind));
}

std::string Checkpoint::entry(const std::string& key) const {
  auto it = file_.metadata.find(key);
  if (it == file_.metadata.end())
    fail(Failure::data, fmt::format("{}: no \"{}\" in its metadata; this is not a checkpoint of {}", origin_.file, key, kind_));
  return it->second;
}

nlohmann::ordered_json Checkpoint::json(const std::string& key) const {
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(entry(key), nullptr, false);
  if (json.is_discarded() || !json.is_object())
    fail(Failure::data, fmt::format("{}: \"{}\" in its metadata is damaged", origin_.file, key));
  return json;
}

int64_t Checkpoint::integer(const std::string& key) const {
  const std::string text = entry(key);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0)
    fail(Failure::data, fmt::format("{}: \"{}\" in its metadata is not a count", origin_.file, key));
  return value;
}

std::optional<double> Checkpoint::number(const std::string& key) const {
  if (!file_.metadata.contains(key)) return {};
  const std::string text = entry(key);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    fail(Failure::data, fmt::format("{}: \"{}\" in its metadata is not a number", origin_.file, key));
  return value;
}

void Checkpoint::check_judged_by(const std::string& hash, const std::string& name) const {
  const std::string before = file_.metadata.contains("judged_by") ? entry("judged_by") : "";  // VAEs were not judged at first
  if (before == hash) return;
  fail(Failure::usage, fmt::format("--extractor {}: it is not the classifier any more that judged this run before (then {}, now {}), and "
                                   "distances by two do not compare; put it back",
                                   name, before, hash));
}

void Checkpoint::load(const std::string& name, Tensor& t) const {
  const HostTensor* host = file_.find(name);
  if (!host) fail(Failure::data, fmt::format("{}: has no tensor {}; it is the checkpoint of another net", origin_.file, name));
  if (host->dtype != t.dtype() || Shape(host->shape) != t.shape())
    fail(Failure::data, fmt::format("{}: {} is {}{}, but this net wants {}{}; it is the checkpoint of another net", origin_.file, name,
                                    name_of(host->dtype), Shape(host->shape).text(), name_of(t.dtype()), t.shape().text()));
  t.assign(host->bytes.data());
}

std::pair<int, int> Checkpoint::image_size(std::vector<std::string>& classes) const {
  const nlohmann::ordered_json network = json("network");
  int h = 0, w = 0;
  try {
    network.at("h").get_to(h), network.at("w").get_to(w), network.at("classes").get_to(classes);
  } catch (const nlohmann::json::exception&) {
    fail(Failure::data, fmt::format("{}: \"network\" in its metadata is damaged", origin_.file));
  }
  return {h, w};
}

int Checkpoint::margin() const {
  std::vector<std::string> classes;
  const auto [h, w] = image_size(classes);
  const nlohmann::ordered_json network = json("network"), margin = network.value("margin", nlohmann::ordered_json(0));
  const int64_t value = margin.is_number_integer() ? margin.get<int64_t>() : -1;
  if (value < 0 || value >= (std::min(h, w) + 1) / 2)
    fail(Failure::data, fmt::format("{}: \"network\" in its metadata is damaged", origin_.file));
  return static_cast<int>(value);
}

nlohmann::ordered_json network_json(int h, int w, const std::vector<std::string>& classes, int margin) {
  nlohmann::ordered_json json{{"h", h}, {"w", w}, {"classes", classes}};
  if (margin) json["margin"] = margin;
  return json;
}

std::string checkpoint_path(const std::string& path, const std::string& name) {
  namespace fs = std::filesystem;
  if (name != "last" && name != "best") fail(Failure::usage, fmt::format("--which {}: last or best", name));
  if (fs::is_regular_file(path)) return path;
  const fs::path file = fs::path(path) / "checkpoints" / (name + ".safetensors");
  if (name == "best" && !fs::is_regular_file(file) && fs::is_regular_file(file.parent_path() / "last.safetensors"))
    fail(Failure::data,
         fmt::format("{}: this run kept no best checkpoint, only the last (a GAN's keeps one where --extractor judges it)", path));
  if (!fs::is_regular_file(file))
    fail(Failure::data, fmt::format("{}: neither a checkpoint nor a run folder with checkpoints/{}.safetensors", path, name));
  return file.string();
}

nlohmann::ordered_json ComputingWith::json() const {
  nlohmann::ordered_json json = device_and_threads(device_);
  json["rows"] = rows_;
  if (tuner_) json["tuned"] = {{"baselines", baselines_}, {"rows", tuner_->table()}};
  return json;
}

void ComputingWith::resume(const Checkpoint& from) {
  const nlohmann::ordered_json then = from.json("computing_with");
  if (then.contains("threads") && then["threads"].is_number_integer()) omp_set_num_threads(std::clamp(then["threads"].get<int>(), 1, 1024));
  const nlohmann::ordered_json now = device_and_threads(device_);
  for (const auto& [what, value] : now.items())
    if (then.value(what, nlohmann::ordered_json()) != value)
      fail(Failure::usage, fmt::format("{}: was computed with {} {}, but here it would be {}; resuming there would not give the same bits",
                                       from.path(), what, then.value(what, nlohmann::ordered_json()).dump(), value.dump()));
  rows_.clear();
  for (const auto& row : then.value("rows", nlohmann::ordered_json::array()))
    if (row.is_string()) rows_.push_back(row.get<std::string>());
  if (!then.contains("tuned")) return;
  try {
    const nlohmann::ordered_json& tuned = then["tuned"];
    RowTable table;
    for (const auto& [problem, row] : tuned.at("rows").items()) table[problem] = row.get<std::string>();
    tuned.at("baselines").get_to(baselines_);
    tuner_.reset();  // before the new one is installed
    tuner_ = std::make_unique<RowTuner>(device_, std::move(table));
  } catch (const nlohmann::json::exception&) {
    fail(Failure::data, fmt::format("{}: \"computing_with\" in its metadata is damaged", from.path()));
  }
}

void ComputingWith::tune(bool baselines) {
  baselines_ = baselines;
  tuner_ = std::make_unique<RowTuner>(device_);
}

void ComputingWith::note_rows() {
  std::vector<std::string> now;
  for (const Row* row : rows_run())
    if (row->device == device_) now.push_back(fmt::format("{}:{}", row->op, row->name));
  std::sort(now.begin(), now.end());
  std::vector<std::string> gone, come;
  std::set_difference(rows_.begin(), rows_.end(), now.begin(), now.end(), std::back_inserter(gone));
  std::set_difference(now.begin(), now.end(), rows_.begin(), rows_.end(), std::back_inserter(come));
  if (!rows_.empty() && !(gone.empty() && come.empty()))
    fail(Failure::usage, fmt::format("the run was computed with the rows [{}], where now there would be [{}]; resume with the build and "
                                     "the DUEL_VARIANT it was started with",
                                     fmt::join(gone, ", "), fmt::join(come, ", ")));
  rows_ = now;
}

}  // namespace duel
