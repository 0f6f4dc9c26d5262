#include "apps/support/report/run_page.h"

#include <fmt/format.h>

#include <limits>

#include "apps/support/run/events.h"

namespace duel {

Page run_page(const std::string& what, const std::string& data, const std::string& device, int64_t step,
              const nlohmann::ordered_json& settings) {
  Page page;
  page.title = fmt::format("{} on {}", what, data == "fashion-mnist" ? "Fashion-MNIST" : data);
  page.subtitle = fmt::format("step {}", step);
  page.settings.emplace_back("computed on", device);
  for (const auto& [key, value] : settings.items())
    page.settings.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  return page;
}

Table table_of(const LayerTable& layers) {
  Table table{"Layers",
              "What leaves each layer, height × width × channels, and how many numbers are trained in it.",
              {"Layer", "", "Output", "Parameters"},
              {}};
  for (const LayerTable::Row& row : layers.rows()) table.rows.push_back({row.name, row.what, row.output, row.count});
  return table;
}

Histograms distribution_of(const std::vector<nlohmann::ordered_json>& records, const char* key, const char* title, const char* note,
                           bool share) {
  Histograms d{title, note, {}, {}, share};
  for (const auto& r : records) {
    if (!r.contains("step") || !r["step"].is_number() || !r.contains(key)) continue;
    if (auto h = histogram_of(r[key])) d.step.push_back(r["step"].get<double>()), d.values.push_back(std::move(*h));
  }
  return d;
}

Curve curve_of(const std::vector<nlohmann::ordered_json>& records, const char* key, const char* name) {
  Curve c{name, {}, {}};
  for (const auto& r : records) {
    if (!r.contains("step") || !r["step"].is_number()) continue;
    c.step.push_back(r["step"].get<double>());
    c.value.push_back(r.contains(key) && r[key].is_number() ? r[key].get<double>() : std::numeric_limits<double>::quiet_NaN());
  }
  return c;
}

std::vector<Series> distances_of(const std::vector<nlohmann::ordered_json>& records, const std::string& extractor, int n,
                                 const std::string& kept) {
  const std::string by = fmt::format("As the classifier {} sees up to {} samples and as many test images. ", extractor, n);
  return {{"Fréchet distance", by + kept, {curve_of(records, "fcd", "FCD")}, false},
          {"Precision and recall",
           "The share of samples that look like real images, and of real images that samples look like.",
           {curve_of(records, "precision", "precision"), curve_of(records, "recall", "recall")},
           true}};
}

}  // namespace duel
