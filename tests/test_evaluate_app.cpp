// The evaluate program as a person uses it: whole processes, their exit codes, and what they print and leave on the disk.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/data/shapes.h"
#include "tests/process.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;
namespace fs = std::filesystem;

namespace {

const fs::path evaluate = build_dir() / "apps" / "evaluate", classify = build_dir() / "apps" / "classify";

// A sub-folder a class; `numbered` calls them 0, 1, …
void write_pictures(const fs::path& folder, const Dataset& data, bool numbered = false) {
  for (int i = 0; i < data.n; ++i) {
    const int32_t label = data.labels[static_cast<size_t>(i)];
    const fs::path into = folder / (numbered ? std::to_string(label) : data.classes[static_cast<size_t>(label)]);
    fs::create_directories(into);
    write_png(into / fmt::format("{:03}.png", i), image_of(data, i));
  }
}

// Shapes of 28×28 in grey: 200 to train on, 60 to test on, and an extractor of 16 features. Made once for all cases.
struct Desk {
  TempFolder folder;
  Dataset train = make_shapes({.n = 200, .size = 28, .channels = 1, .seed = 5}),
          test = make_shapes({.n = 60, .size = 28, .channels = 1, .seed = 6});
  std::string data = path("data"), run = path("run");
  std::string path(const std::string& name) const { return (folder.path() / name).string(); }
  Desk() {
    write_pictures(folder / "data/train", train), write_pictures(folder / "data/test", test);
    const Outcome o = run_process(classify, {"train", "--data", data, "--out", run, "--device", "cpu", "--width", "4", "--batch", "20",
                                             "--steps", "150", "--dropout", "0", "--lr", "0.02"});
    REQUIRE_MESSAGE(o.code == 0, o.errors);
  }
};
const Desk& desk() {
  static const Desk one;
  return one;
}

Outcome ask(std::vector<std::string> args) {
  args.insert(args.end(), {"--device", "cpu"});
  return run_process(evaluate, args);
}
nlohmann::json answer(std::vector<std::string> args) {
  args.push_back("--json");
  const Outcome o = ask(args);
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  return nlohmann::json::parse(o.output);
}
double value_of(const nlohmann::json& comparison, const std::string& measure, const std::string& of_class = "") {
  for (const auto& m : comparison["measures"])
    if (m["measure"] == measure && m.value("class", "") == of_class) return m["value"];
  FAIL("no measure " << measure);
  return 0;
}

}  // namespace

TEST_CASE("images and their features files compare alike, and every number says what made it") {
  const Desk& d = desk();
  const std::string made = d.path("made.safetensors"), real = d.path("real.safetensors");
  const Outcome said = ask({"features", d.data, "--split", "test", "--extractor", d.run, "--out", made});
  REQUIRE_MESSAGE(said.code == 0, said.errors);
  CHECK(said.output.find("16 features of 60 images") != std::string::npos);
  REQUIRE(ask({"features", d.data, "--extractor", d.run, "--out", real}).code == 0);
  const auto images = answer({"compare", d.data + "@test", d.data, "--extractor", d.run});
  const auto files = answer({"compare", made, real}), mixed = answer({"compare", made, d.data, "--extractor", d.run});
  CHECK(images["measures"] == files["measures"]);
  CHECK(images["measures"] == mixed["measures"]);
  CHECK(images["real"] == d.data + "@train");
  REQUIRE(images["measures"].size() == 7);
  for (const auto& m : images["measures"]) {
    CHECK(m["n"] == 60);
    CHECK(m["extractor"].get<std::string>().size() == 16);
    CHECK(said.output.find(m["extractor"].get<std::string>()) != std::string::npos);
    CHECK(m["resizer"] == "none");
  }
  const Outcome table = ask({"compare", made, real});
  CHECK(table.output.find(fmt::format("{:.5f}", value_of(files, "fcd"))) != std::string::npos);
  CHECK(std::count(table.errors.begin(), table.errors.end(), '\n') == 2);  // few samples; no class has enough of them
  CHECK(table.errors.find("60 samples of 16 features") != std::string::npos);
  CHECK(value_of(answer({"compare", made, real, "--n", "40"}), "fcd") != value_of(files, "fcd"));

  // Another network's features, without probabilities and labels: nothing is made up, and Inception's distance has its own name.
  for (const std::string& path : {made, real}) {
    SafeTensors file = read_safetensors(path);
    file.metadata = {{"extractor", "pt_inception-2015-12-05"}, {"extractor_name", "inception-v3"}, {"resizer", "clean-bicubic"}};
    file.tensors.resize(1);
    write_safetensors(path, file);
  }
  const auto foreign = answer({"compare", made, real});
  CHECK(foreign["measures"].size() == 6);
  CHECK(value_of(foreign, "fid") == value_of(files, "fcd"));
  CHECK(foreign["measures"][0]["resizer"] == "clean-bicubic");
}

