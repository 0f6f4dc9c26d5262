// The augment program as a person uses it: what it writes is what the library makes, and nothing is lost when it is asked for nonsense.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/support/augment/augmenter.h"
#include "apps/support/command/csv.h"
#include "engine/data/shapes.h"
#include "engine/io/png_text.h"
#include "kernels/error.h"
#include "tests/augment_desk.h"

using namespace duel;
using namespace duel::test;

namespace {

constexpr const char* recipe_text = "crop; hflip; rotate -30..30; color b=.2 c=.2 h=.1; erase; gaussian-noise by=.02";

// What the library makes of one picture.
struct Expected {
  Image image;
  std::string drawn;
};
Expected expected_of(const Image& image, int id, int64_t seed, int epoch, int size = 0) {
  const Recipe recipe = parse_recipe(recipe_text);
  const Tensor x = Tensor::from_bytes({1, image.h, image.w, image.c}, DType::u8, image.pixels.data(), Device::cpu);
  const Augmented a = augment(x, recipe, {seed, RandomStream::augment}, step_counter(epoch, Device::cpu),
                              Tensor::from({1}, {static_cast<double>(id)}, DType::i32, Device::cpu), {.h = size, .w = size});
  Image out{size ? size : image.h, size ? size : image.w, image.c, {}};
  for (const double v : a.images.values()) out.pixels.push_back(static_cast<uint8_t>(std::lround(std::clamp(v, 0., 1.) * 255)));
  return {out, text_of(read_record(recipe, a.record)[0])};
}

}  // namespace

TEST_CASE("a folder's pictures are the library's on the same draws, whatever the batch, with all that makes them again") {
  const Desk desk;
  for (const char* batch : {"1", "7", "64"})
    check_ok(desk({desk.path("in"), "--aug", recipe_text, "--out", desk.path(std::string("out") + batch), "--copies", "2", "--seed", "9",
                   "--epoch", "3", "--batch", batch}));
  const auto out = all_in(desk.path("out64"));
  CHECK(out.size() == 12 * 2 + 2);  // and augmentations.csv, and the hidden list of files
  CHECK(out == all_in(desk.path("out1")));
  CHECK(out == all_in(desk.path("out7")));

  const auto table = read_csv(desk.path("out64/augmentations.csv"));
  REQUIRE(table.size() == 25);
  CHECK(table[0] == std::vector<std::string>{"file", "source", "sample", "label", "epoch", "seed", "height", "width", "recipe", "drawn"});
  int different = 0;
  for (size_t row = 1; row < table.size(); ++row) {
    const std::vector<std::string>& cell = table[row];
    const size_t i = (row - 1) / 2;
    const int epoch = 3 + static_cast<int>((row - 1) % 2);
    const Expected expected = expected_of(desk.images[i], static_cast<int>(i), 9, epoch);
    CHECK(cell[0] == fmt::format("{}-{}.png", desk.files[i].substr(0, desk.files[i].size() - 4), epoch - 3));
    CHECK(cell[1] == desk.path("in/" + desk.files[i]));
    CHECK(cell[2] == std::to_string(i));
    CHECK(cell[3] == (i < 6 ? "cat, tabby" : "dog"));
    CHECK(cell[4] == std::to_string(epoch));
    CHECK(cell[5] == "9");
    CHECK(cell[6] == std::to_string(expected.image.h));
    CHECK(cell[7] == std::to_string(expected.image.w));
    CHECK(parse_recipe(cell[8]) == parse_recipe(recipe_text));
    CHECK(cell[9] == expected.drawn);
    const std::string file = desk.path("out64/" + cell[0]);
    const Image made = read_image(file, 0);
    CHECK(made.h == expected.image.h);
    CHECK(made.pixels == expected.image.pixels);
    different += made.pixels != desk.images[i].pixels;
    const std::vector<PngText> texts = read_png_text(file);
    REQUIRE(texts.size() == 1);
    const nlohmann::json about = nlohmann::json::parse(texts[0].text);
    CHECK(about["drawn"] == expected.drawn);
    CHECK(about["epoch"] == epoch);
    CHECK(about["sample"] == i);
    CHECK(about["seed"] == 9);
    CHECK(parse_recipe(about["recipe"].get<std::string>()) == parse_recipe(recipe_text));
  }
  CHECK(different >= 23);
}

