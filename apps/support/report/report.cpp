#include "apps/support/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/io/atomic_file.h"
#include "engine/io/base64.h"
#include "kernels/error.h"

namespace duel {
namespace {

using Json = nlohmann::ordered_json;
constexpr size_t most_frames = 48, most_columns = 96, few_pictures = 4;  // more than a few stand side by side

std::string data_uri(const Image& image) { return "data:image/png;base64," + base64(encode_png(image)); }

std::string thousands(int64_t n) {
  std::string digits = std::to_string(n), out;
  for (size_t i = 0; i < digits.size(); i++) {
    out += digits[i];
    const size_t rest = digits.size() - 1 - i;
    if (rest && rest % 3 == 0 && digits[i] != '-') out += ',';
  }
  return out;
}

std::string number(double v) { return std::isfinite(v) ? fmt::format("{:.3f}", v) : std::isnan(v) ? "not a number" : "infinite"; }

// The text of a <script type="application/json">: '<' as an escape, so that no string can end the element; U+2028 and its like are fine in
// JSON.
std::string escaped_json(const std::string& json) {
  std::string out;
  for (char c : json) {
    if (c == '<') out += "\\u003c";
    else out += c;
  }
  return out;
}
std::string script_json(const Json& value) { return escaped_json(value.dump(-1, ' ', false, Json::error_handler_t::replace)); }

// Six digits draw a curve; the rest would be most of the page.
Json short_numbers(const std::vector<double>& values) {
  Json out = Json::array();
  for (double v : values) {
    if (!std::isfinite(v)) out.push_back(nullptr);
    else if (v == std::floor(v) && std::abs(v) < 1e15) out.push_back(static_cast<int64_t>(v));
    else out.push_back(std::stod(fmt::format("{:.6g}", v)));
  }
  return out;
}

Json curves_json(const std::vector<Series>& all) {
  Json out = Json::array();
  for (const Series& series : all) {
    Json curves = Json::array();
    for (const Curve& curve : series.curves) {
      const ThinCurve thin = thin_curve(curve);
      Json c = {{"name", curve.name}, {"x", short_numbers(thin.step)}, {"y", short_numbers(thin.value)}};
      if (!thin.low.empty()) c["low"] = short_numbers(thin.low), c["high"] = short_numbers(thin.high);
      curves.push_back(std::move(c));
    }
    out.push_back({{"title", series.title}, {"share", series.share}, {"curves", std::move(curves)}});
  }
  return out;
}

// The numbers of the first, the last and what lies evenly between, at most `most` in all.
std::vector<size_t> evenly(size_t count, size_t most) {
  std::vector<size_t> chosen;
  const size_t n = std::min(count, most);
  for (size_t i = 0; i < n; i++) chosen.push_back(n == 1 ? count - 1 : i * (count - 1) / (n - 1));
  return chosen;
}

Json distributions_json(const std::vector<Histograms>& all) {
  Json out = Json::array();
  for (const Histograms& d : all) {
    if (d.step.size() != d.values.size())
      fail(Failure::internal, fmt::format("[report] {} has {} steps and {} histograms", d.title, d.step.size(), d.values.size()));
    Json columns = Json::array();
    for (const size_t i : evenly(d.step.size(), most_columns)) {
      const Histogram& h = d.values[i];
      columns.push_back({d.step[i], short_numbers({h.low, h.high}), h.counts});
    }
    out.push_back({{"title", d.title}, {"share", d.share}, {"columns", std::move(columns)}});
  }
  return out;
}

std::vector<const Frame*> chosen_frames(const std::vector<Frame>& frames) {
  std::vector<const Frame*> chosen;
  for (const size_t i : evenly(frames.size(), most_frames)) chosen.push_back(&frames[i]);
  return chosen;
}

std::string samples_figure(const std::vector<const Frame*>& frames, const std::string& what, Json& film) {
  if (frames.empty()) return "";
  const Frame& last = *frames.back();
  const std::string step = thousands(last.step);
  std::string latest;
  for (const Frame* frame : frames) {
    latest = data_uri(frame->grid);
    film.push_back({{"step", thousands(frame->step)}, {"src", frame == &last ? "" : latest}});  // the last one is in the <img> already
  }
  std::string html = fmt::format(
      "<figure class=\"card samples\" id=\"film\" aria-label=\"Samples over time\">\n"
      "<div class=\"screen\"><img id=\"film-image\" width=\"{}\" height=\"{}\" alt=\"Generated samples after step {}\" src=\"{}\"></div>\n"
      "<figcaption>{}, after step <output id=\"film-step\">{}</output></figcaption>\n",
      last.grid.w, last.grid.h, step, latest, html_escape(what), step);
  if (frames.size() > 1)
    html += fmt::format(
        "<div class=\"controls needs-js\"><button type=\"button\" id=\"film-play\" aria-label=\"Play\">▶</button>"
        "<input type=\"range\" id=\"film-slider\" min=\"0\" max=\"{0}\" value=\"{0}\" aria-label=\"Training step\">"
        "<span class=\"hint\">← → to step, space to play</span></div>\n",
        frames.size() - 1);
  return html + "</figure>\n";
}

std::string checks_table(const std::vector<Check>& checks) {
  if (checks.empty()) return "";
  std::string rows;
  for (const Check& check : checks)
    rows += fmt::format(
        "<tr><th scope=\"row\">{}<small>{}</small></th><td class=\"number\">{}</td><td class=\"number\">{}</td><td><span "
        "class=\"{}</span></td></tr>\n",
        html_escape(check.name), html_escape(check.meaning), number(check.value), html_escape(check.bound()),
        check.passed() ? "verdict pass\">✓ pass" : "verdict fail\">✗ fail");
  return "<section class=\"card\"><h2>Are the samples plausible?</h2>\n<table class=\"checks\"><thead><tr><th scope=\"col\">Measure</th>"
         "<th scope=\"col\" class=\"number\">Value</th><th scope=\"col\" class=\"number\">Wanted</th><th "
         "scope=\"col\">Verdict</th></tr></thead>\n<tbody>\n" +
         rows + "</tbody></table></section>\n";
}

// The first column names a row; so does the second of a table of layers, which says what it is.
std::string plain_table(const Table& table, size_t words = 1) {
  auto cells = [words](const std::vector<std::string>& row, const char* scope) {
    std::string html = "<tr>";
    for (size_t i = 0; i < row.size(); ++i) {
      const bool heads = *scope == 'c' || i == 0;
      html += fmt::format("<{0}{1}{2}>{3}</{0}>", heads ? "th" : "td", heads ? fmt::format(" scope=\"{}\"", scope) : "",
                          i >= words ? " class=\"number\"" : "", html_escape(row[i]));
    }
    return html + "</tr>\n";
  };
  std::string html = "<section class=\"card wide\"><h2>" + html_escape(table.title) + "</h2>\n";
  if (!table.note.empty()) html += "<p class=\"note\">" + html_escape(table.note) + "</p>\n";
  html += "<table class=\"checks\"><thead>" + cells(table.head, "col") + "</thead>\n<tbody>\n";
  for (const auto& row : table.rows) html += cells(row, "row");
  return html + "</tbody></table></section>\n";
}

std::string words_card(const Words& words) {
  std::string html = "<section class=\"card words\"><h2>" + html_escape(words.title) + "</h2>\n";
  for (const std::string& sentence : words.sentences) html += "<p>" + html_escape(sentence) + "</p>\n";
  return html + "</section>\n";
}

std::string figure_card(const Figure& figure) {
  return "<section class=\"card\"><h2>" + html_escape(figure.title) + "</h2>\n" +
         (figure.note.empty() ? "" : "<p class=\"note\">" + html_escape(figure.note) + "</p>\n") + "<div class=\"plot\">" + figure.svg +
         "</div></section>\n";
}

std::string settings_table(const std::vector<std::pair<std::string, std::string>>& settings) {
  if (settings.empty()) return "";
  std::string rows;
  for (const auto& [name, value] : settings)
    rows += "<tr><th scope=\"row\">" + html_escape(name) + "</th><td>" + html_escape(value) + "</td></tr>\n";
  return "<section class=\"card\"><h2>Settings</h2>\n<table class=\"settings\"><tbody>\n" + rows + "</tbody></table></section>\n";
}

std::string chart_card(const std::string& title, const std::string& note, const std::string& id) {
  return fmt::format(
      "<section class=\"card chart\"><h2>{}</h2>\n{}<div class=\"plot\" id=\"{}\"></div>\n"
      "<noscript><p class=\"note\">This is drawn by JavaScript; the numbers are in metrics.jsonl.</p></noscript></section>\n",
      html_escape(title), note.empty() ? "" : "<p class=\"note\">" + html_escape(note) + "</p>\n", id);
}

std::string curve_cards(const std::vector<Series>& all, size_t from, size_t to) {
  std::string html;
  for (size_t i = from; i < std::min(to, all.size()); i++) html += chart_card(all[i].title, all[i].note, fmt::format("plot-{}", i));
  return html;
}

std::string charts(const std::vector<Series>& all, size_t from, const std::vector<Histograms>& distributions) {
  std::string html;
  for (size_t i = 0; i < distributions.size(); i++)
    html += chart_card(distributions[i].title, distributions[i].note, fmt::format("heat-{}", i));
  html += curve_cards(all, from, all.size());
  return html.empty() ? "" : "<div class=\"charts\">\n" + html + "</div>\n";
}

std::string picture_figure(const Picture& p) {
  return fmt::format(
      "<figure class=\"card strip\"><h2>{0}</h2>\n<div class=\"screen\"><img width=\"{1}\" height=\"{2}\" alt=\"{0}\" src=\"{3}\"></div>\n"
      "<figcaption>{4}</figcaption></figure>\n",
      html_escape(p.title), p.image.w, p.image.h, data_uri(p.image), html_escape(p.note));
}

std::string interpolation_figure(const Image& strip) {
  if (strip.pixels.empty()) return "";
  return picture_figure({"Between two points of the latent space",
                         "Neighbours should change little by little, and every image on the way should be as good as the ends.", strip});
}

}  // namespace

std::string html_escape(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else if (c == '\'') out += "&#39;";
    else if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
    else out += "\xEF\xBF\xBD";  // control characters are not allowed in HTML: U+FFFD
  }
  return out;
}

