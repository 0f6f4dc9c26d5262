#include "apps/support/gan2d/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "apps/support/command/progress.h"
#include "apps/support/gan2d/page.h"
#include "apps/support/report/run_page.h"

namespace duel {
namespace {

template <size_t count>
bool is_one_of(const std::string& word, const char* const (&names)[count]) {
  return std::any_of(std::begin(names), std::end(names), [&](const char* name) { return word == name; });
}

std::string found_text(const PlaneScore& s) {
  return s.modes ? std::to_string(s.modes->covered) : fmt::format("{:.2f}", s.shares.coverage);
}

// Over the runs that did not diverge; none where each one did.
template <class F>
std::optional<double> mean_of(const std::vector<ContestRun>& runs, F&& f) {
  double sum = 0, count = 0;
  for (const ContestRun& r : runs)
    if (r.score) sum += f(r), ++count;
  return count > 0 ? std::optional(sum / count) : std::nullopt;
}

const char* unit_of(const PointSource& source, bool quality) {
  return source.mixture ? (quality ? "high_quality" : "modes") : quality ? "precision" : "coverage";
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

nlohmann::ordered_json record_of(const Contest& contest, const ContestRun& run, int64_t step, const PointSource& source) {
  nlohmann::ordered_json record{{"step", step}, {"loss", contest.who.name}, {"seed", run.seed}};
  record[unit_of(source, false)] = run.score ? nlohmann::ordered_json(run.score->found()) : nullptr;
  record[unit_of(source, true)] = run.score ? nlohmann::ordered_json(run.score->good()) : nullptr;
  if (!run.score) record["diverged"] = run.diverged;
  return record;
}

Table contest_table(const std::vector<Contest>& contests, const PointSource& source) {
  Table table{
      source.mixture ? fmt::format("Modes covered, of {}", source.mixture->centres.size()) : "Coverage",
      source.mixture
          ? fmt::format(
                "After the last step, a column a seed. A mode is covered by 20 of {} samples within 3 σ, σ = {:g}; high quality is the "
                "share of samples within 3 σ of a mode, mean over the seeds.",
                mode_samples, source.mixture->sigma)
          : "After the last step, a column a seed: the share of real points with a generated one among their five nearest; precision is "
            "the share of generated points as near to a real one, mean over the seeds.",
      {"Loss"},
      {}};
  for (const ContestRun& r : contests.front().runs) table.head.push_back(fmt::format("seed {}", r.seed));
  for (const char* head : {"mean", source.mixture ? "high quality" : "precision", "seconds"}) table.head.emplace_back(head);
  bool all_finite = true;
  for (const Contest& c : contests) {
    std::vector<std::string>& row = table.rows.emplace_back(1, c.who.name);
    for (const ContestRun& r : c.runs) {
      row.push_back(r.score ? found_text(*r.score) : "diverged");
      all_finite = all_finite && r.score;
    }
    const auto found = mean_of(c.runs, [](const auto&r) { return r.score->found(); }),
               good = mean_of(c.runs, [](const auto&r) { return r.score->good(); }),
               seconds = mean_of(c.runs, [](const auto&r) { return r.seconds; });
    row.push_back(found ? fmt::format("{:.2f}", *found) : "-");
    row.push_back(good ? fmt::format("{:.1f} %", 100 * *good) : "-");
    row.push_back(seconds ? fmt::format("{:.1f}", *seconds) : "-");
  }
  if (!all_finite) table.note += " The means leave out what diverged.";
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

nlohmann::ordered_json contest_settings(const Gan2dSettings& base, const std::vector<std::string>& losses,
                                        const std::vector<int64_t>& seeds) {
  nlohmann::ordered_json json = base.json();
  for (const char* of_each : {"loss", "seed", "log-every"}) json.erase(of_each);
  json["losses"] = losses, json["seeds"] = seeds;
  return json;
}

Page contest_page(const Gan2dSettings& base, const PointSource& source, const std::string& device, const std::vector<Contest>& contests) {
  std::vector<std::string> losses;
  for (const Contest& c : contests) losses.push_back(c.who.name);
  std::vector<int64_t> seeds;
  for (const ContestRun& r : contests.front().runs) seeds.push_back(r.seed);
  Page page = run_page("Losses", source.name, device, base.steps, contest_settings(base, losses, seeds));
  page.subtitle = fmt::format("{} steps · seeds {}", base.steps, fmt::join(seeds, ", "));
  page.tables = {contest_table(contests, source)};
  Words diverged{"Diverged", {}};
  for (const Contest& c : contests)
    for (const ContestRun& r : c.runs)
      if (!r.score) diverged.sentences.push_back(fmt::format("{}, seed {}: {}.", c.who.name, r.seed, r.diverged));
  if (!diverged.sentences.empty()) page.words = {diverged};

  std::vector<FilmPanel> panels;
  std::vector<const Contest*> shown;
  for (const Contest& c : contests) {
    if (c.film.frames.empty()) continue;
    const bool usual = c.film_seed == seeds.front();
    panels.push_back({usual ? c.who.name : fmt::format("{}, seed {}", c.who.name, c.film_seed), &c.film}), shown.push_back(&c);
  }
  if (shown.empty()) return page;
  page.subtitle += fmt::format(" · the film shows seed {}", seeds.front());
  page.stage = film_stage(panels);
  Series found = scores_over_time(panels, false);
  found.note = diverged.sentences.empty() ? "Mean over the seeds." : "Mean over the seeds that did not diverge.";
  for (size_t i = 0; i < shown.size(); ++i) {
    found.curves[i].name = shown[i]->who.name;
    for (size_t k = 0; k < found.curves[i].value.size(); ++k)
      found.curves[i].value[k] = *mean_of(shown[i]->runs, [&](const ContestRun& r) { return r.found.at(k); });
  }
  Series good = scores_over_time(panels, true);
  good.note = "Of the seed that the film shows.";
  page.series = {found, good};
  return page;
}

}  // namespace duel