TEST_CASE("--size gives all results one size, in the pipeline's one resample") {
  const Desk desk;
  check_ok(desk({desk.path("in"), "--aug", recipe_text, "--out", desk.path("out"), "--size", "14"}));
  const Image made = read_image(desk.path("out/cat, tabby/04-0.png"), 0);
  CHECK(made.pixels == expected_of(desk.images[4], 4, 1, 0, 14).image.pixels);
}

TEST_CASE("a flat folder keeps its labels in labels.csv; a data set is written so") {
  const Desk desk;
  fs::create_directories(desk.path("flat"));
  for (int i = 0; i < 3; ++i) write_png(desk.path(fmt::format("flat/{}.png", i)), desk.images[static_cast<size_t>(i)]);
  std::ofstream(desk.path("flat/labels.csv")) << "file,label\n0.png,T-shirt/top\n1.png,a b\n2.png,a b\n";
  check_ok(desk({desk.path("flat"), "--aug", "hflip p=1", "--out", desk.path("out")}));
  CHECK(contents_of(desk.path("out/labels.csv")) == "file,label\n0-0.png,T-shirt/top\n1-0.png,a b\n2-0.png,a b\n");
  Image flipped = desk.images[0];
  for (int y = 0; y < flipped.h; ++y)
    for (int x = 0; x < flipped.w; ++x)
      for (int c = 0; c < 3; ++c)
        flipped.pixels[static_cast<size_t>((y * flipped.w + x) * 3 + c)] =
            desk.images[0].pixels[static_cast<size_t>((y * flipped.w + flipped.w - 1 - x) * 3 + c)];
  CHECK(read_image(desk.path("out/0-0.png"), 0).pixels == flipped.pixels);
  // The result is a source of the next one.
  check_ok(desk({desk.path("out"), "--aug", "hflip p=1", "--out", desk.path("back")}));
  CHECK(read_image(desk.path("back/0-0-0.png"), 0).pixels == desk.images[0].pixels);
  CHECK(contents_of(desk.path("back/labels.csv")) == "file,label\n0-0-0.png,T-shirt/top\n1-0-0.png,a b\n2-0-0.png,a b\n");
}

TEST_CASE("names that would be alike are told apart, and the number of a picture is its place in the whole source") {
  const Desk desk;
  fs::create_directories(desk.path("twins/deep"));
  for (const char* name : {"twins/a.png", "twins/a.jpg.png", "twins/deep/a.png"}) write_png(desk.path(name), desk.images[0]);
  fs::rename(desk.path("twins/a.jpg.png"), desk.path("twins/a.PNG"));
  fs::create_directories(desk.path("both/one"));
  fs::rename(desk.path("twins"), desk.path("both/one/twins"));
  check_ok(desk({desk.path("both"), "--aug", recipe_text, "--out", desk.path("out")}));
  for (int i = 0; i < 3; ++i)
    CHECK(read_image(desk.path(fmt::format("out/one/{:06}-a-0.png", i)), 0).pixels == expected_of(desk.images[0], i, 1, 0).image.pixels);
}

TEST_CASE("pictures that cannot be read stop it, naming the file, or are named and passed over") {
  const Desk desk;
  std::ofstream(desk.path("in/dog/07b.png")) << "no picture";
  const Outcome stopped = desk({desk.path("in"), "--aug", recipe_text, "--out", desk.path("out"), "--batch", "3"});
  CHECK(stopped.code == 3);
  CHECK(stopped.errors.find("07b.png': neither a PNG nor a JPEG") != std::string::npos);
  CHECK(stopped.errors.find("augment: '" + desk.path("in/dog/07b.png")) != std::string::npos);
  for (const auto& entry : fs::directory_iterator(desk.folder.path())) CHECK(entry.path().filename() == "in");

  const Outcome skipped = desk({desk.path("in"), "--aug", recipe_text, "--out", desk.path("out"), "--bad", "skip"});
  check_ok(skipped);
  CHECK(skipped.errors.find("passed over: '" + desk.path("in/dog/07b.png")) != std::string::npos);
  CHECK(skipped.output.find("12 pictures of 12 in " + desk.path("out") + "; 1 could not be read") != std::string::npos);
  // Those behind it keep the numbers that they have in the whole folder.
  CHECK(read_image(desk.path("out/dog/08-0.png"), 0).pixels == expected_of(desk.images[8], 9, 1, 0).image.pixels);
}