ThinCurve thin_curve(const Curve& curve, size_t most) {
  if (curve.step.size() != curve.value.size())
    fail(Failure::internal, fmt::format("[report] curve {} has {} steps and {} values", curve.name, curve.step.size(), curve.value.size()));
  const size_t n = curve.value.size();
  if (n <= std::max<size_t>(most, 2)) return {curve.step, curve.value, {}, {}};
  const size_t intervals = std::max<size_t>(most / 3, 1);  // three numbers each
  ThinCurve thin;
  for (size_t i = 0; i < intervals; i++) {
    const size_t first = i * n / intervals, last = (i + 1) * n / intervals;
    double sum = 0, steps = 0, low = std::numeric_limits<double>::infinity(), high = -low;
    size_t count = 0;
    for (size_t j = first; j < last; j++) {
      steps += curve.step[j];
      if (!std::isfinite(curve.value[j])) continue;
      sum += curve.value[j];
      low = std::min(low, curve.value[j]);
      high = std::max(high, curve.value[j]);
      count++;
    }
    const double nan = std::numeric_limits<double>::quiet_NaN();
    thin.step.push_back(steps / static_cast<double>(last - first));
    thin.value.push_back(count ? sum / static_cast<double>(count) : nan);
    thin.low.push_back(count ? low : nan);
    thin.high.push_back(count ? high : nan);
  }
  return thin;
}

