#include "apps/support/gan_report.h"

#include <fmt/format.h>

#include <limits>

namespace duel {
namespace {

Curve curve(const std::vector<nlohmann::ordered_json>& records, const char* key, const char* name) {
  Curve c{name, {}, {}};
  for (const auto& r : records) {
    if (!r.contains("step") || !r["step"].is_number()) continue;
    c.step.push_back(r["step"].get<double>());
    c.value.push_back(r.contains(key) && r[key].is_number() ? r[key].get<double>() : std::numeric_limits<double>::quiet_NaN());
  }
  return c;
}

}  // namespace

nlohmann::ordered_json record_of(int64_t step, double epoch, const GanReport& r) {
  const double values[GanReport::size] = {r.loss_d, r.loss_g, r.d_real, r.d_fake, r.d_fake_after, r.real_right, r.fake_right};
  nlohmann::ordered_json json{{"step", step}, {"epoch", epoch}};
  for (int i = 0; i < GanReport::size; ++i) json[GanReport::names[i]] = values[i];
  return json;
}

Page gan_page(const GanSettings& settings, const std::string& device, int64_t step, const std::vector<nlohmann::ordered_json>& records,
              std::vector<Frame> frames) {
  Page page;
  page.title = fmt::format("DCGAN on {}", settings.data == "fashion-mnist" ? "Fashion-MNIST" : settings.data);
  page.subtitle = fmt::format("step {}", step);
  page.settings.emplace_back("computed on", device);
  const nlohmann::ordered_json json = settings.json();
  for (const auto& [key, value] : json.items())
    page.settings.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  page.frames = std::move(frames);
  page.series = {
      {"Losses",
       "Two nets pull against each other: neither curve should run away.",
       {curve(records, "loss_d", "D"), curve(records, "loss_g", "G")},
       false},
      {"What D says",
       "The mean of D(x) on real images and of D(G(z)) on generated ones. At 50 % it can no longer tell them apart.",
       {curve(records, "d_real", "D(x)"), curve(records, "d_fake", "D(G(z))")},
       true},
      {"How often D is right",
       "The share of real and of generated images that D judges rightly. Both near 100 % for long: D has won, and G learns little.",
       {curve(records, "real_right", "real"), curve(records, "fake_right", "generated")},
       true},
  };
  return page;
}

}  // namespace duel
