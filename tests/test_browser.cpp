// Pages as a browser shows them: their scripts run, draw every chart, and open at the moment that is asked for. Wants Chromium on PATH, or
// the browser that DUEL_BROWSER names; skipped without.
#include <fstream>
#include <sstream>

#include "tests/app_runs.h"

using namespace duel::test;

namespace {

std::string browser() {
  if (const char* named = std::getenv("DUEL_BROWSER")) return named;
  for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
    const Outcome o = run_process("/bin/sh", {"-c", fmt::format("command -v {}", name)});
    if (o.code == 0) return o.output.substr(0, o.output.find('\n'));
  }
  return "";
}

// The document once its scripts have run, and what they complained of.
struct Shown {
  std::string document, complaints;
  size_t count(const std::string& part) const {
    size_t n = 0;
    for (size_t at = document.find(part); at != std::string::npos; at = document.find(part, at + 1)) ++n;
    return n;
  }
};
Shown show(const fs::path& page, const std::string& fragment = "") {
  const TempFolder profile;
  const Outcome o =
      run_process("/bin/sh", {"-c", fmt::format("exec timeout 60 '{}' --headless --no-sandbox --disable-gpu --enable-logging=stderr "
                                                "--user-data-dir='{}' --window-size=1200,900 --run-all-compositor-stages-before-draw "
                                                "--virtual-time-budget=10000 --dump-dom 'file://{}{}'",
                                                browser(), profile.path().string(), page.string(), fragment)});
  Shown shown{o.output, ""};
  std::istringstream lines(o.errors);
  for (std::string line; std::getline(lines, line);)
    // A chart that is as wide as its card, and told so twice, is no fault.
    if (line.find("CONSOLE") != std::string::npos && line.find("ResizeObserver loop") == std::string::npos) shown.complaints += line + "\n";
  return shown;
}

}  // namespace

TEST_CASE("a browser draws every chart of a run's page, with nothing to complain of") {
  if (browser().empty()) return skip("no browser (chromium, or DUEL_BROWSER)");
  const Desk desk{"gan", {"--size", "16", "--ngf", "4", "--ndf", "4", "--nz", "8", "--log-every", "1", "--sample-every", "5"}};
  REQUIRE(desk.train("r", {"--steps", "12", "--inspect-every", "4"}).code == 0);
  const Shown page = show(desk.run("r") / "index.html");
  CHECK(page.complaints == "");
  const size_t charts = page.count("class=\"plot\"");
  CHECK(charts >= 10);
  CHECK(page.count("<svg") == charts);
  CHECK(page.count("Inside the layers at step 12") == 1);
  CHECK(page.count("<path") >= charts - 2);  // two are of columns
  CHECK(page.count("NaN") == 0);
  CHECK(page.count(">undefined<") == 0);
}

TEST_CASE("a run's charts are drawn with the page, not when the browser first lays out a frame") {
  if (browser().empty()) return skip("no browser (chromium, or DUEL_BROWSER)");
  const Desk desk{"gan", {"--size", "16", "--ngf", "4", "--ndf", "4", "--nz", "8", "--log-every", "1"}};
  REQUIRE(desk.train("r", {"--steps", "4"}).code == 0);
  // A browser that never says that anything has a size.
  const fs::path page = desk.run("r") / "still.html";
  std::ofstream(page) << "<script>ResizeObserver = class { observe() {} };</script>" << contents_of(desk.run("r") / "index.html");
  CHECK(show(page).count("<path") >= 3);
}

TEST_CASE("the page of a GAN on points opens at the moment that is asked for") {
  if (browser().empty()) return skip("no browser (chromium, or DUEL_BROWSER)");
  const TempFolder folder;
  const Outcome o =
      run_process(build_dir() / "apps" / "gan2d", {"train", "--steps", "60", "--frames", "5", "--out", (folder.path() / "r").string()});
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  const Shown first = show(folder.path() / "r" / "index.html", "#frame=0"), last = show(folder.path() / "r" / "index.html", "#frame=4");
  CHECK(first.complaints + last.complaints == "");
  CHECK(first.count("aria-valuetext=\"step 0\"") == 1);
  CHECK(last.count("aria-valuetext=\"step 60\"") == 1);
  CHECK(last.count("aria-valuetext=\"step 0\"") == 0);
}
