// The doctor's rules on made-up readings, where each must speak and where it must not; and its silence on runs that came to a good end.
#include <doctest/doctest.h>

#include <cmath>

#include "apps/support/gan/doctor.h"
#include "apps/support/run/read_records.h"
#include "apps/support/train/doctor.h"
#include "tests/app_runs.h"

using namespace duel;
using namespace duel::test;

namespace {

std::vector<std::string> names(const Readings& r) {
  std::vector<std::string> all;
  for (const Finding& f : diagnose(r)) all.push_back(f.name);
  return all;
}
using Names = std::vector<std::string>;
std::vector<double> same(double value, size_t n = 20) { return std::vector<double>(n, value); }

// Nothing wrong anywhere, everything measured.
Readings healthy() {
  return {.loss_d = same(1),
          .loss_g = same(1),
          .real_right = same(0.8),
          .fake_right = same(0.8),
          .d_fake_after = same(0.3),
          .saturating = true,
          .cross_entropy = true,
          .d_moves = 1e-4,
          .g_moves = 1e-4,
          .right_in_company = 0.9,
          .right_alone = 0.9,
          .spread = 0.9,
          .twin = 0.8,
          .modes_found = 1,
          .saturated = 0.5,
          .real_saturated = 0.5,
          .checkerboard = 1.2,
          .copied = 0.01,
          .dead = 0.1,
          .dead_layer = "G 1",
          .label_agreement = 0.9,
          .norm_drift = 0.1};
}

// `name` is found with `sick`, and nothing with `well`: the two sides of its threshold.
template <class Set>
void rule(const char* name, Set&& set, double sick, double well) {
  Readings r = healthy();
  set(r, sick);
  CHECK_MESSAGE(names(r) == Names{name}, name << " at " << sick);
  set(r, well);
  CHECK_MESSAGE(names(r).empty(), name << " at " << well);
}

}  // namespace

TEST_CASE("nothing is said of readings that are not there, nor of healthy ones") {
  CHECK(names({}).empty());
  CHECK(names(healthy()).empty());
}

TEST_CASE("each rule speaks on one side of its threshold and keeps silent on the other") {
  rule(
      "not finite", [](Readings& r, double v) { r.loss_d[3] = v; }, NAN, 1e30);
  rule(
      "not finite", [](Readings& r, double v) { r.loss_g[19] = v; }, INFINITY, 0);
  rule(
      "D too strong", [](Readings& r, double v) { r.real_right = r.fake_right = same(v); }, 0.996, 0.99);
  rule(
      "vanishing gradient", [](Readings& r, double v) { r.d_fake_after = same(v); }, 0.009, 0.011);
  rule(
      "collapse", [](Readings& r, double v) { r.spread = v; }, 0.69, 0.71);
  rule(
      "collapse", [](Readings& r, double v) { r.twin = v; }, 0.49, 0.51);
  rule(
      "saturated tanh", [](Readings& r, double v) { r.saturated = v; }, 0.71, 0.69);
  rule(
      "checkerboard", [](Readings& r, double v) { r.checkerboard = v; }, 4.1, 3.9);
  rule(
      "memorisation", [](Readings& r, double v) { r.copied = v; }, 0.11, 0.09);
  rule(
      "collapse", [](Readings& r, double v) { r.modes_found = v; }, 0.49, 0.51);
  rule(
      "impossible loss", [](Readings& r, double v) { r.loss_d = same(v); }, -0.01, 0.01);
  rule(
      "D stands still", [](Readings& r, double v) { r.d_moves = v; }, 0, 1e-30);
  rule(
      "G stands still", [](Readings& r, double v) { r.g_moves = v; }, 0, 1e-30);
  rule(
      "batch norm leakage", [](Readings& r, double v) { r.right_alone = v; }, 0.79, 0.81);
  rule(
      "ignored labels", [](Readings& r, double v) { r.label_agreement = v; }, 0.49, 0.51);
  rule(
      "dead ReLU", [](Readings& r, double v) { r.dead = v; }, 0.5, 0.49);
  rule(
      "batch norm drift", [](Readings& r, double v) { r.norm_drift = v; }, 0.51, 0.49);
}

TEST_CASE("what is judged over records wants enough of them, the last ones, and both sides") {
  Readings r = healthy();
  r.real_right = same(1, 19), r.fake_right = same(1, 19);
  CHECK(names(r).empty());  // too few
  r.real_right = same(1, 20), r.fake_right = same(1, 20);
  CHECK(names(r) == Names{"D too strong"});
  r.fake_right = same(0.5, 20);
  CHECK(names(r).empty());  // right about one side alone
  r.real_right = r.fake_right = same(1, 100);
  for (size_t i = 80; i < 100; ++i) r.real_right[i] = r.fake_right[i] = 0.9;
  CHECK(names(r).empty());  // it has got over it
  r = healthy();
  r.saturating = false, r.d_fake_after = same(1e-6);
  CHECK(names(r).empty());  // the other loss has a gradient there
}

