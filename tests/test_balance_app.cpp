// `augment balance` as a person uses it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/support/command/csv.h"
#include "apps/support/generate/generated_folder.h"
#include "apps/support/generators/class_samples.h"
#include "augment/smote.h"
#include "engine/io/png_text.h"
#include "tests/augment_desk.h"

using namespace duel;
using namespace duel::test;

namespace {

const fs::path program = build_dir() / "apps" / "augment";

// The text of a synthetic picture; null where it has none.
nlohmann::json origin_in(const std::string& file) {
  for (const PngText& text : read_png_text(file))
    if (text.keyword == synthetic_keyword) return nlohmann::json::parse(text.text);
  return {};
}

}  // namespace

TEST_CASE("generators fill up the rare class, with a filter if asked, and each picture says what made it") {
  const TempFolder folder;
  const auto path = [&](const std::string& name) { return (folder.path() / name).string(); };
  const Dataset shapes = make_shapes({.n = 40, .size = 16, .channels = 1, .seed = 5});
  for (int i = 0; i < 32; ++i) {
    const std::string sub = path(i < 20 ? "in/many" : "in/few");
    fs::create_directories(sub);
    write_png(fmt::format("{}/{:02}.png", sub, i), image_of(shapes, i));
  }
  const auto train = [&](const std::string& app, const std::vector<std::string>& more) {
    const Outcome o = run_process(
        build_dir() / "apps" / app,
        with_flags({"train", "--data", path("in"), "--out", path(app), "--device", "cpu", "--batch", "8", "--steps", "3"}, more));
    CHECK_MESSAGE(o.code == 0, o.errors);
  };
  train("cgan", {"--size", "0", "--net", "small-mlp"});
  train("vae", {"--conditional"});
  train("classify", {"--width", "4", "--lr", "0.01"});
  const auto ask = [&](const std::string& out, const std::vector<std::string>& more) {
    return run_process(program, with_flags({"balance", path("in"), "--out", path(out), "--device", "cpu", "--seed", "6"}, more));
  };
  for (const char* run : {"cgan", "vae"}) {
    const Outcome o = ask(run + std::string("-filled"), {"--by", "generator", "--from", path(run)});
    check_ok(o);
    CHECK(o.output.find(fmt::format("{:<24} {:>8} {:>8}\n{:<24} {:>8} {:>8}\n40 pictures in", "few", 12, 20, "many", 20, 20)) !=
          std::string::npos);
    const std::string filled = path(run + std::string("-filled"));
    CHECK(read_csv(filled + "/balance.csv").size() == 9);
    CHECK(read_csv(filled + "/balance.csv")[1] == std::vector<std::string>{"000032.png", "few", "", "", "", "generator", "6"});
    const nlohmann::json said = origin_in(filled + "/000035.png");
    CHECK(said["by"] == "generator");
    CHECK(said["label"] == "few");
    CHECK(said["number"] == 3);
    CHECK(said["step"] == 3);
    CHECK(said["checkpoint"].get<std::string>().find(run) != std::string::npos);
    CHECK(said["xxh3"].get<std::string>().size() == 16);
    CHECK(origin_in(filled + "/000031.png").is_null());  // one of its own
    const std::string again = run + std::string("-again");
    check_ok(ask(again, {"--by", "generator", "--from", path(run)}));
    CHECK(contents_of(path(again) + "/000039.png") == contents_of(filled + "/000039.png"));
  }
  // And that is how to make the picture again.
  const nlohmann::json third = origin_in(path("cgan-filled/000035.png"));
  check_ok(run_process(build_dir() / "apps/cgan",
                       {"generate", path("cgan"), "--label", "few", "--seed", std::to_string(third["seed"].get<int64_t>()), "--n", "5",
                        "--out", path("remade"), "--device", "cpu"}));
  CHECK(read_image(path("remade/000003.png"), 0).pixels == read_image(path("cgan-filled/000035.png"), 0).pixels);

  const Outcome filtered = ask("filtered", {"--by", "generator", "--from", path("cgan"), "--filter", path("classify")});
  check_ok(filtered);
  CHECK(filtered.output.find(" samples kept") != std::string::npos);
  const std::string note = filtered.output.substr(filtered.output.find(" samples kept") - 20);
  const auto kept = read_csv(path("filtered/balance.csv")).size() - 1;
  CHECK(filtered.output.find(fmt::format("{} pictures in", 32 + kept)) != std::string::npos);
  CHECK(((note.find("few is") != std::string::npos) == (kept < 8)));

  check_ok(ask("codes", {"--by", "vae-smote", "--from", path("vae")}));
  const nlohmann::json said = origin_in(path("codes/000032.png"));
  CHECK(said["by"] == "vae-smote");
  const auto row = read_csv(path("codes/balance.csv")).at(1);
  CHECK(said["base"] == row[2]);
  CHECK(std::stod(row[4]) <= 1);
  check_ok(ask("pixels", {"--by", "smote"}));
  CHECK(origin_in(path("pixels/000032.png"))["by"] == "smote");

  // What `generate` writes says the same of itself.
  check_ok(
      run_process(build_dir() / "apps/cgan", {"generate", path("cgan"), "--n", "3", "--seed", "4", "--out", path("g"), "--device", "cpu"}));
  const nlohmann::json one = origin_in(path("g/000002.png"));
  CHECK(one["number"] == 2);
  CHECK(one["seed"] == 4);
  CHECK(one["label"] == "many");

  const auto refused = [&](const std::vector<std::string>& more, int code, const std::string& says) {
    const Outcome o = ask("x", more);
    CHECK(o.code == code);
    CHECK_MESSAGE(o.errors.find(says) != std::string::npos, o.errors);
    CHECK(!fs::exists(path("x")));
  };
  refused({"--by", "generator"}, 2, "name a run of cgan or vae with --from");
  refused({"--by", "smote", "--from", path("cgan")}, 2, "--from goes with");
  refused({"--by", "vae-smote", "--from", path("cgan")}, 3, "wants a run of vae");
  refused({"--by", "generator", "--from", path("classify")}, 3, "no run of cgan or vae");
  // A filter whose answers are no numbers takes no sample for any class.
  const TrainedGan gan(checkpoint_path(path("cgan")), Device::cpu);
  const auto nan = [](const Dataset& d) {
    return std::vector<float>(2 * static_cast<size_t>(d.n), std::numeric_limits<float>::quiet_NaN());
  };
  try {
    filtered_samples(gan, {4, 0}, load_data(path("in")).train, 1, nan);
    FAIL("took samples");
  } catch (const Error& e) {
    CHECK(e.kind == Failure::numeric);
  }
  refused({"--by", "vae-smote", "--from", path("vae"), "--filter", path("classify")}, 2, "--filter goes with");
  fs::rename(path("in/few"), path("in/rare"));
  refused({"--by", "generator", "--from", path("cgan")}, 3, "its classes are [few, many], but those of");
}

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
