// What is written for TensorBoard, byte by byte.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "apps/support/run/events.h"
#include "engine/histogram.h"
#include "engine/io/crc32c.h"
#include "engine/io/tensorboard.h"
#include "tests/event_reader.h"
#include "tests/file_support.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

std::string scalar_at(int64_t step, double value = 0.5) {
  tensorboard::Summary summary;
  summary.scalar("loss", value);
  return tensorboard::record(1e9, step, summary);
}

}  // namespace

TEST_CASE("CRC-32C has the values of RFC 3720") {
  const auto both = [](const std::string& bytes, uint32_t want) {
    CHECK(crc32c(bytes) == want);
    CHECK(crc32c_bitwise(bytes) == want);
  };
  std::string rising, falling;
  for (int i = 0; i < 32; ++i) rising += static_cast<char>(i), falling += static_cast<char>(31 - i);
  both("", 0), both("123456789", 0xe3069283);
  both(std::string(32, '\0'), 0x8a9136aa), both(std::string(32, '\xff'), 0x62a8ab43);
  both(rising, 0x46dd794e), both(falling, 0x113fdb5c);
}

TEST_CASE("a histogram counts every finite value once, those on its borders included") {
  const std::vector<double> values{0, 0.1, 0.25, 0.5, 0.999, 1, NAN, INFINITY, -INFINITY};
  CHECK(histogram(values, 4).counts == std::vector<int64_t>{2, 1, 1, 2});
  CHECK(histogram(values, 4).total() == 6);
  CHECK(histogram(values, 2, 0.1, 0.5).counts == std::vector<int64_t>{2, 1});  // what lies outside is left out
  const Histogram one = histogram(std::vector<double>{3, 3, 3}, 10), none = histogram(std::vector<double>{NAN}, 3);
  CHECK((one.low == 1.5 && one.high == 4.5 && one.counts[5] == 3));
  CHECK((none.low == 0 && none.high == 1 && none.total() == 0));
  CHECK(histogram(std::vector<double>{0, 1e-310}, 24, 0, 1e-310).counts[23] == 1);  // 24 over this range is infinite
  const Histogram near = histogram(std::vector<double>{1, std::nextafter(1, 2)}, 30),
                  far = histogram(std::vector<double>{-1.7e308, 0, 1.7e308}, 3);
  CHECK((near.total() == 2 && far.counts[1] == 1 && std::isfinite(far.width())));
  check_refused([] { histogram(std::vector<double>{}, 3, 1, 1); }, {"[histogram]"}, Failure::internal);
}

TEST_CASE("what is written comes back, and every check sum is right") {
  tensorboard::Summary summary;
  CHECK(summary.empty());
  const Image image{2, 3, 1, {0, 50, 100, 150, 200, 250}};
  const Histogram h{-1, 3, {5, 0, 7, 300}};
  summary.scalar("loss_d", 0.25), summary.scalar("odd/näme", NAN), summary.image("samples", image), summary.histogram("d", h);
  CHECK(!summary.empty());
  const std::string file = tensorboard::beginning(1e9) + tensorboard::record(1e9 + 0.5, int64_t{1} << 40, summary) + scalar_at(0);
  const std::vector<Event> events = events_of(file);
  REQUIRE(events.size() == 3);
  CHECK((events[0].version == "brain.Event:2" && events[0].step == 0 && events[0].time == 1e9 && !events[0].start));
  CHECK((events[1].step == int64_t{1} << 40 && events[1].time == 1e9 + 0.5));
  CHECK((events[1].scalars.at("loss_d") == 0.25 && std::isnan(events[1].scalars.at("odd/näme"))));
  const std::string& png = events[1].pngs.at("samples");
  CHECK(decode_image(as_bytes(png), 1, "the event").pixels == image.pixels);
  const EventHistogram& back = events[1].histograms.at("d");
  CHECK((back.low == -1 && back.high == 3 && back.count == 312));
  CHECK(back.limits == std::vector<double>{0, 1, 2, 3});
  CHECK(back.counts == std::vector<double>{5, 0, 7, 300});
  CHECK(events[2].scalars.at("loss") == 0.5);

  const std::vector<Event> again = events_of(tensorboard::beginning(1e9, 31));
  REQUIRE(again.size() == 2);
  CHECK((again[0].version == "brain.Event:2" && again[1].start && again[1].step == 31));
}

TEST_CASE("a file is cut behind a step, at a torn record and at a damaged one") {
  const TempFolder scratch;
  const std::string start = tensorboard::beginning(1), a = scalar_at(10), b = scalar_at(300), c = scalar_at(int64_t{1} << 40);
  const auto length = [&](const std::string& bytes, int64_t step) {
    put((scratch / "f").string(), bytes);
    return tensorboard::length_up_to((scratch / "f").string(), step);
  };
  const auto size = [](const std::string& bytes) { return static_cast<int64_t>(bytes.size()); };
  const std::string whole = start + a + b + c;
  CHECK(length(whole, 9) == size(start));
  CHECK(length(whole, 10) == size(start + a));
  CHECK(length(whole, 299) == size(start + a));
  CHECK(length(whole, 300) == size(start + a + b));
  CHECK(length(whole, int64_t{1} << 50) == size(whole));
  for (size_t torn = 1; torn < b.size(); ++torn) REQUIRE(length(start + a + b.substr(0, torn), 1000) == size(start + a));
  for (size_t i = 0; i < b.size(); ++i) {
    std::string damaged = b;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    REQUIRE(length(start + a + damaged + c, int64_t{1} << 50) == size(start + a));
  }
  tally(static_cast<long>(2 * b.size()), 0);
  CHECK(length("", 5) == 0);
  CHECK(length("hello, this is another kind of file", 5) == 0);
  CHECK(length(tensorboard::beginning(1, 31), 30) == 0);  // a file that was begun later than that
  check_refused([&] { tensorboard::length_up_to((scratch / "none").string(), 1); }, {"none"});
}

TEST_CASE("a record's numbers, histograms and objects get tags; the rest is passed over") {
  const TempFolder scratch;
  const RunFolder folder = RunFolder::create(scratch / "run");
  RunEvents events(folder);
  CHECK(folder.event_files().empty());
  events.add(
      {{"step", 7}, {"loss", 0.5}, {"name", "x"}, {"list", {1, 2}}, {"layers", {{"g.0", {{"norm", 2}}}}}, {"d", json_of({0, 1, {3, 4}})}});
  REQUIRE(folder.event_files().size() == 1);
  CHECK(folder.event_files()[0].filename() == "events.out.tfevents.0001.duel");
  const std::vector<Event> said = events_of(get(folder.event_files()[0].string()));
  REQUIRE(said.size() == 2);
  CHECK(said[1].step == 7);
  CHECK(said[1].scalars == std::map<std::string, double>{{"loss", 0.5}, {"layers/g.0/norm", 2}});
  CHECK(said[1].histograms.at("d").counts == std::vector<double>{3, 4});
  for (const char* other : {R"({"low":0,"high":1})", R"({"low":0,"high":1,"counts":[]})", R"({"low":0,"high":1,"counts":[0.5]})",
                            R"({"low":"0","high":1,"counts":[1]})", R"([1])"})
    CHECK(!histogram_of(nlohmann::ordered_json::parse(other)));
}
