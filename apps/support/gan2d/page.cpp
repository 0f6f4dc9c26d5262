#include "apps/support/gan2d/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/support/report/run_page.h"
#include "engine/io/base64.h"

namespace duel {
namespace {

using Json = nlohmann::ordered_json;

// Coordinates as unsigned 16-bit numbers, low byte first: 0 and 65535 are −1.5 and +1.5 times the reach, so that points just outside of the
// picture are where they are; those farther out, and those that are not finite, stand at its border.
std::string packed_points(const std::vector<float>& points, double reach) {
  std::vector<uint8_t> bytes;
  for (const float v : points) {
    const double part = std::isfinite(v) ? std::clamp(v / reach / 3 + 0.5, 0.0, 1.0) : 1;
    const auto whole = static_cast<uint16_t>(std::lround(part * 65535));
    bytes.push_back(static_cast<uint8_t>(whole & 255)), bytes.push_back(static_cast<uint8_t>(whole >> 8));
  }
  return base64(bytes);
}

std::string packed_field(const std::vector<float>& field) {
  std::vector<uint8_t> bytes;
  for (const float v : field) bytes.push_back(static_cast<uint8_t>(std::isfinite(v) ? std::lround(255 * std::clamp(v, 0.0f, 1.0f)) : 128));
  return base64(bytes);
}

Json short_numbers(const std::vector<float>& values) {
  Json out = Json::array();
  for (const float v : values) out.push_back(std::isfinite(v) ? std::stod(fmt::format("{:.3g}", v)) : 0);
  return out;
}

std::string words_of(const PlaneScore& s) {
  if (!s.modes) return fmt::format("coverage {:.0f} % · precision {:.0f} %", 100 * s.shares.coverage, 100 * s.shares.precision);
  return fmt::format("{} of {} modes · {:.0f} % of high quality", s.modes->covered, s.modes->modes, 100 * s.good());
}

// A length that most arrows of the film stay below: what the longest arrow on the page stands for.
double usual_length(const Film& film) {
  std::vector<double> lengths;
  for (const FilmFrame& f : film.frames)
    for (size_t i = 0; i < f.arrows.size(); i += 2)
      if (const double l = std::hypot(f.arrows[i], f.arrows[i + 1]); std::isfinite(l)) lengths.push_back(l);
  if (lengths.empty()) return 1;
  const auto at = lengths.begin() + static_cast<int64_t>(lengths.size() * 9 / 10);
  std::nth_element(lengths.begin(), at, lengths.end());
  return std::max(*at, 1e-30);
}

}  // namespace

Stage film_stage(const std::vector<FilmPanel>& panels) {
  Json list = Json::array();
  for (const FilmPanel& panel : panels) {
    const Film& film = *panel.film;
    Json frames = Json::array();
    for (const FilmFrame& f : film.frames)
      frames.push_back({{"step", f.step},
                        {"points", packed_points(f.points, film.reach)},
                        {"field", packed_field(f.field)},
                        {"arrows", short_numbers(f.arrows)},
                        {"length", fmt::format("{:.2g}", f.arrow_length)},
                        {"score", words_of(f.score)}});
    list.push_back({{"name", panel.name},
                    {"reach", film.reach},
                    {"unit", usual_length(film)},
                    {"real", packed_points(film.real, film.reach)},
                    {"frames", std::move(frames)}});
  }
  return {film_html, film_style, film_script, Json{{"side", field_side}, {"panels", std::move(list)}}.dump()};
}

Series scores_over_time(const std::vector<FilmPanel>& panels, bool quality) {
  const bool counted = panels.front().film->frames.front().score.modes.has_value();
  Series series{quality ? (counted ? "Samples of high quality" : "Precision") : (counted ? "Modes covered" : "Coverage"),
                "",
                {},
                quality || !counted};
  for (const FilmPanel& panel : panels) {
    Curve curve{panel.name.empty() ? series.title : panel.name, {}, {}};
    for (const FilmFrame& f : panel.film->frames)
      curve.step.push_back(static_cast<double>(f.step)), curve.value.push_back(quality ? f.score.good() : f.score.found());
    series.curves.push_back(std::move(curve));
  }
  return series;
}

Page plane_page(const Gan2dSettings& settings, const std::string& source, const std::string& device, const Film& film,
                const std::vector<nlohmann::ordered_json>& records) {
  const FilmFrame& last = film.frames.back();
  Page page = run_page("GAN", source, device, last.step, settings.json());
  page.subtitle = fmt::format("step {} · {}", last.step, last.score.text());
  const std::vector<FilmPanel> panels{{"", &film}};
  page.stage = film_stage(panels);
  Curve arrows{"mean length of the arrows", {}, {}};
  for (const FilmFrame& f : film.frames) arrows.step.push_back(static_cast<double>(f.step)), arrows.value.push_back(f.arrow_length);
  page.series = {
      {"Losses",
       "Each net minimises its own; neither says how good the points are.",
       {curve_of(records, "loss_d", "D"), curve_of(records, "loss_g", "G")}},
      scores_over_time(panels, false),
      scores_over_time(panels, true),
      {"What G is told", "How far the loss would move a point; near 0 G learns nothing.", {arrows}},
  };
  if (says_probability(settings.objective().loss))
    page.series.push_back({"What D says",
                           "The probability of being real, before D's update; where nothing is left to tell apart both are 50 %.",
                           {curve_of(records, "d_real", "of real points"), curve_of(records, "d_fake", "of generated points")},
                           true});
  return page;
}

}  // namespace duel
