// `evaluate modes` as a person uses it.
#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/process.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

TEST_CASE("modes: those of a ring that the points of a file cover") {
  const TempFolder folder;
  const auto path = [&](const char* name) { return (folder / name).string(); };
  const std::string file = path("points.csv"), empty = path("empty.csv"), bad = path("bad.csv");
  {
    std::ofstream out(file);
    out << "x,y\n";
    for (int i = 0; i < 25; ++i) out << "2,0.1\n-2," << 0.01 * i << "\n";  // both within 3 σ of a centre
    for (int i = 0; i < 10; ++i) out << "0,2\n";                           // too few to cover it
    for (int i = 0; i < 40; ++i) out << "0,0\n";
    std::ofstream(empty) << "x,y\n", std::ofstream(bad) << "1,2\n3,four\n";
  }
  const auto modes = [](std::vector<std::string> args) {
    args.insert(args.begin(), "modes");
    return run_process(build_dir() / "apps" / "evaluate", args);
  };
  const Outcome o = modes({file, "--sigma", "0.1", "--json"});
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  const nlohmann::json said = nlohmann::json::parse(o.output);
  CHECK(said["covered"] == 2);
  CHECK(said["modes"] == 8);
  CHECK(said["n"] == 100);
  CHECK(said["sigma"] == 0.1);
  CHECK(said["high_quality"].get<double>() == doctest::Approx(0.6));
  CHECK(said["of_modes"][0] == 25);
  CHECK(said["of_modes"][2] == 10);
  CHECK(said["of_modes"][4] == 25);
  CHECK(modes({file, "--sigma", "0.1"}).output.find("2 of 8 modes covered") != std::string::npos);
  for (const auto& [args, code, says] : {std::tuple{std::vector<std::string>{file, "--sigma", "0"}, 2, "--sigma 0"},
                                         {{file, "--sigma", "0.1", "--mixture", "line"}, 2, "--mixture line"},
                                         {{file, "--sigma", "0.1", "--modes", "0"}, 2, "--modes 0"},
                                         {{file, "--sigma", "0.1", "--mixture", "grid", "--modes", "5"}, 2, "a grid has 25"},
                                         {{file}, 2, "--sigma"},
                                         {{empty, "--sigma", "0.1"}, 3, "no points"},
                                         {{bad, "--sigma", "0.1"}, 3, "row 2"},
                                         {{path("nothing.csv"), "--sigma", "0.1"}, 3, "nothing.csv"}}) {
    const Outcome refused = modes(args);
    CHECK_MESSAGE(refused.code == code, refused.errors);
    CHECK_MESSAGE(refused.errors.find(says) != std::string::npos, refused.errors);
  }
}
