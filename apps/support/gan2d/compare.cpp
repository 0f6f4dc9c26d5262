#include "apps/support/gan2d/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "apps/support/gan2d/page.h"
#include "apps/support/progress.h"
#include "apps/support/run_page.h"

namespace duel {
namespace {

template <size_t count>
bool is_one_of(const std::string& word, const char* const (&names)[count]) {
  return std::any_of(std::begin(names), std::end(names), [&](const char* name) { return word == name; });
}

std::string found_text(const PlaneScore& s) {
  return s.modes ? std::to_string(s.modes->covered) : fmt::format("{:.2f}", s.shares.coverage);
}

template <class F>
double mean_of(const std::vector<ContestRun>& runs, F&& f) {
  double sum = 0;
  for (const ContestRun& r : runs) sum += f(r);
  return sum / static_cast<double>(runs.size());
}

}  // namespace

Contestant contestant(const std::string& name, const Gan2dSettings& base) {
  Contestant c{name, base};
  std::istringstream words(name);
  std::getline(words, c.settings.loss, '+');
  for (std::string word; std::getline(words, word, '+');) {
    if (word != "none" && is_one_of(word, penalty_names)) c.settings.penalty = word;
    else if (word == "spectral" || word == "layer") c.settings.d_norm = word;
    else
      fail(Failure::usage,
           fmt::format("--losses {}: '{}' is no penalty (wgan-gp, r1, dragan) and no norm of D (spectral, layer)", name, word));
  }
  c.settings.check();
  return c;
}

double Contest::mean_found() const {
  return mean_of(runs, [](const ContestRun& r) { return r.score.found(); });
}
double Contest::mean_good() const {
  return mean_of(runs, [](const ContestRun& r) { return r.score.good(); });
}

Table contest_table(const std::vector<Contest>& contests) {
  const PlaneScore& any = contests.front().runs.front().score;
  Table table{
      any.modes ? fmt::format("Modes covered, of {}", any.modes->modes) : "Coverage",
      any.modes
          ? fmt::format(
                "After the last step, a column a seed. A mode is covered by 20 of {} samples within 3 σ, σ = {:g}; high quality is the "
                "share of samples within 3 σ of a mode, mean over the seeds.",
                mode_samples, any.modes->sigma)
          : "After the last step, a column a seed: the share of real points with a generated one among their five nearest; precision is "
            "the share of generated points as near to a real one, mean over the seeds.",
      {"Loss"},
      {}};
  for (const ContestRun& r : contests.front().runs) table.head.push_back(fmt::format("seed {}", r.seed));
  for (const char* head : {"mean", any.modes ? "high quality" : "precision", "seconds"}) table.head.emplace_back(head);
  for (const Contest& c : contests) {
    std::vector<std::string>& row = table.rows.emplace_back(1, c.who.name);
    for (const ContestRun& r : c.runs) row.push_back(found_text(r.score));
    row.push_back(fmt::format("{:.2f}", c.mean_found()));
    row.push_back(fmt::format("{:.1f} %", 100 * c.mean_good()));
    row.push_back(fmt::format("{:.1f}", mean_of(c.runs, [](const ContestRun& r) { return r.seconds; })));
  }
  return table;
}

std::string text_of(const Table& table) {
  std::vector<size_t> widths(table.head.size());
  auto widen = [&](const std::vector<std::string>& row) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  };
  widen(table.head);
  for (const auto& row : table.rows) widen(row);
  std::string text;
  auto line = [&](const std::vector<std::string>& row) {
    for (size_t i = 0; i < row.size(); ++i)
      text += i ? fmt::format("  {:>{}}", row[i], widths[i]) : fmt::format("{:<{}}", row[i], widths[i]);
    text += "\n";
  };
  line(table.head);
  for (const auto& row : table.rows) line(row);
  return text;
}

Page contest_page(const Gan2dSettings& base, const std::string& source, const std::string& device, const std::vector<Contest>& contests) {
  Page page = run_page("Losses", source, device, base.steps, base.json());
  std::vector<int64_t> seeds;
  for (const ContestRun& r : contests.front().runs) seeds.push_back(r.seed);
  page.subtitle = fmt::format("{} steps · seeds {} · the film shows seed {}", base.steps, fmt::join(seeds, ", "), seeds.front());
  std::vector<FilmPanel> panels;
  for (const Contest& c : contests) panels.push_back({c.who.name, &c.film});
  page.stage = film_stage(panels);
  Series found = scores_over_time(panels, false);
  found.note = "Mean over the seeds.";
  for (size_t i = 0; i < contests.size(); ++i)
    for (size_t k = 0; k < found.curves[i].value.size(); ++k)
      found.curves[i].value[k] = mean_of(contests[i].runs, [&](const ContestRun& r) { return r.found.at(k); });
  Series good = scores_over_time(panels, true);
  good.note = fmt::format("Of seed {}.", seeds.front());
  page.series = {found, good};
  page.tables = {contest_table(contests)};
  return page;
}

}  // namespace duel
