// How far a run is: one redrawn line on a terminal, a plain line every few seconds elsewhere (a pipe, a log file, TERM=dumb).
// Honours NO_COLOR (no-color.org) and $COLUMNS. The cursor is never hidden and nothing but the bar's own line is ever erased, so a run
// that is killed outright leaves the terminal as it was.
#pragma once
#include <chrono>
#include <cstdint>
#include <span>
#include <string>

namespace duel {

struct Reading {
  std::string name;  // "loss D"
  double value = 0;
  bool share = false;  // a share of one, shown as a percentage
  bool known = true;   // false: "-" holds its place
};

// Six columns for every value of one sign and size ≤ 1e6 or so, so that a redrawn line does not jump: " 0.693", "-12.35", "  1235".
std::string stable_number(double value);
std::string stable_share(double value);       // " 97 %"
std::string stable_duration(double seconds);  // "0:07", "12:07", "1:02:07"; "-:--" when not known
// Columns that UTF-8 text takes on a terminal; every code point the bar uses takes one.
int columns_of(const std::string& text);

// What a line says. `left` in seconds, negative when not known yet; total 0 when only a time limit bounds the run.
struct ProgressState {
  std::string title;
  int64_t step = 0, total = 0;
  double elapsed = 0, left = -1, fraction = 0;
  std::span<const Reading> readings;
};

struct ProgressStyle {
  int width = 80;
  bool colour = false, unicode = false;
};

// The bar without line end, at most width − 1 columns; a narrow terminal loses readings first, from the last, then the bar.
std::string render_bar(const ProgressState& state, const ProgressStyle& style);
// The same as plain text of any length.
std::string render_plain(const ProgressState& state);

struct ProgressOptions {
  int fd = 2;              // stderr: results go to stdout
  double redraw = .1;      // seconds between two redraws on a terminal
  double plain = 10;       // seconds between two plain lines elsewhere
  double time_limit = 0;   // seconds that the run may take; 0: none
  int64_t first_step = 0;  // where a resumed run starts
};

class Progress {
 public:
  using Options = ProgressOptions;
  Progress(std::string title, int64_t total_steps, Options options = {});
  ~Progress();  // ends the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Counts a step. True when the line is due, so that readings are fetched from a device only when somebody will see them.
  bool tick(int64_t step);
  // Draws now. Call it when tick() said so, and at the end.
  void show(std::span<const Reading> readings);
  // A line of text that stays, above the bar.
  void note(const std::string& line);
  // Ends the line as it was last shown; later calls draw nothing. Idempotent.
  void finish();

  double steps_per_second() const;  // weighted to the last half minute; 0 before the second step
  double elapsed() const;           // seconds since construction

 private:
  void put(const std::string& text);
  ProgressState state() const;

  std::string title_;
  int64_t total_, step_;
  Options options_;
  bool terminal_, finished_ = false, bar_on_screen_ = false, gone_ = false;
  std::chrono::steady_clock::time_point start_, last_tick_, last_shown_;
  double weighted_steps_ = 0, weighted_seconds_ = 0;
  bool ticked_ = false, shown_ = false;
  std::string bar_;
};

}  // namespace duel
