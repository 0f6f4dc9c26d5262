#include "apps/support/gan_state.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <iterator>

#include "kernels/registry.h"

namespace duel {
namespace {

constexpr const char* format_name = "duel-gan-1";

HostTensor to_host(const Tensor& t) {
  HostTensor host{t.dtype(), t.shape().dims(), std::vector<std::byte>(t.bytes())};
  t.copy_out(host.bytes.data());
  return host;
}

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

void from_host(const SafeTensors& file, const std::string& name, Tensor& t, const std::string& path) {
  const HostTensor* host = file.find(name);
  if (!host) fail(Failure::data, fmt::format("{}: has no tensor {}; it is the checkpoint of another net", path, name));
  if (host->dtype != t.dtype() || Shape(host->shape) != t.shape())
    fail(Failure::data, fmt::format("{}: {} is {}{}, but this net wants {}{}; it is the checkpoint of another net", path, name,
                                    name_of(host->dtype), Shape(host->shape).text(), name_of(t.dtype()), t.shape().text()));
  t.assign(host->bytes.data());
}

std::string entry(const SafeTensors& file, const std::string& key, const std::string& path) {
  auto it = file.metadata.find(key);
  if (it == file.metadata.end())
    fail(Failure::data, fmt::format("{}: no \"{}\" in its metadata; this is not a checkpoint of a GAN run", path, key));
  return it->second;
}

nlohmann::ordered_json json_entry(const SafeTensors& file, const std::string& key, const std::string& path) {
  const std::string text = entry(file, key, path);
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) fail(Failure::data, fmt::format("{}: \"{}\" in its metadata is damaged", path, key));
  return json;
}

int64_t integer_entry(const SafeTensors& file, const std::string& key, const std::string& path) {
  const std::string text = entry(file, key, path);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0)
    fail(Failure::data, fmt::format("{}: \"{}\" in its metadata is not a count", path, key));
  return value;
}

SafeTensors read_checked(const std::string& path) {
  SafeTensors file = read_safetensors(path);
  if (entry(file, "format", path) != format_name) fail(Failure::data, fmt::format("{}: not a checkpoint of a GAN run", path));
  return file;
}

template <class Model>
void each_tensor(const std::string& prefix, Model& model, const std::function<void(const std::string&, Tensor&)>& f) {
  model.each({[&](const std::string& name, Weight& w) { f(prefix + name, w.master); },
              [&](const std::string& name, Tensor& t) { f(prefix + name, t); }});
}

}  // namespace

GanState::GanState(const GanSettings& settings, Device device, uint64_t data_fingerprint)
    : settings(settings),
      device(device),
      g(settings.network(), device),
      d(settings.network(), device),
      step_on_device(step_counter(0, device)),
      data_fingerprint(data_fingerprint) {
  init_weights(g, settings.seed), init_weights(d, settings.seed);
  const OptimizerSettings adam{.kind = OptimizerKind::adam, .lr = settings.lr, .beta1 = settings.beta1};
  opt_g = Optimizer(adam, masters(g), copies(g)), opt_d = Optimizer(adam, masters(d), copies(d));
}

void GanState::each(const std::function<void(const std::string&, Tensor&)>& f) {
  each_tensor("g.", g, f), each_tensor("d.", d, f);
  opt_g.each([&](const std::string& name, Tensor& t) { f("opt_g." + name, t); });
  opt_d.each([&](const std::string& name, Tensor& t) { f("opt_d." + name, t); });
  f("step", step_on_device);
}

void GanState::save(const std::string& path) {
  SafeTensors file;
  each([&](const std::string& name, Tensor& t) {
    file.tensors.emplace_back(name, to_host(t));
    if (!finite(file.tensors.back().second))
      fail(Failure::numeric, fmt::format("step {}: {} holds NaN or Inf, so {} is left as it was; try a smaller --lr", step, name, path));
  });
  nlohmann::ordered_json with = computing_with(device);
  with["rows"] = rows_;
  file.metadata = {{"format", format_name},
                   {"settings", settings.json().dump()},
                   {"computing_with", with.dump()},
                   {"data", fmt::format("{:016x}", data_fingerprint)},
                   {"step", std::to_string(step)},
                   {"epoch", std::to_string(epoch)},
                   {"position", std::to_string(position)}};
  write_safetensors(path, file);
}

void GanState::load(const std::string& path) {
  const SafeTensors file = read_checked(path);
  const GanSettings saved = GanSettings::from_json(json_entry(file, "settings", path), path);
  if (const std::string list = GanSettings::differences(saved, settings); !list.empty())
    fail(Failure::data, fmt::format("{}: the checkpoint of another net or run: {}", path, list));
  if (entry(file, "data", path) != fmt::format("{:016x}", data_fingerprint))
    fail(Failure::data, fmt::format("{}: the images of {} are not those that the run was trained on; put them back, or start a new run",
                                    path, settings.data));
  const nlohmann::ordered_json then = json_entry(file, "computing_with", path);
  if (then.contains("threads") && then["threads"].is_number_integer()) omp_set_num_threads(std::clamp(then["threads"].get<int>(), 1, 1024));
  const nlohmann::ordered_json now = computing_with(device);
  for (const auto& [what, value] : now.items())
    if (then.value(what, nlohmann::ordered_json()) != value)
      fail(Failure::usage, fmt::format("{}: was computed with {} {}, but here it would be {}; resuming there would not give the same bits",
                                       path, what, then.value(what, nlohmann::ordered_json()).dump(), value.dump()));
  rows_.clear();
  for (const auto& row : then.value("rows", nlohmann::ordered_json::array()))
    if (row.is_string()) rows_.push_back(row.get<std::string>());
  each([&](const std::string& name, Tensor& t) { from_host(file, name, t, path); });
  refresh_copies(g), refresh_copies(d);
  step = integer_entry(file, "step", path), epoch = integer_entry(file, "epoch", path), position = integer_entry(file, "position", path);
}

void GanState::note_rows() {
  std::vector<std::string> now;
  for (const Row* row : rows_run())
    if (row->device == device) now.push_back(fmt::format("{}:{}", row->op, row->name));
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

GanSampler::GanSampler(const std::string& path, Device device) {
  const SafeTensors file = read_checked(path);
  settings = GanSettings::from_json(json_entry(file, "settings", path), path);
  settings.check();
  g = DcganGenerator(settings.network(), device);
  each_tensor("g.", g, [&](const std::string& name, Tensor& t) { from_host(file, name, t, path); });
  refresh_copies(g);
  step = integer_entry(file, "step", path);
}

std::string checkpoint_path(const std::string& path) {
  namespace fs = std::filesystem;
  if (fs::is_regular_file(path)) return path;
  const fs::path last = fs::path(path) / "checkpoints" / "last.safetensors";
  if (!fs::is_regular_file(last))
    fail(Failure::data, fmt::format("{}: neither a checkpoint nor a run folder with checkpoints/last.safetensors", path));
  return last.string();
}

nlohmann::ordered_json computing_with(Device device) {
  nlohmann::ordered_json json;
  json["device"] = fmt::format("{}: {}", name_of(device), backend(device).description());
  json["threads"] = omp_get_max_threads();
  return json;
}

}  // namespace duel