TEST_CASE("a finding says what was seen and what to try, and the worst comes first") {
  Readings r = healthy();
  r.checkerboard = 9, r.twin = 0.1, r.loss_g[0] = NAN;
  CHECK(names(r) == Names{"not finite", "collapse", "checkerboard"});
  for (const Finding& f : diagnose(r)) {
    CHECK_MESSAGE(f.sentence.find("try") != std::string::npos, f.sentence);
    CHECK_MESSAGE(f.sentence.back() == '.', f.sentence);
  }
  CHECK(diagnose(r)[1].sentence.find("0.10 times") != std::string::npos);
}

TEST_CASE("a loss that is no cross entropy may be negative, and a dead layer is called by its name") {
  Readings r = healthy();
  r.cross_entropy = false, r.loss_d = same(-5);
  CHECK(names(r).empty());
  r.dead = 0.75;
  CHECK(diagnose(r)[0].sentence.starts_with("75.0 % of the channels of G 1 are 0"));
}

TEST_CASE("samples agree with their labels by as much of the classes' differences as they have") {
  // Two classes of two values each: means (1, 0) and (-1, 0), of which the samples have half, nothing, or the contrary.
  const std::vector<float> real{1, 5, 1, -5, -1, 5, -1, -5};
  const std::vector<int> of{0, 0, 1, 1};
  const auto agreement = [&](const std::vector<float>& samples) { return label_agreement(samples, of, real, of, 2, 2).value(); };
  CHECK(agreement(real) == doctest::Approx(1));
  CHECK(agreement({9.5F, 1, 9.5F, -1, 8.5F, 1, 8.5F, -1}) == doctest::Approx(0.5));
  CHECK(agreement({3, 1, 3, 1, 3, 1, 3, 1}) == doctest::Approx(0));
  CHECK(agreement({-1, 5, -1, -5, 1, 5, 1, -5}) == doctest::Approx(-1));
  CHECK_FALSE(label_agreement(real, of, {2, 2, 2, 2, 2, 2, 2, 2}, of, 2, 2));    // real classes that do not differ …
  CHECK_FALSE(label_agreement(real, of, {1, 0, -1, 0, -1, 0, 1, 0}, of, 2, 2));  // … or do so by chance
  CHECK_FALSE(label_agreement(real, of, {1, 5, 1, -5, 0, 0}, {0, 0, 1}, 2, 2));  // … or of which there is but one
  // A third class without samples makes no difference.
  CHECK(label_agreement(real, of, {1, 5, 1, -5, -1, 5, -1, -5, 90, 0, 90, 0}, {0, 0, 1, 1, 2, 2}, 3, 2).value() == doctest::Approx(1));
}

TEST_CASE("checkerboards have all their energy at a period of two pixels, gradients none") {
  std::vector<float> board, ramp, both;
  for (int image = 0; image < 2; ++image)
    for (int y = 0; y < 8; ++y)
      for (int x = 0; x < 6; ++x) {
        board.push_back((x + y) % 2 ? 1.F : -1.F), ramp.push_back(static_cast<float>(x + 2 * y));
        for (int channel = 0; channel < 3; ++channel) both.push_back(channel == 1 ? board.back() : 0.F);
      }
  CHECK(checkerboard_energy(board, 8, 6, 1) == doctest::Approx(4));  // (1 + 1 + 1 + 1)/2 squared, over a variance of 1
  CHECK(checkerboard_energy(ramp, 8, 6, 1) == 0);
  CHECK(checkerboard_energy(both, 8, 6, 3) == doctest::Approx(4));  // a third of the channels, and a third of the variance
  CHECK(checkerboard_energy(std::vector<float>(96, 0.5F), 8, 6, 1) == 0);
  CHECK(checkerboard_energy({}, 8, 6, 1) == 0);
}

TEST_CASE("nothing is said of the runs that are kept, at any time that they were recorded") {
  size_t looks = 0;
  for (const auto& entry : fs::directory_iterator(source_dir() / "docs/runs")) {
    if (!entry.is_directory()) continue;
    const auto config = nlohmann::ordered_json::parse(contents_of(entry.path() / "config.json"));
    if (!config.contains("critic-steps")) continue;  // no GAN
    const GanSettings settings = GanSettings::from_json(config, entry.path().string());
    std::vector<nlohmann::ordered_json> so_far;
    for (const auto& record : read_records(entry.path() / "metrics.jsonl")) {
      so_far.push_back(record);
      const Names found = names(doctor_readings(settings, so_far));
      CHECK_MESSAGE(found.empty(), entry.path().string() << ": " << found.front());
      ++looks;
    }
  }
  CHECK(looks > 400);
  tally(static_cast<long>(looks), 0);
}

TEST_CASE("a record without a number counts where the number was none") {
  const auto r = doctor_readings(GanSettings{}, {{{"step", 1}, {"loss_d", 1.0}, {"loss_g", nullptr}}, {{"step", 2}, {"fcd", 3.0}}});
  CHECK((r.loss_d == std::vector<double>{1} && r.loss_g.size() == 1 && std::isnan(r.loss_g[0]) && r.real_right.empty()));
  CHECK(names(r) == Names{"not finite"});
  GanSettings critic;
  critic.loss = "wasserstein";
  CHECK(doctor_readings(critic, {{{"step", 1}, {"real_right", 1.0}, {"d_fake_after", 0.0}}}).real_right.empty());
}
