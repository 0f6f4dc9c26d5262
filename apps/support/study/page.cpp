#include "apps/support/study/page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "apps/support/study/forest_plot.h"

namespace duel {
namespace {

std::string capitalised(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

// "81.24 (80.51 … 81.97)", or the mean alone. A share lies in 0 … 100 %, whatever t says of a few seeds.
std::string interval_text(const Estimate& e) {
  return std::isfinite(e.low)
             ? fmt::format("{} ({} … {})", percent_text(e.mean), percent_text(std::max(0.0, e.low)), percent_text(std::min(1.0, e.high)))
             : percent_text(e.mean);
}
std::string half_text(const Estimate& e) {
  return std::isfinite(e.low) && std::isfinite(e.mean) ? fmt::format("{:.1f} ± {:.1f}", 100 * e.mean, 50 * (e.high - e.low))
         : std::isfinite(e.mean)                       ? fmt::format("{:.1f}", 100 * e.mean)
                                                       : "–";
}

bool tested(const ArmOutcome& a) { return a.verdict == Verdict::helped || a.verdict == Verdict::hurt || a.verdict == Verdict::unclear; }

Table decision_table(const StudyPlan& plan, const LevelOutcome& level) {
  Table table{capitalised(fmt::format("{}, {}", measure_words[plan.measure], level.level.name)),
              "Mean over the seeds with its 95 % t-interval, in %; the difference in points, without correction; p by the paired t-test, "
              "then after Holm's correction; "
              "p of the sign-flip test, uncorrected; milliseconds a step of the fastest seed.",
              {"Arm", "Mean", "Difference", "p", "Holm", "Sign-flip", "Verdict", "Images", "Synthetic", "ms a step", "Made in"},
              {}};
  for (const ArmOutcome& a : level.arms) {
    const bool base = a.verdict == Verdict::baseline;
    const auto known = [&](const std::string& text) { return a.runs.empty() ? "–" : text; };
    const Verdict verdict = base && !a.failed.empty() ? Verdict::failed : a.verdict;
    table.rows.push_back({a.arm.name, interval_text(a.measures[plan.measure]), base ? "–" : points_text(a.test.difference),
                          base ? "–" : p_text(a.test.p), tested(a) ? p_text(a.p_holm) : "–", base ? "–" : p_text(a.test.p_signs),
                          verdict_words[static_cast<int>(verdict)], known(fmt::format("{:.0f}", a.images)),
                          known(fmt::format("{:.0f}", a.synthetic)), known(fmt::format("{:.1f}", a.ms_per_step)),
                          known(fmt::format("{:.1f} s", a.prepare_seconds))});
  }
  return table;
}

Table measures_table(const LevelOutcome& level) {
  Table table{"All measures, " + level.level.name, "Means over the seeds with 95 % t-intervals, in %.", {"Arm"}, {}};
  for (const char* name : measure_words) table.head.push_back(capitalised(name));
  for (const ArmOutcome& a : level.arms) {
    table.rows.push_back({a.arm.name});
    for (const Estimate& e : a.measures) table.rows.back().push_back(interval_text(e));
  }
  return table;
}

Table recall_table(const LevelOutcome& level, const std::vector<std::string>& classes) {
  Table table{"Recall by class, " + level.level.name,
              "Means over the seeds and half their 95 % t-intervals, in %; below the names the training images.",
              {"Arm"},
              {}};
  for (size_t c = 0; c < classes.size(); ++c) table.head.push_back(fmt::format("{} {}", classes[c], level.level.counts[c]));
  for (const ArmOutcome& a : level.arms) {
    table.rows.push_back({a.arm.name});
    for (size_t c = 0; c < classes.size(); ++c) table.rows.back().push_back(c < a.recall.size() ? half_text(a.recall[c]) : "–");
  }
  return table;
}

Table runs_table(const Outcome& outcome) {
  Table table{"Every training",
              "Accuracy with Wilson's 95 % interval, which knows of the test images' chance only, not of the seed's.",
              {"Level, arm, seed", "Accuracy", "Balanced", "G-mean", "Macro F1", "Loss"},
              {}};
  for (const LevelOutcome& level : outcome.levels)
    for (const ArmOutcome& a : level.arms)
      for (const StudyResult& r : a.runs) {
        const Interval i = wilson(r.scores.right(), r.scores.total());
        table.rows.push_back({fmt::format("{}, {}, {}", r.level, r.arm, r.seed),
                              fmt::format("{} ({} … {})", percent_text(r.scores.accuracy()), percent_text(i.low), percent_text(i.high)),
                              percent_text(r.scores.balanced_accuracy()), percent_text(r.scores.g_mean()),
                              percent_text(r.scores.macro_f1()), fmt::format("{:.3f}", r.loss)});
      }
  return table;
}

Table notes_table(const Outcome& outcome) {
  Table table{"Notes", "", {"Of single trainings"}, {}};
  for (const LevelOutcome& level : outcome.levels)
    for (const ArmOutcome& a : level.arms)
      for (const StudyResult& r : a.failed)
        table.rows.push_back({fmt::format("{}, {}, seed {}: did not train: {}", r.level, r.arm, r.seed, r.failed)});
  for (const LevelOutcome& level : outcome.levels)
    for (const ArmOutcome& a : level.arms)
      for (const StudyResult& r : a.runs)
        if (!r.note.empty()) table.rows.push_back({fmt::format("{}, {}, seed {}: {}", r.level, r.arm, r.seed, r.note)});
  return table;
}

Table arms_table(const StudyPlan& plan) {
  Table table{"The arms", "", {"Arm", "What it is"}, {}};
  for (const Arm& arm : plan.arms) table.rows.push_back({arm.name, arm.what});
  return table;
}

Figure plot_of(const StudyPlan& plan, const LevelOutcome& level) {
  std::vector<ForestRow> rows;
  const ArmOutcome& base = level.arms.front();
  for (const ArmOutcome& a : level.arms) {
    if (a.verdict == Verdict::baseline || !std::isfinite(a.test.difference.mean)) continue;  // not every seed has its pair
    ForestRow row{.name = a.arm.name,
                  .text = points_text(a.test.difference),
                  .side = a.verdict == Verdict::helped ? 1
                          : a.verdict == Verdict::hurt ? -1
                                                       : 0};
    for (const StudyResult& r : a.runs)
      for (const StudyResult& s : base.runs)
        if (r.seed == s.seed) row.points.push_back(100 * (measure_of(r.scores, plan.measure) - measure_of(s.scores, plan.measure)));
    const Estimate& d = a.test.difference;
    row.estimate = {100 * d.mean, 100 * d.low, 100 * d.high};
    rows.push_back(row);
  }
  return {capitalised(level.level.name) + ": what each arm changes",
          fmt::format("A ring is one seed, the square their mean, the bar its 95 % interval, uncorrected. Green helped and red hurt, after "
                      "correction; grey cannot be told apart from {}.",
                      base.arm.name),
          forest_plot(rows, fmt::format("{}, points above {}", measure_words[plan.measure], base.arm.name))};
}

void add_pictures(Page& page, const StudyPlan& plan, const StudyFolder& folder) {
  for (const Level& level : plan.levels)
    for (const Arm& arm : plan.arms) {
      const auto file = folder.sample(level.name, arm.name);
      if (!std::filesystem::exists(file)) continue;
      page.pictures.push_back(
          {capitalised(fmt::format("{}, {}", arm.name, level.name)),
           arm.synthesises() ? fmt::format("Synthetic images of the first seed, a row a class, of those that lacked any: {}.", arm.what)
                             : fmt::format("What the classifier sees in the middle of its training, first seed: {}.", arm.what),
           read_image(file.string(), 0)});
    }
}

}  // namespace

Page study_page(const StudyPlan& plan, const Outcome& outcome, const StudyFolder& folder, const std::vector<std::string>& classes) {
  Page page;
  const std::string& data = plan.training.data;
  page.title = fmt::format("{} on {}?", plan.kind == StudyKind::augmentation ? "Does augmentation help" : "What helps rare classes",
                           data == "fashion-mnist" ? "Fashion-MNIST" : data);
  page.subtitle = fmt::format("{} of {} trainings · {:.0f} s of computing", outcome.done, outcome.planned, outcome.seconds);
  page.words.push_back({"What came out", words_of(plan, outcome)});
  for (const LevelOutcome& level : outcome.levels)
    if (level.arms.front().verdict == Verdict::baseline && level.arms.front().failed.empty() && level.arms.size() > 1)
      page.figures.push_back(plot_of(plan, level));
  for (const LevelOutcome& level : outcome.levels) page.tables.push_back(decision_table(plan, level));
  for (const LevelOutcome& level : outcome.levels)
    page.tables.push_back(measures_table(level)), page.tables.push_back(recall_table(level, classes));
  page.tables.push_back(arms_table(plan)), page.tables.push_back(runs_table(outcome));
  if (const Table notes = notes_table(outcome); !notes.rows.empty()) page.tables.push_back(notes);
  const nlohmann::ordered_json written = plan.json(), training = written.at("training");
  for (const auto& [key, value] : written.items())
    if (!value.is_structured()) page.settings.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  page.settings.emplace_back("seeds", fmt::format("{}", fmt::join(plan.seeds, ", ")));
  for (const Level& level : plan.levels)
    page.settings.emplace_back("images a class, " + level.name, fmt::format("{}", fmt::join(level.counts, ", ")));
  for (const auto& [key, value] : training.items())
    page.settings.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  add_pictures(page, plan, folder);
  return page;
}

}  // namespace duel
