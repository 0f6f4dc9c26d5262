// Studies: the statistics against known values, the plan, and what is said of what came out.
#include <doctest/doctest.h>

#include <cmath>

#include "apps/support/study/forest_plot.h"
#include "apps/support/study/outcome.h"
#include "apps/support/study/train_arm.h"
#include "engine/data/sampling.h"
#include "kernels/draw.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

// Classes 0, 1, 2 with so many images each of 8×8 pixels, told by their brightness.
Dataset toy(const std::vector<int>& counts) {
  Dataset data{.name = "toy", .h = 8, .w = 8, .c = 1, .classes = {"dark", "grey", "light"}};
  Draw draw(5);
  for (size_t c = 0; c < counts.size(); ++c)
    for (int i = 0; i < counts[c]; ++i) {
      data.labels.push_back(static_cast<int32_t>(c)), ++data.n;
      for (int k = 0; k < 64; ++k) data.images.push_back(static_cast<uint8_t>(40 + 80 * c + draw.next() % 30));
    }
  return data;
}

StudyAsk toy_ask(StudyKind kind) {
  StudyAsk ask{.kind = kind, .seeds = {1, 2}};
  ask.training.data = "toy", ask.training.batch = 8, ask.training.width = 4, ask.training.steps = 2;
  return ask;
}

// A result with so many of 100 images of each of two classes right.
StudyResult result_of(const std::string& level, const std::string& arm, int64_t seed, int64_t right0, int64_t right1) {
  StudyResult r{.level = level, .arm = arm, .seed = seed, .scores = Scores(2), .images = 10, .steps = 5, .train_seconds = 1};
  r.scores.counts = {right0, 100 - right0, 100 - right1, right1};
  return r;
}

std::string joined_words(const StudyPlan& plan, const Outcome& outcome) {
  std::string all;
  for (const std::string& sentence : words_of(plan, outcome)) all += sentence + "\n";
  return all;
}

StudyPlan two_armed() {
  StudyPlan plan{.arms = choose_arms(StudyKind::augmentation, {"hflip", "crop"}, {}),
                 .levels = {{"10 images", {5, 5}}},
                 .seeds = {1, 2, 3},
                 .test_images = 200};
  plan.training.steps = 5;
  return plan;
}

