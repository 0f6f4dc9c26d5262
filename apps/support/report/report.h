// index.html of a run: one file that a person opens to look, with no server and no network. Images are embedded as PNG, curves as JSON
// that a small script of the page draws as SVG. Without JavaScript the latest sample grid, the interpolation and the tables still show.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "apps/support/report/check.h"
#include "engine/histogram.h"
#include "engine/io/image.h"

namespace duel {

// The same fixed noise through the generator after `step` steps.
struct Frame {
  int64_t step = 0;
  Image grid;
};

struct Curve {
  std::string name;
  std::vector<double> step, value;  // of equal length, steps rising; a NaN or Inf leaves a gap
};

// One picture of curves over the same steps.
struct Series {
  std::string title;
  std::string note;  // what a person should look for; may be empty
  std::vector<Curve> curves;
  bool share = false;  // values are shares of one: the axis runs from 0 to 100 %
};

// Histograms of one quantity over the steps, drawn as columns: the darker, the more values lie there.
struct Histograms {
  std::string title;
  std::string note;  // may be empty
  std::vector<double> step;
  std::vector<Histogram> values;  // of equal length, steps rising
  bool share = false;             // values are shares of one: the axis runs from 0 to 100 %
};

// Rows of text behind a heading line; the first column names its row, the others are set as numbers.
struct Table {
  std::string title, note;  // the note may be empty
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

// A picture with a word on what to look for.
struct Picture {
  std::string title, note;
  Image image;
};

// A drawing that somebody made, as SVG, which is not escaped.
struct Figure {
  std::string title, note, svg;
};

// Paragraphs.
struct Words {
  std::string title;
  std::vector<std::string> sentences;
};

// What a program draws and moves by itself, above the curves. Markup, style and script are not escaped; the script reads `data`, JSON, from
// the element stage-data.
struct Stage {
  std::string html, style, script, data;
};

struct Page {
  std::string title;     // "DCGAN on Fashion-MNIST"
  std::string subtitle;  // "step 5,000 of 5,000 · 2 min 14 s"
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<Frame> frames;  // in order of steps
  std::string frames_are = "Samples from one fixed noise";
  Image interpolation;  // empty: left out
  std::vector<Picture> pictures;
  std::vector<Series> series;
  std::vector<Histograms> distributions;
  std::vector<Check> checks;
  std::vector<Table> tables;
  Table layers;              // at the foot of the page; without rows: left out …
  Table inside;              // … and behind it, what goes on in them; likewise
  std::vector<Words> words;  // at the head of the page, and then
  std::vector<Figure> figures;
  int look_again = 0;  // seconds until the page loads itself anew, while somebody only watches; 0: never
  Stage stage;         // without html: left out
};

// At most 48 frames (the first, the last, evenly between), 450 numbers a curve and 96 histograms each go into the page, so it stays a few
// MB. Every text is escaped.
std::string render_report(const Page& page);
// Written atomically: a browser never loads half a page. Throws Failure::data when the file cannot be written.
void write_report(const std::filesystem::path& file, const Page& page);

std::string html_escape(const std::string& text);

// A long curve becomes intervals: their mean (value) and what lies between low and high. Short curves are returned as they are, with
// low and high empty. Values that are not finite are left out of an interval; one with no finite value is NaN.
struct ThinCurve {
  std::vector<double> step, value, low, high;
};
ThinCurve thin_curve(const Curve& curve, size_t most = 450);

// The page's parts that never change.
extern const char* const report_style;
extern const char* const report_script;

}  // namespace duel