TEST_CASE("nothing is overwritten but, with --force, what the program wrote itself") {
  const Desk desk;
  const std::vector<std::string> small{desk.path("in"), "--aug", "rotate", "--out", desk.path("out")};
  check_ok(desk(small));
  const auto first = all_in(desk.path("out"));
  auto refused = [&](std::vector<std::string> args, const std::string& says) {
    const Outcome o = desk(std::move(args));
    CHECK(o.code == 2);
    CHECK_MESSAGE(o.errors.find(says) != std::string::npos, o.errors);
  };
  refused(small, "--force");
  CHECK(all_in(desk.path("out")) == first);

  std::vector<std::string> other{desk.path("in"), "--aug", "vflip p=1", "--out", desk.path("out"), "--force"};
  std::ofstream(desk.path("out/dog/mine.txt")) << "mine";
  refused(other, "'dog/mine.txt' in it was not written with the rest");
  fs::remove(desk.path("out/dog/mine.txt"));
  CHECK(all_in(desk.path("out")) == first);
  check_ok(desk(other));
  const auto second = all_in(desk.path("out"));
  CHECK(second.size() == first.size());
  CHECK(second.at("dog/08-0.png") != first.at("dog/08-0.png"));

  // With a picture that cannot be read in the middle the old result stays.
  std::ofstream(desk.path("in/dog/07b.png")) << "no picture";
  CHECK(desk(other).code == 3);
  CHECK(all_in(desk.path("out")) == second);
  size_t entries = 0;
  for (const auto& entry : fs::directory_iterator(desk.folder.path())) entries += !entry.path().empty();
  CHECK(entries == 2);
  fs::remove(desk.path("in/dog/07b.png"));

  for (const char* file : {"a.png", "a.html"}) {
    const std::string flag = std::string(file) == "a.png" ? "--sheet" : "--page";
    std::vector<std::string> one{desk.path("in"), "--aug", "rotate", flag, desk.path(file)};
    write_png(desk.path(file), desk.images[0]);  // somebody's
    refused(one, "--force");
    one.push_back("--force");
    refused(one, "did not write what is there");
    fs::remove(desk.path(file));
    check_ok(desk(one));
    check_ok(desk(one));
  }
}

TEST_CASE("a sheet shows originals and their copies; a preview every step") {
  const Desk desk;
  check_ok(desk({"shapes@test", "--aug", "rotate; erase p=1", "--sheet", desk.path("sheet.png"), "--n", "12", "--copies", "3"}));
  const Image sheet = read_image(desk.path("sheet.png"), 0);
  // Three rows of four tiles of 32 pixels, four times as large, 4 pixels between them and a line of headings above.
  CHECK(sheet.w == 4 + 4 * (128 + 4));
  CHECK(sheet.h == 4 + 24 + 3 * (128 + 4));
  CHECK(sheet.c == 3);
  const Dataset test = load_data("shapes").test;
  int second = 0;  // the second row has the first picture of another class
  while (test.labels[static_cast<size_t>(second)] == test.labels[0]) ++second;
  const Image original = image_of(test, second);
  bool same = true;
  for (int y = 0; y < 128; ++y)
    for (int x = 0; x < 128; ++x)
      for (int c = 0; c < 3; ++c)
        same = same && sheet.pixels[static_cast<size_t>(((28 + 132 + y) * sheet.w + 4 + x) * 3 + c)] ==
                           original.pixels[static_cast<size_t>((y / 4 * 32 + x / 4) * 3 + c)];
  CHECK(same);
  CHECK(nlohmann::json::parse(read_png_text(desk.path("sheet.png")).at(0).text)["source"] == "shapes@test");

  check_ok(desk({desk.path("in/dog/08.png"), "--preview", "--out", desk.path("steps")}));
  size_t rows = 0;
  for (const auto& entry : fs::directory_iterator(desk.path("steps"))) rows += entry.path().extension() == ".png";
  CHECK(rows >= 34);
  check_ok(desk({desk.path("in/dog/08.png"), "--preview", "--aug", "rotate -90..90; hflip", "--sheet", desk.path("two.png")}));
  CHECK(read_image(desk.path("two.png"), 0).h == 4 + 2 * (140 + 4 + 24));
}

