// `augment balance` as a person uses it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/support/csv.h"
#include "augment/smote.h"
#include "tests/augment_desk.h"

using namespace duel;
using namespace duel::test;

namespace {

const fs::path program = build_dir() / "apps" / "augment";

}  // namespace

TEST_CASE("balance fills up the rare class, as the library does, and says of what") {
  const TempFolder folder;
  const auto path = [&](const std::string& name) { return (folder.path() / name).string(); };
  const Dataset shapes = make_shapes({.n = 40, .size = 12, .channels = 1, .seed = 5});
  for (int i = 0; i < 30; ++i) {
    const std::string sub = path(i < 20 ? "in/many" : "in/few");
    fs::create_directories(sub);
    write_png(fmt::format("{}/{:02}.png", sub, i), image_of(shapes, i));
  }
  const auto ask = [&](const std::string& by, const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> args{"balance", path("in"), "--by", by, "--out", path(out), "--device", "cpu", "--seed", "6"};
    return run_process(program, with_flags(args, more));
  };
  const Dataset data = load_data(path("in")).train;
  const std::pair<const char*, Oversampling> kinds[] = {
      {"smote", Oversampling::smote}, {"borderline", Oversampling::borderline}, {"adasyn", Oversampling::adasyn}};
  for (const auto& [by, kind] : kinds) {
    const Outcome o = ask(by, by);
    check_ok(o);
    CHECK(o.output.find(fmt::format("{:<24} {:>8} {:>8}\n{:<24} {:>8} {:>8}\n40 pictures in", "few", 10, 20, "many", 20, 20)) !=
          std::string::npos);
    const Dataset expected = smote(data, {.kind = kind, .seed = 6}).data;
    const auto table = read_csv(path(std::string(by) + "/balance.csv"));
    REQUIRE(table.size() == 11);
    CHECK(expected.n == 40);
    for (int i = 0; i < 40; ++i) CHECK(read_image(path(fmt::format("{}/{:06}.png", by, i)), 0).pixels == image_of(expected, i).pixels);
    for (size_t i = 1; i < table.size(); ++i) {  // each lies where its line says
      const Image a = read_image(path(by + ("/" + table[i][2])), 0), b = read_image(path(by + ("/" + table[i][3])), 0),
                  made = read_image(path(by + ("/" + table[i][0])), 0);
      for (size_t k = 0; k < a.pixels.size(); ++k)
        CHECK(std::abs(made.pixels[k] - (a.pixels[k] + std::stod(table[i][4]) * (b.pixels[k] - a.pixels[k]))) < .501);
    }
  }
  check_ok(ask("oversample", "repeats"));
  for (int i = 30; i < 40; ++i) {  // each of the ten once more, for there are ten to fill up
    const auto row = read_csv(path("repeats/balance.csv")).at(static_cast<size_t>(i - 29));
    CHECK(contents_of(path("repeats/" + row[0])) == contents_of(path("repeats/" + row[2])));
    CHECK(row[1] == "few");
  }
  // What it writes is a source again, with nothing left to fill up.
  const Outcome again = run_process(program, {"balance", path("repeats"), "--out", path("again"), "--device", "cpu"});
  check_ok(again);
  CHECK(again.output.find("40 pictures") != std::string::npos);

  // Names of classes may hold what a table is made of.
  for (int i = 0; i < 9; ++i) {
    const std::string sub = path(i < 6 ? "odd/red, \"dark\"" : "odd/blue");
    fs::create_directories(sub);
    write_png(fmt::format("{}/{:02}.png", sub, i), image_of(shapes, i));
  }
  check_ok(run_process(program, {"balance", path("odd"), "--by", "oversample", "--out", path("even"), "--device", "cpu"}));
  const Outcome odd = run_process(program, {"balance", path("even"), "--out", path("evener"), "--device", "cpu"});
  check_ok(odd);
  CHECK(odd.output.find("12 pictures") != std::string::npos);
  CHECK(odd.output.find("red, \"dark\"") != std::string::npos);

  const auto refused = [&](const Outcome& o, int code, const std::string& says) {
    CHECK(o.code == code);
    CHECK_MESSAGE(o.errors.find(says) != std::string::npos, o.errors);
    CHECK(std::count(o.errors.begin(), o.errors.end(), '\n') == 1);
    CHECK(!fs::exists(path("x")));
  };
  refused(ask("magic", "x"), 2, "--by magic");
  refused(ask("smote", "x", {"--neighbours", "10"}), 2, "neighbours");
  refused(ask("smote", "in"), 2, "it holds something else");
  refused(run_process(program, {"balance", path("in/few"), "--out", path("x")}), 3, "no classes to balance");
  refused(run_process(program, {"balance", path("nowhere"), "--out", path("x")}), 3, "no data set");
}