template <class F>
std::string refusal(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    CHECK(e.kind == Failure::usage);
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("quantiles of t are those of the tables") {
  // Any table of Student's distribution: P(T ≤ t).
  struct Known {
    double p, freedom, t;
  };
  for (const Known& k : {Known{0.975, 1, 12.7062},
                         {0.975, 2, 4.30265},
                         {0.975, 4, 2.77645},
                         {0.975, 9, 2.26216},
                         {0.975, 30, 2.04227},
                         {0.95, 5, 2.01505},
                         {0.995, 3, 5.84091},
                         {0.975, 1e6, 1.95997}}) {
    CHECK(t_quantile(k.p, k.freedom) == doctest::Approx(k.t).epsilon(2e-6));
    CHECK(t_quantile(1 - k.p, k.freedom) == doctest::Approx(-k.t).epsilon(2e-6));
    CHECK(t_probability(k.t, k.freedom) == doctest::Approx(k.p).epsilon(1e-6));
  }
  CHECK(t_probability(0, 3) == doctest::Approx(0.5));
  // In closed form: with 1 degree of freedom ½ + atan(t)/π, with 2 ½ + t/(2√(2 + t²)).
  for (const double t : {-7.0, -0.3, 0.01, 1.0, 25.0}) {
    CHECK(t_probability(t, 1) == doctest::Approx(0.5 + std::atan(t) / std::acos(-1.0)).epsilon(1e-12));
    CHECK(t_probability(t, 2) == doctest::Approx(0.5 + t / (2 * std::sqrt(2 + t * t))).epsilon(1e-12));
  }
}

TEST_CASE("the paired t-test is Student's own example") {
  // Student (1908), section IX: hours of sleep gained with two drugs by ten patients. t = −4.0621, p = 0.002833, interval −2.45989 …
  // −0.70011.
  const std::vector<double> a{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0}, b{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
  const PairedTest test = paired_test(a, b);
  CHECK(test.n == 10);
  CHECK(test.t == doctest::Approx(-4.0621).epsilon(1e-5));
  CHECK(test.p == doctest::Approx(0.002833).epsilon(1e-4));
  CHECK(test.difference.mean == doctest::Approx(-1.58));
  CHECK(test.difference.low == doctest::Approx(-2.4598858).epsilon(1e-6));
  CHECK(test.difference.high == doctest::Approx(-0.7001142).epsilon(1e-6));
  CHECK(test.p_signs == doctest::Approx(4.0 / 1024));  // nine differences below 0, one is 0: both its signs count, on both sides
}

TEST_CASE("tests of too few or equal pairs say so") {
  const std::vector<double> one{0.5}, two{0.5, 0.7}, lower{0.4, 0.6};
  CHECK(std::isnan(paired_test(one, one).p));
  CHECK(std::isnan(mean_interval(one).low));
  CHECK(mean_interval(one).mean == 0.5);
  CHECK(paired_test(two, two).p == 1);
  CHECK(paired_test(two, lower).p == doctest::Approx(0.5));  // equal differences: 2 of 4 choices of signs, not t = ∞
  CHECK(std::isnan(mean_of({})));
}

TEST_CASE("the 95 % interval of t holds the true mean about 95 times in a hundred, and the test calls 5 % of nothing something") {
  int held = 0, called = 0;
  constexpr int trials = 4000;
  Draw draw(11);
  const auto normal = [&] {  // the sum of twelve uniforms, less six
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(draw.next() >> 11) * 0x1p-53;
    return sum;
  };
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<double> a, b;
    for (int i = 0; i < 4; ++i) a.push_back(1 + normal()), b.push_back(1 + normal());
    const Estimate e = mean_interval(a);
    held += e.low <= 1 && 1 <= e.high;
    called += paired_test(a, b).p < 0.05;
  }
  CHECK(std::abs(held / double{trials} - 0.95) < 0.012);
  CHECK(std::abs(called / double{trials} - 0.05) < 0.012);
}

TEST_CASE("Holm's correction by hand") {
  const double nan = std::nan("");
  const std::vector<double> adjusted = holm({0.01, 0.04, nan, 0.03, 0.005});
  CHECK(adjusted[4] == doctest::Approx(0.02));
  CHECK(adjusted[0] == doctest::Approx(0.03));
  CHECK(adjusted[3] == doctest::Approx(0.06));
  CHECK(adjusted[1] == doctest::Approx(0.06));  // 0.04, but never below one that was smaller
  CHECK(std::isnan(adjusted[2]));
  CHECK(holm({0.9, 0.8})[0] == 1);
  CHECK(holm({}).empty());
}

TEST_CASE("G-mean and macro F1 by hand") {
  Scores s(2);
  for (int i = 0; i < 8; ++i) s.add(0, i < 6 ? 0 : 1);
  for (int i = 0; i < 4; ++i) s.add(1, i < 1 ? 1 : 0);
  CHECK(s.g_mean() == doctest::Approx(std::sqrt(0.75 * 0.25)));
  CHECK(s.macro_f1() == doctest::Approx((12.0 / 17 + 2.0 / 7) / 2));  // 2·6/(8 + 9), 2·1/(4 + 3)
  Scores never(2);
  never.add(0, 0), never.add(1, 0);
  CHECK(never.g_mean() == 0);
  CHECK(std::isnan(Scores(2).macro_f1()));
}

TEST_CASE("what helped, what hurt and what cannot be told apart") {
  const StudyPlan plan = two_armed();
  std::vector<StudyResult> results;
  const int64_t none[] = {50, 52, 48}, hflip[] = {70, 73, 69}, crop[] = {52, 49, 49};
  for (int i = 0; i < 3; ++i)
    for (const auto& [arm, right] : {std::pair{"none", none}, {"hflip", hflip}, {"crop", crop}})
      results.push_back(result_of("10 images", arm, i + 1, right[i], right[i]));
  Outcome outcome = outcome_of(plan, results);
  REQUIRE(outcome.complete());
  CHECK(outcome.tests == 2);
  const auto& arms = outcome.levels[0].arms;
  CHECK(arms[0].verdict == Verdict::baseline);
  CHECK(arms[1].verdict == Verdict::helped);
  CHECK(arms[1].test.difference.mean == doctest::Approx(0.62 / 3));
  CHECK(arms[1].p_holm == doctest::Approx(2 * arms[1].test.p));
  CHECK(arms[2].verdict == Verdict::unclear);
  const std::string words = joined_words(plan, outcome);
  CHECK(words.find("none reaches 50.00 % accuracy") != std::string::npos);
  CHECK(words.find("Helped: hflip +20.67 points") != std::string::npos);
  CHECK(words.find("Hurt: nothing") != std::string::npos);
  CHECK(words.find("Cannot be told apart from none: crop +0.00") != std::string::npos);
  CHECK(words.find("cannot go below p = 0.250 with 3 seeds") != std::string::npos);
  CHECK(p_words(0.0312) == "p = 0.031");
  CHECK(p_words(0.0009) == "p < 0.001");

  for (StudyResult& r : results)
    if (r.arm == "hflip") r.scores.counts = {20, 80, 80, 20};
  CHECK(outcome_of(plan, results).levels[0].arms[1].verdict == Verdict::hurt);

  results.pop_back();  // nothing is tested before the end
  outcome = outcome_of(plan, results);
  CHECK(!outcome.complete());
  CHECK(outcome.levels[0].arms[1].verdict == Verdict::untested);
  CHECK(joined_words(plan, outcome).find("8 of 9 trainings are done") != std::string::npos);
}

TEST_CASE("an arm that did not train in some seed is named and not tested, nor is any where the baseline did not") {
  const StudyPlan plan = two_armed();
  std::vector<StudyResult> results;
  for (int i = 0; i < 3; ++i)
    for (const char* arm : {"none", "hflip", "crop"})
      results.push_back(result_of("10 images", arm, i + 1, 50 + 9 * (arm[0] == 'h') + i, 50 - i * i));
  StudyResult nan{.level = "10 images", .arm = "crop", .seed = 2, .failed = "step 3: the loss is nan"};
  CHECK(StudyResult::from_json(nan.json()).failed == nan.failed);
  results[5] = StudyResult::from_json(nan.json());
  Outcome outcome = outcome_of(plan, results);
  REQUIRE(outcome.complete());
  CHECK(outcome.tests == 1);
  CHECK(outcome.levels[0].arms[1].p_holm == doctest::Approx(outcome.levels[0].arms[1].test.p));
  CHECK(outcome.levels[0].arms[2].verdict == Verdict::failed);
  CHECK(outcome.levels[0].arms[2].runs.size() == 2);
  std::string words = joined_words(plan, outcome);
  CHECK(words.find("no number came of crop in 1 of 3 seeds (2)") != std::string::npos);
  CHECK(words.find("crop +") == std::string::npos);

  nan.arm = "none", nan.seed = 1, results[0] = nan;
  outcome = outcome_of(plan, results);
  CHECK(outcome.tests == 0);
  CHECK(outcome.levels[0].arms[1].verdict == Verdict::untested);
  words = joined_words(plan, outcome);
  CHECK(words.find("none in 1 of 3 seeds (1); crop in 1 of 3 seeds (2)") != std::string::npos);
  CHECK(words.find("Helped") == std::string::npos);
  CHECK(words.find("points") == std::string::npos);
  CHECK(std::isnan(outcome.levels[0].arms[1].test.p));  // no test of the seeds that are left
  CHECK(std::isnan(outcome.levels[0].arms[1].test.difference.mean));
}

TEST_CASE("one seed tests nothing, and the words say why") {
  StudyPlan plan = two_armed();
  plan.seeds = {1};
  const Outcome outcome = outcome_of(plan, {result_of("10 images", "none", 1, 50, 50), result_of("10 images", "hflip", 1, 90, 90),
                                            result_of("10 images", "crop", 1, 10, 10)});
  CHECK(outcome.levels[0].arms[1].verdict == Verdict::untested);
  const std::string words = joined_words(plan, outcome);
  CHECK(words.find("With one seed nothing is tested") != std::string::npos);
  CHECK(words.find("Not tested: hflip +40.00 points, crop -40.00 points.") != std::string::npos);
  CHECK(words.find("Helped") == std::string::npos);
}

TEST_CASE("words say where a generator may know more than the study") {
  StudyPlan plan = two_armed();
  plan.kind = StudyKind::imbalance, plan.arms = choose_arms(StudyKind::imbalance, {"cgan", "cvae"}, {}), plan.seeds = {1},
  plan.cgan = {"runs/elsewhere", "10 steps on other images"};
  const Outcome outcome = outcome_of(plan, {result_of("10 images", "none", 1, 50, 50), result_of("10 images", "cgan", 1, 90, 90),
                                            result_of("10 images", "cvae", 1, 10, 10)});
  const std::string words = joined_words(plan, outcome);
  CHECK(words.find("conditional GAN comes from runs/elsewhere (10 steps on other images)") != std::string::npos);
  CHECK(words.find("leaked") != std::string::npos);
  CHECK(words.find("conditional VAE was trained by the study") != std::string::npos);
}

TEST_CASE("the plan: levels, the same images for every arm, and refusals") {
  const ImageData data{.train = toy({100, 60, 40}), .test = toy({5, 5, 5})};
  StudyAsk ask = toy_ask(StudyKind::augmentation);
  ask.sizes = {50, 0};
  StudyPlan plan = plan_study(ask, data, Device::cpu);
  CHECK(plan.levels[0].counts == std::vector<int64_t>{25, 15, 10});
  CHECK(plan.levels[1].counts == std::vector<int64_t>{100, 60, 40});
  CHECK(plan.arms.front().name == "none");
  CHECK(std::string(measure_names[plan.measure]) == "accuracy");
  CHECK(runs_of(plan).size() == 2 * 2 * plan.arms.size());
  const Dataset one = images_of(plan, {0, 0, 0}, data.train), two = images_of(plan, {0, 1, 0}, data.train);
  CHECK(fingerprint(one) == fingerprint(images_of(plan, {0, 0, 3}, data.train)));
  CHECK(fingerprint(one) != fingerprint(two));

  ask = toy_ask(StudyKind::imbalance);
  ask.ratios = {4}, ask.arms = {"over", "under", "smote"};
  plan = plan_study(ask, data, Device::cpu);
  CHECK(plan.levels[0].counts == std::vector<int64_t>{40, 20, 10});
  CHECK(std::string(measure_names[plan.measure]) == "balanced_accuracy");
  CHECK(differences(plan.json(), plan.json()).empty());
  StudyPlan other = plan;
  other.seeds = {1, 3};
  CHECK(differences(plan.json(), other.json()) == "seeds/1 was 2 and is now 3");
  other = plan, other.arms[1].what = "in other words";
  CHECK(differences(plan.json(), other.json()).empty());
  other.arms[1].mixup = 0.3;
  CHECK(differences(plan.json(), other.json()) == "arms/1/mixup was 0.0 and is now 0.3");

  const auto refuse = [&](auto&& change) {
    StudyAsk wrong = toy_ask(StudyKind::imbalance);
    wrong.ratios = {4}, wrong.arms = {"over"};
    change(wrong);
    return refusal([&] { plan_study(wrong, data, Device::cpu); });
  };
  CHECK(refuse([](StudyAsk&) {}).empty());
  CHECK(refuse([](StudyAsk& a) { a.arms = {"magic"}; }).find("--arms magic") == 0);
  CHECK(refuse([](StudyAsk& a) { a.arms = {"none"}; }).find("two arms") != std::string::npos);
  CHECK(refuse([](StudyAsk& a) { a.arms = {"over", "over"}; }).find("named twice") != std::string::npos);
  CHECK(refuse([](StudyAsk& a) { a.recipes = {"mine"}; }).find("--recipe mine") == 0);
  CHECK(refuse([](StudyAsk& a) { a.recipes = {"mine=spin"}; }).find("'spin'") != std::string::npos);
  CHECK(refuse([](StudyAsk& a) { a.seeds = {1, 1}; }).find("--seeds 1,1") == 0);
  CHECK(refuse([](StudyAsk& a) { a.ratios = {0.5}; }).find("--ratios 0.5") == 0);
  CHECK(refuse([](StudyAsk& a) { a.counts = {5, 5}; }).find("--counts: 2 numbers") == 0);
  CHECK(refuse([](StudyAsk& a) { a.counts = {5, 5, 400}; }).find("400 images of class light") != std::string::npos);
  CHECK(refuse([](StudyAsk& a) { a.counts = {1, 1, 1}; }).find("--batch is 8") != std::string::npos);
  CHECK(refuse([](StudyAsk& a) { a.ratios = {10}, a.arms = {"smote"}; }).find("4 images of the rarest class, and smote") !=
        std::string::npos);
  CHECK(refuse([](StudyAsk& a) { a.training.steps = 0; }).find("--steps 0") == 0);
  CHECK(refuse([](StudyAsk& a) { a.measure = "luck"; }).find("--measure luck") == 0);
}

TEST_CASE("remedies give the classes what they promise") {
  const ImageData data{.train = toy({40, 20, 10}), .test = toy({5, 5, 5})};
  StudyAsk ask = toy_ask(StudyKind::imbalance);
  ask.counts = {40, 20, 8}, ask.arms = {"over", "under", "smote", "vae-smote", "cvae", "cgan", "cgan-filtered"}, ask.generator_steps = 3,
  ask.training.batch = 32;
  const StudyPlan plan = plan_study(ask, data, Device::cpu);
  Synthesiser synthesiser(plan, data.train, Device::cpu);
  const Dataset real = images_of(plan, {}, data.train);
  synthesiser.start(real, 1);
  for (const Arm& arm : plan.arms) {
    const Prepared p = prepare(arm, real, plan.training.batch, 1, synthesiser);
    INFO(arm.name);
    const auto counts = class_counts(p.train.labels, 3);
    CHECK(p.train.images.size() == static_cast<size_t>(p.train.n) * 64);
    CHECK(p.train.n == static_cast<int>(p.train.labels.size()));
    if (arm.name == "none") CHECK(counts == std::vector<int64_t>{40, 20, 8});
    else if (arm.name == "under") CHECK(counts == std::vector<int64_t>{16, 16, 16});  // 8 of each are fewer than a batch, so twice
    else if (arm.name == "cgan-filtered") CHECK(p.made.note.find("samples kept") != std::string::npos);
    else CHECK(counts == std::vector<int64_t>{40, 40, 40});
    CHECK(p.made.images.n == (arm.synthesises() ? p.train.n - 68 : 0));
    if (!arm.synthesises()) continue;
    CHECK(std::equal(real.images.begin(), real.images.end(), p.train.images.begin()));  // the real ones stay, in front
    synthesiser.start(real, 1);
    CHECK(fingerprint(prepare(arm, real, plan.training.batch, 1, synthesiser).train) == fingerprint(p.train));
  }
}

TEST_CASE("the plot of differences holds its rows, and nothing is drawn of nothing") {
  const double nan = std::nan("");
  const std::string svg =
      forest_plot({{"a<b", "+1.00", {0.5, 1.5}, {1, 0.2, 1.8}, 1}, {"one seed", "-1", {-1}, {-1, nan, nan}, 0}}, "points");
  CHECK(svg.find("a&lt;b") != std::string::npos);
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("var(--good)") != std::string::npos);
  size_t circles = 0;
  for (size_t at = 0; (at = svg.find("<circle", at)) != std::string::npos; ++at) ++circles;
  CHECK(circles == 3);
  CHECK(forest_plot({}, "points").empty());
}
