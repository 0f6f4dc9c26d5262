// What moves with a picture: masks, boxes and points, as `augment` writes them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>

#include "apps/support/command/csv.h"
#include "tests/augment_desk.h"

using namespace duel;
using namespace duel::test;

TEST_CASE("masks follow their pictures with values of their own, boxes with their labels") {
  const Desk desk;
  const auto mask_of = [](const Image& image, int i) {  // of the shape: where the red channel is above 100
    Image mask{image.h, image.w, 1, {}};
    for (size_t k = 0; k < image.pixels.size(); k += 3) mask.pixels.push_back(image.pixels[k] > 100 ? static_cast<uint8_t>(40 + i) : 3);
    return mask;
  };
  std::string boxes = "file,left,top,right,bottom,label\n";
  for (size_t i = 0; i < desk.files.size(); ++i) {
    fs::create_directories(fs::path(desk.path("masks/" + desk.files[i])).parent_path());
    write_png(desk.path("masks/" + desk.files[i]), mask_of(desk.images[i], static_cast<int>(i)));
    boxes += fmt::format("\"{}\",2,3,9,7.5,\"it, {}\"\n", desk.files[i], i);
  }
  std::ofstream(desk.path("boxes.csv")) << boxes;
  const std::vector<std::string> follow{desk.path("in") + "/", "--masks", desk.path("masks"), "--boxes", desk.path("boxes.csv")};
  auto with = [&](const std::string& recipe, const std::string& out) {
    return with_flags(follow, {"--aug", recipe, "--out", desk.path(out)});
  };
  check_ok(desk(with("hflip p=1; translate x=.25..25e-2 y=0..0", "out")));
  const Image mask = read_image(desk.path("out/masks/dog/08-0.png"), 0), before = mask_of(desk.images[8], 8);
  Image expected = before;
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 20; ++x)  // mirrored, then five pixels to the right
      expected.pixels[static_cast<size_t>(20 * y + x)] = x < 5 ? 0 : before.pixels[static_cast<size_t>(20 * y + 24 - x)];
  CHECK(mask.pixels == expected.pixels);
  const auto table = read_csv(desk.path("out/boxes.csv"));
  REQUIRE(table.size() == 13);
  CHECK(table[9] == std::vector<std::string>{"dog/08-0.png", "16.000", "3.000", "20.000", "7.500", "it, 8"});  // 20 − 9 + 5 … 23, cut
  CHECK(!fs::exists(desk.path("out/dropped-boxes.csv")));
  CHECK(fs::exists(desk.path("out/images/dog/08-0.png")));

  // Out of the frame by four sevenths: dropped where half has to be there.
  check_ok(desk(with_flags(with("hflip p=1; translate x=.3..3e-1 y=0..0", "half"), {"--visible", ".5"})));
  const auto dropped = read_csv(desk.path("half/dropped-boxes.csv"));
  REQUIRE(dropped.size() == 13);
  CHECK(dropped[9] == std::vector<std::string>{"dog/08-0.png", "it, 8", "0.429"});

  check_ok(desk(with("rotate -90..90; crop; perspective p=1", "wild")));
  for (int i = 6; i < 12; ++i)
    for (const uint8_t v : read_image(desk.path(fmt::format("wild/masks/dog/{:02}-0.png", i)), 0).pixels)
      CHECK((v == 0 || v == 3 || v == 40 + i));

  // Points stay, in their order, and say whether they are in the frame.
  std::ofstream(desk.path("points.csv")) << "file,x,y,label\ndog/08.png,2,3,eye\ndog/08.png,0,20,foot\ndog/09.png,10.5,.5,\"ear, left\"\n";
  const std::vector<std::string> pointing{desk.path("in") + "/", "--points", desk.path("points.csv")};
  const Outcome pointed = desk(with_flags(pointing, {"--aug", "hflip p=1; translate x=.25..25e-2 y=0..0", "--out", desk.path("points")}));
  check_ok(pointed);
  CHECK(pointed.output.find("points: 3 in") != std::string::npos);
  CHECK(pointed.output.find("2 outside the frame") != std::string::npos);
  const auto points = read_csv(desk.path("points/points.csv"));
  REQUIRE(points.size() == 4);
  CHECK(points[1] == std::vector<std::string>{"dog/08-0.png", "23.000", "3.000", "eye", "0"});  // 20 − 2 + 5
  CHECK(points[2] == std::vector<std::string>{"dog/08-0.png", "25.000", "20.000", "foot", "0"});
  CHECK(points[3] == std::vector<std::string>{"dog/09-0.png", "14.500", "0.500", "ear, left", "1"});
  CHECK(!fs::exists(desk.path("points/boxes.csv")));

  auto refused = [&](const std::vector<std::string>& args, int code, const std::string& says) {
    const Outcome o = desk(args);
    CHECK(o.code == code);
    CHECK_MESSAGE(o.errors.find(says) != std::string::npos, o.errors);
    CHECK(!fs::exists(desk.path("x")));
  };
  refused(with("elastic", "x"), 2, "elastic cannot be followed");
  refused({"shapes", "--aug", "hflip", "--out", desk.path("x"), "--masks", desk.path("masks")}, 2, "go by file names");
  refused(with_flags(with("hflip", "x"), {"--visible", "2"}), 2, "--visible 2");
  std::ofstream(desk.path("boxes.csv")) << "dog/08.png,2,3,9,21,it\n";
  refused(with("hflip", "x"), 3, "does not lie in its 20×20 pixels");
  std::ofstream(desk.path("boxes.csv")) << "dog/88.png,2,3,9,7,it\n";
  refused(with("hflip", "x"), 3, "there is no picture 'dog/88.png'");
  std::ofstream(desk.path("boxes.csv")) << "dog/08.png,2,3,two,7,it\n";
  refused(with("hflip", "x"), 3, "'two' is no number");
  std::ofstream(desk.path("boxes.csv")) << boxes;
  const auto refused_point = [&](const std::string& row, const std::string& says) {
    std::ofstream(desk.path("points.csv")) << row << '\n';
    refused(with_flags(pointing, {"--aug", "hflip", "--out", desk.path("x")}), 3, says);
  };
  refused_point("dog/08.png,2,20.5,eye", "the point 2,20.5 does not lie in its 20×20 pixels");
  refused_point("dog/08.png,2,3,4,5,eye", "6 fields where file, x, y and label are wanted");
  refused_point("dog/88.png,2,3,eye", "there is no picture 'dog/88.png'");
  write_png(desk.path("masks/dog/09.png"), mask_of(desk.images[4], 9));
  refused(with("hflip", "x"), 3, "a mask of 16×26 pixels for a picture of 20×20");
  fs::remove(desk.path("masks/dog/09.png"));
  refused(with("hflip", "x"), 3, "09.png");
}
