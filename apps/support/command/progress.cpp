#include "apps/support/command/progress.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace duel {
namespace {

using Clock = std::chrono::steady_clock;
double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool is_terminal(int fd) { return isatty(fd) && environment("TERM") != "dumb" && !environment("TERM").empty(); }

// Asked for at every redraw, so that a resized window is followed.
ProgressStyle style_of(int fd) {
  ProgressStyle style;
  style.colour = environment("NO_COLOR").empty();
  std::string locale = environment("LC_ALL");
  if (locale.empty()) locale = environment("LC_CTYPE");
  if (locale.empty()) locale = environment("LANG");
  for (const char* name : {"UTF-8", "utf-8", "UTF8", "utf8"}) style.unicode |= locale.find(name) != std::string::npos;
  const std::string columns = environment("COLUMNS");
  char* end = nullptr;
  const long asked = std::strtol(columns.c_str(), &end, 10);
  winsize size{};
  if (!columns.empty() && *end == 0 && asked >= 1 && asked <= 10000) style.width = static_cast<int>(asked);
  else if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.width = size.ws_col;
  return style;
}

constexpr double memory = 30;  // seconds after which a step counts 1/e in the rate

}  // namespace

Progress::Progress(std::string title, int64_t total_steps, Options options)
    : title_(std::move(title)),
      total_(total_steps),
      step_(options.first_step),
      options_(options),
      terminal_(is_terminal(options.fd)),
      start_(Clock::now()),
      last_tick_(start_),
      last_shown_(start_) {}

Progress::~Progress() { finish(); }

bool Progress::tick(int64_t step) {
  const auto now = Clock::now();
  const double passed = seconds(now - last_tick_);
  if (ticked_) {  // the first step also pays for warming up
    const double keep = std::exp(-passed / memory);
    weighted_steps_ = weighted_steps_ * keep + static_cast<double>(step - step_);
    weighted_seconds_ = weighted_seconds_ * keep + passed;
  }
  ticked_ = true;
  last_tick_ = now;
  step_ = step;
  if (finished_ || gone_) return false;
  return !shown_ || (total_ > 0 && step >= total_) || seconds(now - last_shown_) >= (terminal_ ? options_.redraw : options_.plain);
}

void Progress::show(std::span<const Reading> readings) {
  if (finished_) return;
  ProgressState s = state();
  s.readings = readings;
  last_shown_ = Clock::now();
  shown_ = true;
  if (!terminal_) return put(render_plain(s) + "\n");
  bar_ = render_bar(s, style_of(options_.fd));
  put("\r" + bar_ + "\x1b[K");  // erases from the end of the bar to the right, the remains of a longer one
  bar_on_screen_ = true;
}

void Progress::note(const std::string& line) {
  if (terminal_ && bar_on_screen_ && !finished_) put("\r\x1b[K" + line + "\n" + bar_);
  else put(line + "\n");
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (bar_on_screen_) put("\n");
}

double Progress::steps_per_second() const { return weighted_seconds_ > 0 ? weighted_steps_ / weighted_seconds_ : 0; }

double Progress::elapsed() const { return seconds(Clock::now() - start_); }

ProgressState Progress::state() const {
  ProgressState s{.title = title_, .step = step_, .total = total_, .elapsed = elapsed()};
  const double rate = steps_per_second();
  if (total_ > 0) {
    s.fraction = std::clamp(static_cast<double>(step_) / static_cast<double>(total_), 0., 1.);
    if (rate > 0) s.left = std::max(0., static_cast<double>(total_ - step_) / rate);
    if (step_ >= total_) s.left = 0;
  }
  if (options_.time_limit > 0) {  // whichever bound comes first ends the run
    const double rest = std::max(0., options_.time_limit - s.elapsed);
    if (s.left < 0 || rest < s.left) {
      s.left = rest;
      s.fraction = std::max(s.fraction, std::min(1., s.elapsed / options_.time_limit));
    }
  }
  return s;
}

// A bar must never end a run: when its terminal or pipe is gone it falls silent.
void Progress::put(const std::string& text) {
  for (size_t done = 0; done < text.size() && !gone_;) {
    const ssize_t n = write(options_.fd, text.data() + done, text.size() - done);
    if (n > 0) done += static_cast<size_t>(n);
    else if (n < 0 && errno == EAGAIN) return;  // a terminal that takes no more for now misses a redraw
    else if (n == 0 || errno != EINTR) gone_ = true;
  }
}

}  // namespace duel
