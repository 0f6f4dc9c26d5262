#include "apps/support/gan_settings.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "apps/support/cli.h"
#include "kernels/problem.h"

namespace duel {

void GanSettings::add_flags(CLI::App& app) {
  each([&](const char* name, auto& field, const char* help, bool) {
    CLI::Option* option = app.add_option(std::string("--") + name, field, help)->capture_default_str();
    if constexpr (std::is_integral_v<std::decay_t<decltype(field)>>) option->check(fits_64_bits());
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

std::string GanSettings::differences(const GanSettings& before, const GanSettings& now) {
  const nlohmann::ordered_json then = before.json(), here = now.json();
  std::string list;
  GanSettings(before).each([&](const char* name, auto&, const char*, bool binding) {
    if (binding && then[name] != here[name])
      list += fmt::format("{}--{} was {} and is now {}", list.empty() ? "" : "; ", name, then[name].dump(), here[name].dump());
  });
  return list;
}

GanSettings GanSettings::resumed(const GanSettings& saved, const GanSettings& given, const CLI::App& app) {
  GanSettings result = saved;
  const nlohmann::ordered_json now = given.json();
  result.each([&](const char* name, auto& field, const char*, bool) {
    if (app.count(std::string("--") + name)) now[name].get_to(field);
  });
  // A limit given now must not lose against another one given then.
  const bool steps = app.count("--steps"), epochs = app.count("--epochs");
  if (epochs && !steps) result.steps = 0;
  if ((epochs || steps) && !app.count("--minutes")) result.minutes = 0;
  if (const std::string list = differences(saved, result); !list.empty())
    fail(Failure::usage, "--resume continues the same run, but " + list + "; leave the flag out, or start a new run with another --out");
  return result;
}

std::string GanSettings::flags_given(const CLI::App& app) {
  std::vector<std::string> flags;
  GanSettings().each([&](const char* name, auto&, const char*, bool) {
    if (app.count(std::string("--") + name)) flags.push_back(std::string("--") + name);
  });
  if (flags.empty()) return "";
  const std::string last = flags.back();
  flags.pop_back();
  return flags.empty() ? last : fmt::format("{} and {}", fmt::join(flags, ", "), last);
}

void GanSettings::check() const {
  auto want = [](bool right, const std::string& message) {
    if (!right) fail(Failure::usage, message);
  };
  want(net == "dcgan", fmt::format("--net {}: there is dcgan", net));
  want(precision == "f32" || precision == "bf16", fmt::format("--precision {}: f32 or bf16", precision));
  want(batch >= 2, fmt::format("--batch {}: batch norm needs at least 2 images", batch));
  constexpr int64_t most_steps = std::numeric_limits<int32_t>::max();  // devices count them in 32 bits
  want(steps >= 0 && steps <= most_steps, fmt::format("--steps {}: 0 to {}", steps, most_steps));
  want(epochs > 0 && epochs <= 1e6, fmt::format("--epochs {}: above 0, and up to a million", epochs));
  want(minutes >= 0 && minutes <= 1e6, fmt::format("--minutes {}: 0 to a million", minutes));
  want(lr > 0 && std::isfinite(lr), fmt::format("--lr {}: above 0", lr));
  want(beta1 >= 0 && beta1 < 1, fmt::format("--beta1 {}: from 0 to below 1", beta1));
  for (const auto& [flag, every] : {std::pair{"sample", sample_every}, {"log", log_every}, {"checkpoint", checkpoint_every}})
    want(every >= 1, fmt::format("--{}-every {}: at least 1", flag, every));
  DcganConfig config = network();
  if (channels == 0) config.channels = 1;  // not known before the data is loaded
  check_config(config);
}

DcganConfig GanSettings::network() const {
  return {.size = size, .channels = channels, .nz = nz, .ngf = ngf, .ndf = ndf, .precision = parse_dtype(precision)};
}

}  // namespace duel
