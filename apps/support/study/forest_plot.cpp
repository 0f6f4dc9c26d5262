#include "apps/support/study/forest_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/support/report/report.h"

namespace duel {
namespace {

constexpr double width = 860, left = 130, right = 660, row_height = 26, top = 8;

// 1, 2 or 5 times a power of ten, so that about `wanted` of them fill the span.
double nice_step(double span, int wanted) {
  const double raw = span / wanted, power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (raw <= factor * power) return factor * power;
  return 10 * power;
}

struct Axis {
  double low = 0, high = 0, step = 1;
  double at(double value) const { return left + (right - left) * (value - low) / (high - low); }
};

Axis axis_of(const std::vector<ForestRow>& rows) {
  Axis axis;
  const auto hold = [&](double v) {
    if (std::isfinite(v)) axis.low = std::min(axis.low, v), axis.high = std::max(axis.high, v);
  };
  for (const ForestRow& row : rows) {
    for (const double v : row.points) hold(v);
    hold(row.estimate.mean), hold(row.estimate.low), hold(row.estimate.high);
  }
  if (axis.high - axis.low < 1e-9) axis.low -= 1, axis.high += 1;
  axis.step = nice_step(axis.high - axis.low, 6);
  axis.low = std::floor(axis.low / axis.step) * axis.step, axis.high = std::ceil(axis.high / axis.step) * axis.step;
  return axis;
}

std::string line(double x1, double y1, double x2, double y2, const char* style) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1, y1, x2, y2, style);
}
std::string text(double x, double y, const char* anchor, const std::string& words) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor, html_escape(words));
}

std::string drawn(const ForestRow& row, const Axis& axis, double y) {
  const char* colour = row.side > 0 ? "var(--good)" : row.side < 0 ? "var(--bad)" : "var(--soft)";
  std::string svg = text(left - 12, y + 4, "end", row.name) + text(width, y + 4, "end", row.text);
  if (std::isfinite(row.estimate.low))
    svg += line(axis.at(row.estimate.low), y, axis.at(row.estimate.high), y,
                fmt::format("stroke=\"{}\" stroke-width=\"3\" stroke-linecap=\"round\"", colour).c_str());
  for (const double v : row.points)
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"none\" stroke=\"{}\"/>\n", axis.at(v), y, colour);
  if (std::isfinite(row.estimate.mean))
    svg += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"9\" height=\"9\" fill=\"{}\"/>\n", axis.at(row.estimate.mean) - 4.5,
                       y - 4.5, colour);
  return svg;
}

}  // namespace

std::string forest_plot(const std::vector<ForestRow>& rows, const std::string& unit) {
  if (rows.empty()) return "";
  const Axis axis = axis_of(rows);
  const double bottom = top + row_height * static_cast<double>(rows.size());
  std::string svg = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", width, bottom + 44, html_escape(unit));
  for (int i = 0; i <= static_cast<int>(std::lround((axis.high - axis.low) / axis.step)); ++i) {
    const double value = axis.low + i * axis.step, x = axis.at(value);
    const bool zero = std::abs(value) < axis.step / 2;
    svg += line(x, top, x, bottom, zero ? "class=\"axis\" stroke-width=\"2\"" : "class=\"rule\"");
    svg += text(x, bottom + 16, "middle", zero ? "0" : fmt::format("{:+.6g}", value));
  }
  for (size_t i = 0; i < rows.size(); ++i) svg += drawn(rows[i], axis, top + row_height * (static_cast<double>(i) + 0.5));
  return svg + text((left + right) / 2, bottom + 36, "middle", unit) + "</svg>\n";
}

}  // namespace duel