TEST_CASE("a set against itself: no distance, and everything found; classes with enough samples have their own") {
  const Desk& d = desk();
  const auto same = answer({"compare", d.data, d.data, "--extractor", d.run});
  CHECK(value_of(same, "fcd") < 1e-6);
  CHECK(value_of(same, "kid") < 0);  // unbiased: equal sets are nearer than two draws would be
  for (const char* measure : {"precision", "recall", "coverage"}) CHECK(value_of(same, measure) == 1);
  CHECK(value_of(same, "fcd", "circle") < 1e-6);
  CHECK(same["measures"].size() == 7 + 10);
  CHECK(same["measures"].back()["n"] == 20);
}

TEST_CASE("a run is judged as the folder of images that it generates, and without the margin that it trained with") {
  const Desk& d = desk();
  const fs::path cgan = build_dir() / "apps" / "cgan";
  for (const std::string size : {"28", "32"}) {
    const std::string run = d.path("cgan" + size), folder = d.path("made" + size), file = d.path("made" + size + ".safetensors");
    const Outcome trained = run_process(cgan, {"train", "--data", d.data, "--out", run, "--device", "cpu", "--size", size, "--ngf", "4",
                                               "--ndf", "4", "--nz", "8", "--batch", "8", "--steps", "2"});
    REQUIRE_MESSAGE(trained.code == 0, trained.errors);
    REQUIRE(run_process(cgan, {"generate", run, "--n", "60", "--seed", "7", "--out", folder, "--device", "cpu"}).code == 0);
    auto compared = [&](const std::string& made, const std::vector<std::string>& more = {}) {
      return answer(with_flags({"compare", made, d.data + "@test", "--extractor", d.run, "--seed", "7"}, more));
    };
    const auto by_folder = compared(folder), by_run = compared(run);  // as many as there are test images
    CHECK(by_folder["measures"] == by_run["measures"]);
    CHECK(by_run["generated"] == run + " (step 2, seed 7)");
    CHECK(by_run["measures"][0]["resizer"] == "none");
    CHECK(compared(run + "/checkpoints/last.safetensors", {"--n", "60"})["measures"] == by_run["measures"]);
    CHECK(value_of(compared(run, {"--seed", "8"}), "fcd") != value_of(by_run, "fcd"));
    const Outcome said = ask({"features", run, "--n", "60", "--seed", "7", "--extractor", d.run, "--out", file});
    REQUIRE_MESSAGE(said.code == 0, said.errors);
    CHECK(compared(file)["measures"] == by_run["measures"]);
    auto told = [&](const std::string& made) {
      return answer({"gan-test", made, "--classifier", d.run, "--n", "60", "--seed", "7"})["accuracy"];
    };
    CHECK(told(run) == told(folder));
  }
}

