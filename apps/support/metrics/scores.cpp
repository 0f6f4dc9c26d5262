#include "apps/support/metrics/scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/grad.h"

namespace duel {
namespace {

constexpr int64_t at_once = 250;  // images a batch

double share(int64_t k, int64_t n) {
  return n ? static_cast<double>(k) / static_cast<double>(n) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Interval wilson(int64_t k, int64_t n, double z) {
  if (n == 0) return {};
  const double count = static_cast<double>(n), p = static_cast<double>(k) / count, zz = z * z / count;
  const double centre = (p + zz / 2) / (1 + zz), half = std::sqrt(p * (1 - p) * zz + zz * zz / 4) / (1 + zz);
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

int64_t Scores::of(int truth) const {
  const auto row = counts.begin() + static_cast<long>(truth) * classes;
  return std::accumulate(row, row + classes, int64_t{0});
}
int64_t Scores::right(int truth) const { return counts[static_cast<size_t>(truth) * static_cast<size_t>(classes + 1)]; }
int64_t Scores::total() const { return std::accumulate(counts.begin(), counts.end(), int64_t{0}); }
int64_t Scores::right() const {
  int64_t sum = 0;
  for (int k = 0; k < classes; ++k) sum += right(k);
  return sum;
}
double Scores::accuracy() const { return share(right(), total()); }
double Scores::recall(int truth) const { return share(right(truth), of(truth)); }
double Scores::balanced_accuracy() const {
  double sum = 0;
  int present = 0;
  for (int k = 0; k < classes; ++k)
    if (of(k)) sum += recall(k), ++present;
  return present ? sum / present : std::numeric_limits<double>::quiet_NaN();
}

double Scores::g_mean() const {
  double logs = 0;
  int present = 0;
  for (int k = 0; k < classes; ++k)
    if (of(k)) logs += std::log(recall(k)), ++present;  // log 0 = −∞ makes the mean 0
  return present ? std::exp(logs / present) : std::numeric_limits<double>::quiet_NaN();
}
double Scores::macro_f1() const {
  double sum = 0;
  int present = 0;
  for (int k = 0; k < classes; ++k) {
    if (!of(k)) continue;
    int64_t said = 0;
    for (int truth = 0; truth < classes; ++truth)
      said += counts[static_cast<size_t>(truth) * static_cast<size_t>(classes) + static_cast<size_t>(k)];
    sum += share(2 * right(k), of(k) + said), ++present;
  }
  return present ? sum / present : std::numeric_limits<double>::quiet_NaN();
}

std::vector<float> predict(const Classifier& net, std::span<const uint8_t> images) {
  NoGrad only_looking;
  const ClassifierConfig& c = net.config;
  const size_t one = static_cast<size_t>(c.h) * static_cast<size_t>(c.w) * static_cast<size_t>(c.channels);
  const int64_t n = static_cast<int64_t>(images.size() / one);
  std::vector<float> probabilities(static_cast<size_t>(n * c.classes)), values;
  for (int64_t from = 0; from < n; from += at_once) {
    const int64_t count = std::min(at_once, n - from);
    values.resize(static_cast<size_t>(count) * one);
    to_signed(images.subspan(static_cast<size_t>(from) * one, values.size()), values.data());
    const Tensor x = Tensor::from_bytes({count, c.h, c.w, c.channels}, DType::f32, values.data(), net.device());
    const Tensor p = cast(softmax(net(x)), DType::f32);
    p.copy_out(probabilities.data() + from * c.classes);
  }
  return probabilities;
}

int best_class(std::span<const float> row) { return static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin()); }

Scores evaluate(const Classifier& net, const Dataset& data) {
  const size_t classes = static_cast<size_t>(net.config.classes);
  Scores scores(net.config.classes);
  const std::vector<float> probabilities = predict(net, data.images);
  for (size_t i = 0; i < data.labels.size(); ++i) {
    const std::span<const float> row(probabilities.data() + i * classes, classes);
    if (!std::isfinite(row[0]))
      fail(Failure::numeric, fmt::format("the net's answer to test image {} is {}; try a smaller --lr", i, row[0]));
    scores.add(data.labels[i], best_class(row));
  }
  return scores;
}

std::string scores_text(const Scores& scores, const std::vector<std::string>& names) {
  auto line = [](const std::string& name, double value, int64_t k, int64_t n) {
    const Interval i = wilson(k, n);
    return fmt::format("{:<20} {:>7.2f} %   {:>6.2f} … {:>6.2f} %   {:>6} of {}\n", name, 100 * value, 100 * i.low, 100 * i.high, k, n);
  };
  std::string text = line("accuracy", scores.accuracy(), scores.right(), scores.total());
  text += fmt::format("{:<20} {:>7.2f} %\n\n{:<20} {:>9}   {:>17}\n", "balanced accuracy", 100 * scores.balanced_accuracy(), "recall", "",
                      "95 % interval");
  for (int k = 0; k < scores.classes; ++k) {
    const std::string& name = names[static_cast<size_t>(k)];
    text += scores.of(k) ? line(name, scores.recall(k), scores.right(k), scores.of(k)) : fmt::format("{:<20} {:>9}\n", name, "no images");
  }
  return text;
}

}  // namespace duel
