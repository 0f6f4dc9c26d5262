#include "apps/support/gan_settings.h"

#include <fmt/format.h>

#include "kernels/problem.h"

namespace duel {

void GanSettings::add_flags(CLI::App& app) {
  each([&](const char* name, auto& field, const char* help, bool) {
    app.add_option(std::string("--") + name, field, help)->capture_default_str();
  });
}

nlohmann::ordered_json GanSettings::json() const {
  nlohmann::ordered_json json;
  GanSettings(*this).each([&](const char* name, auto& field, const char*, bool) { json[name] = field; });
  return json;
}

GanSettings GanSettings::from_json(const nlohmann::ordered_json& json, const std::string& source) {
  GanSettings settings;
  settings.each([&](const char* name, auto& field, const char*, bool) {
    try {
      json.at(name).get_to(field);
    } catch (const nlohmann::json::exception&) {
      fail(Failure::data,
           fmt::format("{}: setting \"{}\" is missing or of the wrong kind; this is not the configuration of a GAN run", source, name));
    }
  });
  return settings;
}

GanSettings GanSettings::resumed(const GanSettings& saved, const GanSettings& given, const CLI::App& app) {
  GanSettings result = saved;
  nlohmann::ordered_json before = saved.json(), now = given.json();
  std::string differences;
  result.each([&](const char* name, auto& field, const char*, bool binding) {
    if (app.count(std::string("--") + name) == 0 || before[name] == now[name]) return;
    if (binding)
      differences +=
          fmt::format("{}--{} was {} and is now {}", differences.empty() ? "" : "; ", name, before[name].dump(), now[name].dump());
    else now[name].get_to(field);
  });
  // --epochs given now must not lose against --steps given then.
  if (app.count("--epochs") && !app.count("--steps")) result.steps = 0;
  if (!differences.empty())
    fail(Failure::usage,
         "--resume continues the same run, but " + differences + "; leave the flag out, or start a new run with another --out");
  return result;
}

void GanSettings::check() const {
  auto want = [](bool right, const std::string& message) {
    if (!right) fail(Failure::usage, message);
  };
  want(net == "dcgan", fmt::format("--net {}: there is dcgan", net));
  want(precision == "f32" || precision == "bf16", fmt::format("--precision {}: f32 or bf16", precision));
  want(batch >= 2, fmt::format("--batch {}: batch norm needs at least 2 images", batch));
  want(steps >= 0 && epochs > 0, fmt::format("--steps {} and --epochs {} must be positive", steps, epochs));
  want(minutes >= 0, fmt::format("--minutes {} must not be negative", minutes));
  want(lr > 0 && beta1 >= 0 && beta1 < 1, fmt::format("--lr {} must be positive and --beta1 {} in [0, 1)", lr, beta1));
  want(sample_every >= 1 && log_every >= 1 && checkpoint_every >= 1,
       "--sample-every, --log-every and --checkpoint-every must be at least 1");
  DcganConfig config = network();
  if (channels == 0) config.channels = 1;  // not known before the data is loaded
  check_config(config);
}

DcganConfig GanSettings::network() const {
  return {.size = size, .channels = channels, .nz = nz, .ngf = ngf, .ndf = ndf, .precision = parse_dtype(precision)};
}

}  // namespace duel