TEST_CASE("a conditional VAE's run is judged as its folder, and only a net that generates is taken for one") {
  const Desk& d = desk();
  const fs::path vae = build_dir() / "apps" / "vae";
  const std::string run = d.path("cvae"), plain = d.path("ae"), folder = d.path("cvae-made");
  const std::vector<std::string> training{"train", "--data", d.data, "--device", "cpu", "--width", "4", "--batch", "8", "--steps", "2"};
  std::vector<std::string> conditional = with_flags(training, {"--out", run});
  conditional.push_back("--conditional");
  REQUIRE(run_process(vae, conditional).code == 0);
  REQUIRE(run_process(vae, with_flags(training, {"--out", plain, "--net", "ae"})).code == 0);
  REQUIRE(run_process(vae, {"generate", run, "--n", "60", "--seed", "7", "--out", folder, "--device", "cpu"}).code == 0);
  for (const std::vector<std::string>& question :
       {std::vector<std::string>{"compare", "", d.data + "@test", "--extractor", d.run}, {"gan-test", "", "--classifier", d.run}}) {
    auto about = [&](const std::string& made) {
      std::vector<std::string> args = with_flags(question, {"--n", "60", "--seed", "7"});
      args[1] = made;
      const auto said = answer(args);
      return said.contains("measures") ? said["measures"] : said["accuracy"];
    };
    CHECK(about(run) == about(folder));
  }
  const Outcome elbo = ask({"elbo", run}), own = run_process(vae, {"eval", run, "--device", "cpu"});
  CHECK_MESSAGE(elbo.code == 0, elbo.errors);
  CHECK(elbo.output.find("ELBO") != std::string::npos);
  CHECK(elbo.output == own.output);
  const Outcome best = ask({"compare", run, d.data + "@test", "--extractor", d.run, "--which", "best"});
  CHECK_MESSAGE(best.code == 0, best.errors);
  for (const auto& [args, code, says] :
       {std::tuple{std::vector<std::string>{"compare", plain, d.data, "--extractor", d.run}, 2, "plain autoencoder"},
        {{"compare", d.data, run, "--extractor", d.run}, 2, "real ones are wanted"},
        {{"compare", run, d.data, "--extractor", d.run, "--n", "-1"}, 2, "--n -1"}}) {
    const Outcome o = ask(args);
    CHECK(o.code == code);
    CHECK_MESSAGE(o.errors.find(says) != std::string::npos, o.errors);
  }
}

TEST_CASE("28×28 in a network's padding is judged without it, and other sizes only with --size") {
  const Desk& d = desk();
  write_pictures(d.folder / "padded", fit(d.test, 32));
  const auto trimmed = answer({"compare", d.path("padded"), d.data + "@test", "--extractor", d.run});
  CHECK(value_of(trimmed, "fcd") < 1e-6);
  CHECK(trimmed["measures"][0]["resizer"] == "none");
  CHECK(value_of(answer({"compare", d.path("padded"), d.data + "@test", "--extractor", d.run, "--margin", "2"}), "fcd") < 1e-6);
  write_pictures(d.folder / "small", fit(d.test, 14));
  const Outcome refused = ask({"compare", d.path("small"), d.data + "@test", "--extractor", d.run});
  CHECK(refused.code == 3);
  CHECK(refused.errors.find("--size 14") != std::string::npos);
  const auto sized = answer({"compare", d.path("small"), d.data + "@test", "--extractor", d.run, "--size", "14"});
  CHECK(value_of(sized, "fcd") < 1e-6);
  CHECK(sized["measures"][0]["resizer"] == "duel-triangle from 14x14");
  // Features that were resized do not compare with those that were not.
  REQUIRE(ask({"features", d.path("small"), "--extractor", d.run, "--out", d.path("resized.safetensors")}).code == 0);
  const Outcome mixed = ask({"compare", d.path("resized.safetensors"), d.data + "@test", "--extractor", d.run});
  CHECK(mixed.code == 2);
  CHECK(mixed.errors.find("duel-triangle from 14x14") != std::string::npos);
}

TEST_CASE("neighbours: copies are found, held-out images are not taken for them, and the picture shows them") {
  const Desk& d = desk();
  std::vector<int32_t> first(30);
  for (int i = 0; i < 30; ++i) first[static_cast<size_t>(i)] = i;
  Dataset half = subset(d.train, first);
  const Dataset fresh = subset(make_shapes({.n = 60, .size = 28, .channels = 1, .seed = 7}), first);
  half.images.insert(half.images.end(), fresh.images.begin(), fresh.images.end());
  half.labels.insert(half.labels.end(), fresh.labels.begin(), fresh.labels.end());
  half.n = 60;
  write_pictures(d.folder / "half", half);
  const std::string picture = d.path("nearest.png");
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--extractor", d.run}}) {
    std::vector<std::string> args{"neighbours", d.path("half"), d.data, "--out", picture, "--rows", "4"};
    args.insert(args.end(), more.begin(), more.end());
    const auto said = answer(args);
    CHECK(said["duplicate_rate"].get<double>() >= 0.5);
    CHECK(said["duplicate_rate"].get<double>() < 0.7);
    CHECK(said["n"] == 60);
    CHECK(said["test_images"] == 60);
    const Image image = read_image(picture, 0);
    CHECK(image.w == 7 * 28 + 8 * 2);
    CHECK(image.h == 4 * 28 + 5 * 2);
    CHECK(crop(image, 2, 2, 28, 28).pixels == crop(image, 2, 2 + 2 * 30, 28, 28).pixels);  // the first one, and its copy
  }
  const auto held_out = answer({"neighbours", d.data + "@test", d.data, "--out", picture});
  CHECK(held_out["duplicate_rate"].get<double>() < 0.05);
  const auto compared = answer({"compare", d.path("half"), d.data + "@test", "--train", d.data, "--extractor", d.run});
  CHECK(value_of(compared, "duplicates") >= 0.5);
  CHECK(ask({"neighbours", d.data + "@test", d.data, "--out", picture}).output.find("duplicate rate") != std::string::npos);
}

