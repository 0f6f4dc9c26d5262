#include "apps/support/study/outcome.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/io/file.h"

namespace duel {
namespace {

constexpr double significance = 0.05;

ArmOutcome arm_outcome(const StudyPlan& plan, const Arm& arm, const std::string& level, const std::vector<StudyResult>& results) {
  ArmOutcome out{.arm = arm, .test = paired_test({}, {})};
  for (const int64_t seed : plan.seeds)
    for (const StudyResult& r : results)
      if (r.level == level && r.arm == arm.name && r.seed == seed) (r.failed.empty() ? out.runs : out.failed).push_back(r);
  const auto over_seeds = [&](auto&& value) {
    std::vector<double> values;
    for (const StudyResult& r : out.runs) values.push_back(value(r));
    return values;
  };
  for (int m = 0; m < 4; ++m) out.measures[m] = mean_interval(over_seeds([&](const StudyResult& r) { return measure_of(r.scores, m); }));
  const int classes = out.runs.empty() ? 0 : out.runs.front().scores.classes;
  for (int c = 0; c < classes; ++c)
    out.recall.push_back(mean_interval(over_seeds([&](const StudyResult& r) { return r.scores.recall(c); })));
  const std::vector<double> ms = over_seeds([](const StudyResult& r) { return 1000 * r.train_seconds / static_cast<double>(r.steps); });
  out.ms_per_step = ms.empty() ? 0 : *std::min_element(ms.begin(), ms.end());
  if (out.runs.empty()) return out;
  out.prepare_seconds = mean_of(over_seeds([](const StudyResult& r) { return r.prepare_seconds; }));
  out.images = mean_of(over_seeds([](const StudyResult& r) { return static_cast<double>(r.images); }));
  out.synthetic = mean_of(over_seeds([](const StudyResult& r) { return static_cast<double>(r.synthetic); }));
  return out;
}

// Of the seeds that both have.
PairedTest compared(const ArmOutcome& arm, const ArmOutcome& baseline, int measure) {
  std::vector<double> a, b;
  for (const StudyResult& r : arm.runs)
    for (const StudyResult& s : baseline.runs)
      if (r.seed == s.seed) a.push_back(measure_of(r.scores, measure)), b.push_back(measure_of(s.scores, measure));
  return paired_test(a, b);
}

void judge(Outcome& outcome) {
  std::vector<double> p;
  std::vector<ArmOutcome*> tested;
  for (LevelOutcome& level : outcome.levels)
    for (ArmOutcome& arm : level.arms)
      if (arm.verdict == Verdict::untested && level.arms.front().failed.empty()) p.push_back(arm.test.p), tested.push_back(&arm);
  const std::vector<double> adjusted = holm(p);
  for (size_t i = 0; i < tested.size(); ++i) {
    tested[i]->p_holm = adjusted[i];
    if (std::isnan(adjusted[i])) continue;
    ++outcome.tests;
    tested[i]->verdict = adjusted[i] >= significance           ? Verdict::unclear
                         : tested[i]->test.difference.mean > 0 ? Verdict::helped
                                                               : Verdict::hurt;
  }
}

// crop in 2 of 5 seeds (2, 4)
std::string failures_of(const LevelOutcome& level) {
  std::vector<std::string> parts;
  for (const ArmOutcome& arm : level.arms) {
    if (arm.failed.empty()) continue;
    std::vector<int64_t> seeds;
    for (const StudyResult& r : arm.failed) seeds.push_back(r.seed);
    parts.push_back(
        fmt::format("{} in {} of {} seeds ({})", arm.arm.name, seeds.size(), seeds.size() + arm.runs.size(), fmt::join(seeds, ", ")));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

// crop +1.20 points (+0.40 … +2.00, p = 0.031), …
std::string list_of(const LevelOutcome& level, Verdict verdict) {
  std::vector<std::string> parts;
  for (const ArmOutcome& arm : level.arms) {
    if (arm.verdict != verdict) continue;
    const Estimate& d = arm.test.difference;
    parts.push_back(fmt::format("{} {:+.2f} points", arm.arm.name, 100 * d.mean));
    if (verdict != Verdict::untested)
      parts.back() += fmt::format(" ({:+.2f} … {:+.2f}, {})", 100 * d.low, 100 * d.high, p_words(arm.p_holm));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string level_words(const StudyPlan& plan, const LevelOutcome& level) {
  const ArmOutcome& base = level.arms.front();
  const Estimate& e = base.measures[plan.measure];
  std::string text = level.level.name + ":";
  if (const std::string list = failures_of(level); !list.empty())
    text += fmt::format(" no number came of {}. An arm is only tested where it and {} trained with every seed.", list, base.arm.name);
  if (!base.failed.empty()) return text;
  text += fmt::format(" {} reaches {} % {}", base.arm.name, percent_text(e.mean), measure_words[plan.measure]);
  if (std::isfinite(e.low)) text += fmt::format(" ({} … {})", percent_text(e.low), percent_text(e.high));
  if (const std::string list = list_of(level, Verdict::untested); !list.empty()) return text + ". Not tested: " + list + ".";
  for (const Verdict verdict : {Verdict::helped, Verdict::hurt}) {
    const std::string list = list_of(level, verdict);
    text += fmt::format(". {}: {}", verdict == Verdict::helped ? "Helped" : "Hurt", list.empty() ? "nothing" : list);
  }
  if (const std::string list = list_of(level, Verdict::unclear); !list.empty())
    text += fmt::format(". Cannot be told apart from {}: {}", base.arm.name, list);
  return text + ".";
}

// What a generator has seen decides what its samples are worth.
void generator_words(const StudyPlan& plan, std::vector<std::string>& words) {
  const auto say = [&](const char* what, const StudyPlan::Generator& from, bool (*is)(const Arm&)) {
    if (!plan.wants(is)) return;
    words.push_back(
        from.run.empty()
            ? fmt::format(
                  "The {} was trained by the study, {} steps for each level and seed, on the very images that the other arms had; these "
                  "steps come on top of the classifier's.",
                  what, plan.generator_steps)
            : fmt::format(
                  "The {} comes from {} ({}). Where that run saw images that the other arms did not have, they have leaked into its "
                  "samples, and its arms do not show what augmentation is worth.",
                  what, from.run, from.about));
  };
  say("VAE", plan.vae, wants_vae), say("conditional VAE", plan.cvae, wants_cvae), say("conditional GAN", plan.cgan, wants_cgan);
}

}  // namespace

double measure_of(const Scores& scores, int measure) {
  switch (measure) {
    case 0:
      return scores.accuracy();
    case 1:
      return scores.balanced_accuracy();
    case 2:
      return scores.g_mean();
    default:
      return scores.macro_f1();
  }
}

Outcome outcome_of(const StudyPlan& plan, const std::vector<StudyResult>& results) {
  Outcome outcome{.done = results.size(), .planned = runs_of(plan).size()};
  for (const Level& level : plan.levels) {
    LevelOutcome out{level, {}};
    for (const Arm& arm : plan.arms) {
      ArmOutcome one = arm_outcome(plan, arm, level.name, results);
      if (one.runs.empty() && one.failed.empty()) continue;
      if (arm.name == plan.arms.front().name) one.verdict = Verdict::baseline;
      else if (!one.failed.empty()) one.verdict = Verdict::failed;
      else if (!out.arms.empty() && out.arms.front().failed.empty()) one.test = compared(one, out.arms.front(), plan.measure);
      out.arms.push_back(one);
    }
    if (!out.arms.empty()) outcome.levels.push_back(out);
  }
  for (const StudyResult& r : results) outcome.seconds += r.prepare_seconds + r.train_seconds;
  if (outcome.complete()) judge(outcome);
  return outcome;
}

std::vector<std::string> words_of(const StudyPlan& plan, const Outcome& outcome) {
  std::vector<std::string> words;
  if (!outcome.complete()) {
    words.push_back(fmt::format("{} of {} trainings are done; what helped is said when all are.", outcome.done, outcome.planned));
    return words;
  }
  for (const LevelOutcome& level : outcome.levels) words.push_back(level_words(plan, level));
  const size_t n = plan.seeds.size();
  words.push_back(
      n < 2 ? "With one seed nothing is tested: how much the result scatters from one training to the next is not known."
            : fmt::format("A difference is an arm's {} less that of {}, seed by seed, with its 95 % interval of t; p is of the paired "
                          "t-test, two-sided, after Holm's correction over {}. "
                          "The sign-flip test, which takes no distribution for granted, cannot go below p = {} with {} seeds.",
                          measure_words[plan.measure], plan.arms.front().name, counted(static_cast<uint64_t>(outcome.tests), "comparison"),
                          p_text(2 / std::pow(2.0, static_cast<double>(n))), n));
  words.push_back(fmt::format(
      "Every arm had {} of {} images, whatever its images were worth or cost, and was judged once, after the last step, on the same {}. "
      "A seed decides the training images, the first weights, their order and every other draw.",
      counted(static_cast<uint64_t>(plan.training.steps), "step"), plan.training.batch,
      counted(static_cast<uint64_t>(plan.test_images), "test image")));
  generator_words(plan, words);
  return words;
}

std::string percent_text(double share) { return std::isfinite(share) ? fmt::format("{:.2f}", 100 * share) : "–"; }

std::string points_text(const Estimate& d) {
  if (!std::isfinite(d.mean)) return "–";
  const std::string mean = fmt::format("{:+.2f}", 100 * d.mean);
  return std::isfinite(d.low) ? fmt::format("{} ({:+.2f} … {:+.2f})", mean, 100 * d.low, 100 * d.high) : mean;
}

std::string p_text(double p) { return std::isnan(p) ? "–" : p < 0.001 ? "< 0.001" : fmt::format("{:.3f}", p); }
std::string p_words(double p) { return (p < 0.001 ? "p " : "p = ") + p_text(p); }

}  // namespace duel