TEST_CASE("a page holds its pictures and says in words what was drawn") {
  const Desk desk;
  check_ok(desk({desk.path("in"), "--aug", recipe_text, "--page", desk.path("page.html"), "--n", "8", "--copies", "3", "--seed", "4"}));
  const std::string page = contents_of(desk.path("page.html"));
  CHECK(page.find("data:image/png;base64,") != std::string::npos);
  CHECK(page.find("http") == page.find("http-equiv"));  // no address: the first "http" is that of the header
  CHECK(page.find(expected_of(desk.images[6], 6, 4, 2).drawn) != std::string::npos);
}

TEST_CASE("wrong input gets one sentence and its exit code, and leaves nothing behind") {
  const Desk desk;
  fs::create_directories(desk.path("empty")), fs::create_directories(desk.path("notes"));
  std::ofstream(desk.path("notes/a.txt")) << "text";
  std::ofstream(desk.path("file")) << "text";
  const std::string in = desk.path("in"), x = desk.path("x");
  const struct {
    std::vector<std::string> args;
    int code;
    std::string says;
  } wrong[] = {
      {{in, "--aug", "wobble", "--out", x}, 2, "no step is called 'wobble'"},
      {{in, "--aug", "rotate 5..-5", "--out", x}, 2, "runs backwards"},
      {{in, "--aug", "hflip p=2", "--out", x}, 2, "no probability"},
      {{in, "--out", x}, 2, "--aug"},
      {{in, "--aug", "hflip"}, 2, "--out FOLDER, --sheet FILE.png or --page FILE.html"},
      {{"--aug", "hflip", "--out", x}, 2, "name what to augment"},
      {{desk.path("nowhere"), "--aug", "hflip", "--out", x}, 3, "no data set"},
      {{desk.path("empty"), "--aug", "hflip", "--out", x}, 3, "holds no data set"},
      {{desk.path("notes"), "--aug", "hflip", "--out", x}, 3, "holds no data set"},
      {{desk.path("file"), "--aug", "hflip", "--out", x}, 3, "neither a PNG nor a JPEG"},
      {{in, "--aug", "hflip", "--out", desk.path("notes")}, 2, "it holds something else"},
      {{in, "--aug", "hflip", "--out", desk.path("notes"), "--force"}, 2, "it holds something else"},
      {{in, "--aug", "hflip", "--out", desk.path("file")}, 2, "no folder"},
      {{in, "--aug", "hflip", "--out", desk.path("file/x")}, 3, "cannot make"},
      {{in, "--aug", "hflip", "--out", "/proc/x"}, 3, "cannot make"},
      {{in, "--aug", "hflip", "--sheet", desk.path("x.jpg")}, 2, "ends in .png"},
      {{in, "--aug", "hflip", "--sheet", desk.path("none/x.png")}, 3, "none/x.png"},
      {{in, "--aug", "hflip", "--out", x, "--copies", "-1"}, 2, "--copies -1"},
      {{in, "--aug", "hflip", "--out", x, "--size", "-3"}, 2, "--size -3"},
      {{in, "--aug", "hflip", "--out", x, "--size", "99999"}, 2, "--size 99999"},
      {{in, "--aug", "hflip", "--out", x, "--batch", "0"}, 2, "--batch 0"},
      {{in, "--aug", "hflip", "--out", x, "--epoch", "-1"}, 2, "--epoch -1"},
      {{in, "--aug", "hflip", "--out", x, "--bad", "maybe"}, 2, "stop or skip"},
      {{in, "--aug", "hflip", "--out", x, "--seeds", "1"}, 2, "did you mean --seed"},
      {{in + "@test", "--aug", "hflip", "--out", x}, 3, "has no test images"},
      {{in, "--preview", "--out", x, "--sample", "12"}, 2, "--sample 12"},
      {{in, "--preview"}, 2, "--sheet"},
      {{in, "--aug", "hflip", "--sheet", desk.path("x.png"), "--n", "3"}, 2, "--n 3"},
  };
  for (const auto& w : wrong) {
    const Outcome o = desk(w.args);
    const std::string what = fmt::format("augment {}: exit {}, said: {}", fmt::join(w.args, " "), o.code, o.errors);
    CHECK_MESSAGE(o.code == w.code, what);
    CHECK_MESSAGE(o.errors.find(w.says) != std::string::npos, what);
    CHECK_MESSAGE(std::count(o.errors.begin(), o.errors.end(), '\n') == 1, what);
    for (const auto& entry : fs::directory_iterator(desk.folder.path())) {
      const std::string name = entry.path().filename();
      CHECK_MESSAGE((name != "x" && name[0] != '.' && !name.starts_with("x.")), what);
    }
  }
  CHECK(contents_of(desk.path("notes/a.txt")) == "text");
}