TEST_CASE("gan-test by a trained classifier is its accuracy, whatever way the samples are labelled") {
  const Desk& d = desk();
  const Outcome known = run_process(classify, {"eval", d.run, "--device", "cpu"});
  const auto by_folder = answer({"gan-test", d.data + "@test", "--classifier", d.run});
  CHECK(known.output.find(fmt::format("{:.2f} %", 100 * by_folder["accuracy"].get<double>())) != std::string::npos);
  CHECK(by_folder["n"] == 60);
  const Dataset test = load_data(d.data).test;  // as it is read: classes in the order of their names
  write_pictures(d.folder / "numbered", test, true);
  CHECK(answer({"gan-test", d.path("numbered"), "--classifier", d.run})["accuracy"] == by_folder["accuracy"]);
  write_pictures(d.folder / "wide", fit(test, 32));
  CHECK(answer({"gan-test", d.path("wide"), "--classifier", d.run})["accuracy"] == by_folder["accuracy"]);
  fs::create_directories(d.folder / "flat");
  std::ofstream labels(d.folder / "flat/labels.csv");
  labels << "file,label\n";
  for (int i = test.n - 1; i >= 0; --i) {
    write_png(d.folder / fmt::format("flat/{:02},sample.png", i), image_of(test, i));
    labels << fmt::format("{:02},sample.png,{}\r\n", i, test.labels[static_cast<size_t>(i)]);
  }
  labels.close();
  CHECK(answer({"gan-test", d.path("flat"), "--classifier", d.run})["accuracy"] == by_folder["accuracy"]);
}

TEST_CASE("gan-train and gan-test train a classifier, the same one for the same seed") {
  const Desk& d = desk();
  const std::vector<std::string> flags{"--batch", "20", "--steps", "100", "--width", "4", "--dropout", "0", "--lr", "0.05"};
  const std::vector<std::string> training = with_flags({"gan-train", d.data, "--test", d.data}, flags);
  const auto once = answer(training);
  CHECK(once["tested_on"] == d.data + "@test");
  CHECK(once["n"] == 60);
  CHECK(once["accuracy"].get<double>() > 0.15);  // of ten classes
  CHECK(once["interval"][0].get<double>() < once["accuracy"].get<double>());
  CHECK(answer(training) == once);
  const Outcome said = ask(training);
  CHECK(said.output.find("gan-train ") == 0);
  CHECK(said.output.find("95 % interval") != std::string::npos);
  // Train and test change places: trained on the same images, told the same ones.
  CHECK(answer(with_flags({"gan-test", d.data + "@test", "--train", d.data}, flags))["accuracy"] == once["accuracy"]);
}