std::string render_report(const Page& page) {
  Json film = Json::array();
  const std::string title = html_escape(page.title);
  const std::string samples = samples_figure(chosen_frames(page.frames), page.frames_are, film);
  std::string tables = checks_table(page.checks);
  for (const Table& table : page.tables) tables += plain_table(table);
  // Beside the film stands what fits its height: the verdicts and a chart, or two charts while there are none.
  const size_t beside = samples.empty() ? 0 : tables.empty() ? 2 : 1;
  tables += curve_cards(page.series, 0, beside);
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src "
      "'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>" +
      title + "</title>\n" +
      (page.look_again > 0 ? fmt::format("<noscript><meta http-equiv=\"refresh\" content=\"{}\"></noscript>\n", page.look_again) : "") +
      "<style>\n" + report_style + page.stage.style + "</style>\n</head>\n<body>\n<header><h1>" + title + "</h1>";
  if (!page.subtitle.empty()) html += "<p>" + html_escape(page.subtitle) + "</p>";
  if (page.look_again > 0)
    html +=
        fmt::format("<p class=\"live\">Training goes on: this page looks again every {} s while nobody touches it.</p>", page.look_again);
  html += "</header>\n<main>\n";
  for (const Words& words : page.words) html += words_card(words);
  for (const Figure& figure : page.figures) html += figure_card(figure);
  const bool staged = !page.stage.html.empty();
  const std::string curves = charts(page.series, beside, page.distributions);
  if (staged) html += page.stage.html + curves;
  html += "<div class=\"top\">\n" + samples;
  if (!tables.empty()) html += "<div class=\"side\">\n" + tables + "</div>\n";
  html += "</div>\n" + (staged ? "" : curves) + interpolation_figure(page.interpolation);
  std::string pictures;
  for (const Picture& picture : page.pictures) pictures += picture_figure(picture);
  html += page.pictures.size() > few_pictures ? "<div class=\"charts pictures\">\n" + pictures + "</div>\n" : pictures;
  html += "<div class=\"foot\">\n" + (page.layers.rows.empty() ? "" : plain_table(page.layers, 2)) +
          (page.inside.rows.empty() ? "" : plain_table(page.inside)) + settings_table(page.settings) + "</div>\n";
  html += "</main>\n<script type=\"application/json\" id=\"data\">" +
          script_json({{"film", film},
                       {"series", curves_json(page.series)},
                       {"distributions", distributions_json(page.distributions)},
                       {"lookAgain", page.look_again}}) +
          "</script>\n<script>\n" + report_script + "</script>\n";
  if (staged)
    html += "<script type=\"application/json\" id=\"stage-data\">" + escaped_json(page.stage.data) + "</script>\n<script>\n" +
            page.stage.script + "</script>\n";
  html += "</body>\n</html>\n";
  return html;
}

void write_report(const std::filesystem::path& file, const Page& page) { write_file_atomic(file.string(), render_report(page)); }

}  // namespace duel