TEST_CASE("the commands of augment/README.md run as they stand there") {
  const Desk desk;
  fs::rename(desk.path("in"), desk.path("photos"));
  std::string boxes = "file,left,top,right,bottom,label\n";
  for (size_t i = 0; i < desk.files.size(); ++i) {
    fs::create_directories(fs::path(desk.path("masks/" + desk.files[i])).parent_path());
    write_png(desk.path("masks/" + desk.files[i]), desk.images[i]);
    boxes += fmt::format("\"{}\",2,3,9,7.5,thing\n", desk.files[i]);
  }
  std::ofstream(desk.path("boxes.csv")) << boxes;
  std::ofstream(desk.path("points.csv")) << "file,x,y,label\n\"" << desk.files[0] << "\",2,3,middle\n";
  std::istringstream lines(read_text(source_dir() / "augment/README.md"));
  int ran = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("    augment ")) continue;
    const std::string command = fmt::format("cd '{}' && PATH='{}':$PATH && {}", desk.path(""), (build_dir() / "apps").string(), line);
    const Outcome o = run_process("/bin/sh", {"-c", command});
    CHECK_MESSAGE(o.code == 0, fmt::format("{}: {}", line, o.errors));
    ++ran;
  }
  CHECK(ran >= 5);
  for (const char* made : {"steps.png", "sheet.png", "page.html", "more/dog/08-2.png", "followed/masks/dog/08-0.png", "followed/boxes.csv",
                           "followed/points.csv"})
    CHECK_MESSAGE(fs::exists(desk.path(made)), made);
}

TEST_CASE("a signal stops it with its own code and leaves nothing behind") {
  const Desk desk;
  const std::string command =
      fmt::format("timeout --preserve-status -s INT 1 '{}' shapes --aug rotate --copies 100 --device cpu --out '{}'",
                  (build_dir() / "apps" / "augment").string(), desk.path("out"));
  const Outcome o = run_process("/bin/sh", {"-c", command});
  CHECK_MESSAGE(o.code == 130, o.errors);
  for (const auto& entry : fs::directory_iterator(desk.folder.path())) CHECK(entry.path().filename() == "in");
}

TEST_CASE("--help has every step and an example") {
  const Outcome o = run_process(build_dir() / "apps" / "augment", {"--help"});
  CHECK(o.code == 0);
  for (const std::string& step : step_names()) CHECK_MESSAGE(o.output.find("\n  " + step) != std::string::npos, step);
  CHECK(o.output.find("--aug \"rotate -15..15; erase\" --sheet sheet.png") != std::string::npos);
}