TEST_CASE("wrong input: one sentence, the documented exit code, nothing left behind") {
  const Desk& d = desk();
  const std::string features = d.path("whole.safetensors"), other = d.path("other.safetensors"), out = d.path("x.safetensors"),
                    picture = d.path("x.png");
  REQUIRE(ask({"features", d.data, "--extractor", d.run, "--out", features}).code == 0);
  SafeTensors file = read_safetensors(features);
  file.metadata["extractor"] = "0123456789abcdef";
  write_safetensors(other, file);
  fs::create_directories(d.folder / "unlabelled"), fs::create_directories(d.folder / "wrong"), fs::create_directories(d.folder / "eleven");
  write_pictures(d.folder / "eleven", make_shapes({.n = 22, .size = 28, .channels = 1, .seed = 8}), true);
  fs::rename(d.folder / "eleven/9", d.folder / "eleven/10");
  for (const char* at : {"unlabelled/a.png", "unlabelled/b.png", "wrong/a.png", "wrong/b.png"})
    write_png(d.folder / at, image_of(d.test, 0));
  auto labels = [&](const std::string& text) { std::ofstream(d.folder / "wrong/labels.csv") << text; };
  struct Refusal {
    std::vector<std::string> args;
    int code;
    const char* says;
  };
  const std::vector<std::string> comparing{"compare", d.data + "@test", d.data, "--extractor", d.run};
  auto comparing_with = [&](const std::vector<std::string>& more) { return with_flags(comparing, more); };
  for (const Refusal& r : std::vector<Refusal>{
           {{"compare", d.data, d.data}, 2, "--extractor"},
           {{"compare", features, d.data}, 2, "--extractor"},
           {{"compare", features, other}, 2, "0123456789abcdef"},
           {{"compare", other, d.data, "--extractor", d.run}, 2, "0123456789abcdef"},
           {{"compare", d.data, d.data, "--extractor", d.path("nothing")}, 3, "nothing"},
           {{"compare", d.path("nothing"), d.data, "--extractor", d.run}, 3, "nothing"},
           {{"compare", d.path("none.safetensors"), features}, 3, "none.safetensors"},
           {{"compare", d.run + "/checkpoints/last.safetensors", features}, 3, "features"},
           {{"compare", d.run, features}, 2, "generates no images"},
           {comparing_with({"--n", "5"}), 2, "5 images are too few"},
           {comparing_with({"--n", "9"}), 2, "10 splits"},
           {comparing_with({"--n", "61"}), 2, "it has 60"},
           {comparing_with({"--n", "-1"}), 2, "--n -1"},
           {comparing_with({"--split", "validation"}), 2, "--split validation"},
           {comparing_with({"--which", "worst"}), 2, "--which worst"},
           {comparing_with({"--margin", "14"}), 2, "--margin 14"},
           {comparing_with({"--train", d.data}), 3, "held out"},
           {{"features", d.data, "--out", out}, 2, "--extractor"},
           {{"features", d.data, "--extractor", d.run, "--out", d.path("x.npz")}, 2, ".safetensors"},
           {{"features", d.path("unlabelled"), "--split", "test", "--extractor", d.run, "--out", out}, 3, "has no test images"},
           {{"neighbours", d.data, d.data, "--out", d.path("x.jpg")}, 2, ".png"},
           {{"neighbours", features, d.data, "--out", picture}, 2, "holds features"},
           {{"neighbours", d.data, d.data, "--test", d.data + "@train", "--out", picture}, 3, "held out"},
           {{"neighbours", d.data, d.data, "--rows", "0", "--out", picture}, 2, "--rows 0"},
           {{"gan-train", d.path("unlabelled"), "--test", d.data}, 3, "has no labels"},
           {{"gan-train", d.path("eleven"), "--test", d.data}, 3, "its class '10'"},
           {{"gan-train", features, "--test", d.data}, 2, "holds features"},
           {{"gan-train", d.data, "--test", d.data, "--batch", "201"}, 3, "--batch is 201"},
           {{"gan-train", d.data, "--test", d.data, "--lr", "-1"}, 2, "--lr"},
           {{"gan-test", d.data}, 2, "--classifier"},
           {{"gan-test", d.data, "--train", d.data, "--classifier", d.run}, 2, "one of them"},
           {{"gan-test", d.data, "--classifier", d.path("nothing")}, 3, "nothing"},
           {{"frobnicate"}, 2, "frobnicate"},
           {{}, 2, "subcommand"},
       }) {
    const Outcome o = run_process(evaluate, r.args);
    const std::string what = fmt::format("evaluate {}: exit {}, said: {}", fmt::join(r.args, " "), o.code, o.errors);
    CHECK_MESSAGE(o.code == r.code, what);
    CHECK_MESSAGE(o.errors.find(r.says) != std::string::npos, what);
    CHECK_MESSAGE(std::count(o.errors.begin(), o.errors.end(), '\n') == 1, what);
    CHECK_MESSAGE(!fs::exists(out), what);
    CHECK_MESSAGE(!fs::exists(picture), what);
  }
  struct Labels {
    const char *text, *says;
  };
  for (const Labels& l : std::vector<Labels>{{"a.png,0\n", "no label for 'b.png'"},
                                             {"a.png,0\na.png,1\n", "line 2: 'a.png' has a label"},
                                             {"../a.png,0\n", "no picture '../a.png'"},
                                             {"a.png 0\n", "line 1: a line is"}}) {
    labels(l.text);
    const Outcome o = ask({"gan-test", d.path("wrong"), "--classifier", d.run});
    CHECK(o.code == 3);
    CHECK_MESSAGE(o.errors.find(l.says) != std::string::npos, o.errors);
  }
}

