#include "apps/support/classify/report.h"

#include "apps/support/report/run_page.h"

namespace duel {
namespace {

std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }
std::string between(int64_t k, int64_t n) {
  const Interval i = wilson(k, n);
  return fmt::format("{:.2f} … {:.2f} %", 100 * i.low, 100 * i.high);
}

// The class that images of `truth` are most often taken for, if any.
std::string mistaken_for(const Scores& s, int truth, const std::vector<std::string>& classes) {
  int64_t most = 0;
  std::string name = "–";
  for (int k = 0; k < s.classes; ++k) {
    const int64_t n = s.counts[static_cast<size_t>(truth) * static_cast<size_t>(s.classes) + static_cast<size_t>(k)];
    if (k != truth && n > most) most = n, name = fmt::format("{} ({})", classes[static_cast<size_t>(k)], n);
  }
  return name;
}

}  // namespace

Page classify_page(const ClassifySettings& settings, const std::string& device, int64_t step,
                   const std::vector<nlohmann::ordered_json>& records, const Scores& scores, const std::vector<std::string>& classes) {
  Page page = run_page(settings.net == "lenet" ? "LeNet" : "ResNet", settings.data, device, step, settings.json());
  page.series = {
      {"Loss", "Cross entropy on the training images, the mean since the look before.", {curve_of(records, "loss", "training")}, false},
      {"Right on test images",
       "The share of test images told rightly. The best look is kept as checkpoints/best.safetensors; chosen by these images, it is a "
       "little optimistic about others.",
       {curve_of(records, "accuracy", "accuracy"), curve_of(records, "balanced_accuracy", "balanced accuracy")},
       true},
  };
  if (scores.total() == 0) return page;
  Table table{"How often it is right",
              "On the test images, at the last look, with 95 % intervals after Wilson.",
              {"Class", "Recall", "Interval", "Images", "Mostly mistaken for"},
              {}};
  table.rows.push_back({"all", percent(scores.accuracy()), between(scores.right(), scores.total()), std::to_string(scores.total()), ""});
  table.rows.push_back({"balanced", percent(scores.balanced_accuracy()), "", "", ""});
  for (int k = 0; k < scores.classes; ++k)
    if (scores.of(k))
      table.rows.push_back({classes[static_cast<size_t>(k)], percent(scores.recall(k)), between(scores.right(k), scores.of(k)),
                            std::to_string(scores.of(k)), mistaken_for(scores, k, classes)});
  page.tables.push_back(table);
  return page;
}

}  // namespace duel
