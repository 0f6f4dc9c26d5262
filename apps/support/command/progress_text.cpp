// The words of the progress line: pure functions of what there is to say.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/support/command/progress.h"

namespace duel {
namespace {

std::string count(const ProgressState& s) {
  if (s.total <= 0) return fmt::format("step {}", s.step);
  const std::string total = fmt::format("{}", s.total);
  return fmt::format("{:>{}}/{}", s.step, total.size(), total);
}

// 100 % only when it is done; the nudge undoes binary fractions such as 28.999999999999996.
double whole_percent(double fraction) { return std::floor(100 * fraction + 1e-9); }

std::string value_of(const Reading& r) {
  if (!r.known) return fmt::format("{:>{}}", "-", r.share ? 5 : 6);
  return r.share ? stable_share(r.value) : stable_number(r.value);
}

// Eighths of a column where the terminal can show them.
std::string bar_of(double fraction, int width, bool unicode) {
  fraction = std::isfinite(fraction) ? std::clamp(fraction, 0., 1.) : 0;
  std::string out;
  if (!unicode) {
    const int full = static_cast<int>(fraction * width);
    return "[" + std::string(full, '#') + std::string(width - full, '.') + "]";
  }
  static constexpr const char* part[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
  const int eighths = static_cast<int>(fraction * width * 8);
  for (int i = 0; i < width; i++) out += part[std::clamp(eighths - 8 * i, 0, 8)];
  return "▕" + out + "▏";
}

std::string cut(const std::string& text, int columns) {
  std::string out;
  int used = 0;
  for (char c : text) {
    if ((c & 0xc0) != 0x80 && ++used > columns) break;
    out += c;
  }
  return out;
}

}  // namespace

std::string stable_number(double v) {
  if (std::isnan(v)) return "   nan";
  if (std::isinf(v)) return v > 0 ? "   inf" : "  -inf";
  const double a = std::abs(v);
  if (a != 0 && a < .0005) return fmt::format("{:>6.0e}", v);
  if (a < 9.9995) return fmt::format("{:6.3f}", v);
  if (a < 99.995) return fmt::format("{:6.2f}", v);
  if (a < 999.95) return fmt::format("{:6.1f}", v);
  if (a < 999999.5) return fmt::format("{:6.0f}", v);
  return fmt::format("{:6.1e}", v);
}

std::string stable_share(double v) { return std::isfinite(v) ? fmt::format("{:3.0f} %", 100 * v) : "nan %"; }

std::string stable_duration(double seconds) {
  if (!(seconds >= 0 && seconds < 1e9)) return "-:--";
  const int64_t s = std::llround(seconds);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

int columns_of(const std::string& text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string render_bar(const ProgressState& s, const ProgressStyle& style) {
  const int room = std::max(style.width - 1, 1);  // the last column stays free: some terminals wrap as soon as it is written
  const std::string gap = "  ";
  const std::string head = s.title + gap;
  std::string facts = fmt::format("{:3.0f} %  {}", whole_percent(s.fraction), count(s));
  facts += gap + stable_duration(s.left) + " left";
  int left = room - columns_of(head) - columns_of(facts);
  if (left < 0) return cut(head + facts, room);
  // The bar gets a fixed share of the line, so that it does not change its length with the readings.
  const int bar = std::min(left - 4, style.width >= 100 ? 20 : 10);
  const std::string drawn = bar >= 4 ? bar_of(s.fraction, bar, style.unicode) + " " : "";
  left -= columns_of(drawn);
  std::string tail;
  for (const Reading& r : s.readings) {
    const int wanted = columns_of(gap + r.name) + 1 + columns_of(value_of(r));
    if (wanted > left) break;
    left -= wanted;
    const std::string name = style.colour ? "\x1b[2m" + r.name + "\x1b[22m" : r.name;
    tail += gap + name + " " + value_of(r);
  }
  const std::string coloured = style.colour && !drawn.empty() ? "\x1b[36m" + drawn + "\x1b[39m" : drawn;
  return head + coloured + facts + tail;
}

std::string render_plain(const ProgressState& s) {
  std::string line = fmt::format("{}  {:.0f} %  {}  {} elapsed  {} left", s.title, whole_percent(s.fraction), count(s),
                                 stable_duration(s.elapsed), stable_duration(s.left));
  for (const Reading& r : s.readings) line += "  " + r.name + " " + value_of(r);
  return line;
}

}  // namespace duel