TEST_CASE("leak says 0 of real images and 1 of augmented ones, and refuses what it cannot look for") {
  const Desk& d = desk();
  const std::vector<std::string> probe{"--width", "4", "--batch", "20", "--steps", "200", "--lr", "0.02", "--dropout", "0"};
  auto leak = [&](const std::string& samples, std::vector<std::string> more) {
    std::vector<std::string> args{"leak", samples, d.data};
    args.insert(args.end(), more.begin(), more.end()), args.insert(args.end(), probe.begin(), probe.end());
    return args;
  };
  Dataset cut = d.test;  // a square of mid-grey in each image, as cutout leaves it
  for (int i = 0; i < cut.n; ++i)
    for (size_t y = 0; y < 14; ++y)
      for (size_t x = 0; x < 14; ++x)
        cut.images[static_cast<size_t>(i) * 784 + (y + static_cast<size_t>(i * 5 % 15)) * 28 + x + static_cast<size_t>(i * 3 % 15)] = 128;
  write_pictures(d.path("cut"), cut);
  const auto none = answer(leak(d.data + "@test", {"--diff-augment", "cutout"})),
             all = answer(leak(d.path("cut"), {"--diff-augment", "cutout"}));
  CHECK(std::abs(none["leak"].get<double>()) < .25);
  CHECK(std::abs(all["leak"].get<double>() - 1) < .25);
  CHECK(none["called_augmented"]["real"] == all["called_augmented"]["real"]);
  CHECK((none["n"] == 60 && none["n_real"] == 100));
  CHECK(ask(leak(d.data + "@test", {"--ada", "1"})).output.starts_with("leak "));
  // A run knows its own.
  for (const auto& [flags, name] : {std::pair<std::vector<std::string>, const char*>{{"--diff-augment", "cutout"}, "diff-augment cutout"},
                                    {{"--ada", "0.6"}, nullptr},
                                    {{}, nullptr}}) {
    std::vector<std::string> train{"train", "--data", d.data, "--out",   d.path("gan"), "--size",  "28", "--ngf",    "2",  "--ndf",
                                   "2",     "--nz",   "4",    "--batch", "8",           "--steps", "2",  "--device", "cpu"};
    train.insert(train.end(), flags.begin(), flags.end());
    REQUIRE(run_process(build_dir() / "apps" / "gan", train).code == 0);
    std::vector<std::string> args = leak(d.path("gan"), {"--n", "20"});
    if (name) CHECK(answer(args)["augmentation"] == name);
    else {
      const Outcome o = ask(args);
      CHECK(o.code == 2);
      CHECK_MESSAGE(o.errors.find("nothing can have leaked") != std::string::npos, o.errors);
    }
  }
  for (const auto& [more, says] : {std::pair<std::vector<std::string>, const char*>{{}, "name the augmentation"},
                                   {{"--ada", "0.5", "--diff-augment", "color"}, "one of them"},
                                   {{"--ada", "2"}, "--ada 2"},
                                   {{"--diff-augment", "mirror"}, "--diff-augment mirror: 'mirror' is none of"}}) {
    const Outcome o = ask(leak(d.data + "@test", more));
    CHECK(o.code == 2);
    CHECK_MESSAGE(o.errors.find(says) != std::string::npos, o.errors);
    CHECK(std::count(o.errors.begin(), o.errors.end(), '\n') == 1);
  }
}
