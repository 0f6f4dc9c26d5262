// Reading data sets: IDX, CIFAR and image folders, and what is refused.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>

#include "engine/data/batches.h"
#include "engine/data/cifar.h"
#include "engine/data/dataset.h"
#include "engine/data/idx.h"
#include "engine/data/shapes.h"
#include "tests/allocation_watch.h"
#include "tests/file_support.h"
#include "tests/md5.h"

using namespace duel;
using namespace duel::test;

namespace {

std::string idx(const std::vector<uint32_t>& shape, const std::string& values, int type = 8) {
  std::string file{0, 0, static_cast<char>(type), static_cast<char>(shape.size())};
  for (const uint32_t dim : shape) file += big32(dim);
  return file + values;
}
std::string gzipped(const std::string& text) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}
std::string ramp(size_t n) {
  std::string s(n, '\0');
  for (size_t i = 0; i < n; ++i) s[i] = static_cast<char>(i);
  return s;
}
void put_mnist(const TempFolder& folder, bool zipped) {
  const auto store = [&](const std::string& name, const std::string& file) {
    zipped ? put(folder / (name + ".gz"), gzipped(file)) : put(folder / name, file);
  };
  store("train-images-idx3-ubyte", idx({3, 2, 2}, ramp(12)));
  store("train-labels-idx1-ubyte", idx({3}, {2, 0, 1}));
  store("t10k-images-idx3-ubyte", idx({1, 2, 2}, "abcd"));
  store("t10k-labels-idx1-ubyte", idx({1}, std::string(1, 1)));
}
Image flat(int h, int w, std::array<uint8_t, 3> rgb) {
  Image image{h, w, 3, {}};
  for (int i = 0; i < h * w; ++i) image.pixels.insert(image.pixels.end(), rgb.begin(), rgb.end());
  return image;
}
struct DataHome {  // DUEL_DATA for one scope
  explicit DataHome(const std::string& path) { ::setenv("DUEL_DATA", path.c_str(), 1); }
  ~DataHome() { ::unsetenv("DUEL_DATA"); }
};

}  // namespace

TEST_CASE("idx: plain, gzipped, and what is refused") {
  const std::string good = idx({3, 2, 2}, ramp(12));
  for (const std::string& file : {good, gzipped(good)}) {
    const Idx read = parse_idx(as_bytes(file), 3, "f");
    CHECK(read.shape == std::vector<uint32_t>{3, 2, 2});
    CHECK(std::string(read.values.begin(), read.values.end()) == ramp(12));
  }
  const auto refused = [&](const std::string& plain, const char* why) {
    for (const bool zipped : {false, true}) {
      const std::string file = zipped ? gzipped(plain) : plain;
      largest_allocation = 0;
      check_refused([&] { parse_idx(as_bytes(file), 3, "liar"); }, {"liar", why});
      CHECK(largest_allocation < 1 << 20);
    }
  };
  refused("\1\2\3\4 some other file", "not an IDX file");
  refused(idx({3, 2, 2}, ramp(12), 0x0d), "element type 0x0d");
  refused(idx({12}, ramp(12)), "1 dimension where 3 are needed");
  refused(idx({3, 2, 2}, ramp(11)), "truncated");
  refused(idx({3, 2, 2}, ramp(13)), "");
  refused(idx({3, 0, 2}, ""), "dimension of 0");
  refused(idx({0xffffffff, 0xffffffff, 0xffffffff}, ramp(12)), "4294967295 × 4294967295");  // the product overflows 64 bits
  refused(idx({0x80000000, 0x80000000, 4}, ramp(12)), "declares");                          // … to exactly 0
  refused(idx({1 << 20, 32, 32}, ramp(12)), "truncated");                                   // a gigabyte in 28 bytes
  refused(idx({1 << 20, 32, 33}, ramp(12)), "more than");
  refused(good.substr(0, 10), "truncated");
  check_refused([&] { parse_idx(as_bytes(gzipped(good) + "x"), 3, "liar"); }, {"liar", "1 byte follows"});
  check_refused([&] { parse_idx(as_bytes(gzipped(good).substr(0, 30)), 3, "liar"); }, {"liar", "truncated"});
  const std::string bomb = gzipped(idx({3, 2, 2}, std::string(32 << 20, '\0')));
  largest_allocation = 0;
  check_refused([&] { parse_idx(as_bytes(bomb), 3, "bomb"); }, {"bomb", "more data"});
  CHECK(largest_allocation < 1 << 20);
}

TEST_CASE("idx folders, by path and below DUEL_DATA") {
  for (const bool zipped : {false, true}) {
    TempFolder folder;
    put_mnist(folder, zipped);
    const DataSplits d = load_data(folder.path().string());
    CHECK((d.train.n == 3 && d.train.h == 2 && d.train.w == 2 && d.train.c == 1 && d.test.n == 1));
    CHECK(d.train.labels == std::vector<int32_t>{2, 0, 1});
    CHECK(d.train.images[11] == 11);
    CHECK(d.test.images == std::vector<uint8_t>{'a', 'b', 'c', 'd'});
    CHECK(d.train.classes == std::vector<std::string>{"0", "1", "2"});
    const auto colour = load_data(folder.path().string(), {.size = 4, .channels = 3}).test;
    CHECK((colour.h == 4 && colour.c == 3 && colour.images.size() == 48));
    const DataHome home(std::filesystem::path(folder.path().string()).parent_path());
    CHECK(load_data(std::filesystem::path(folder.path().string()).filename()).train.n == 3);
  }
  TempFolder letters;  // EMNIST's names
  for (const char* name : {"emnist-letters-train-images-idx3-ubyte", "emnist-letters-test-images-idx3-ubyte"})
    put(letters / name, idx({1, 2, 2}, "abcd"));
  for (const char* name : {"emnist-letters-train-labels-idx1-ubyte", "emnist-letters-test-labels-idx1-ubyte"})
    put(letters / name, idx({1}, "\x01"));
  CHECK(load_data(letters.path().string()).test.n == 1);
  TempFolder folder;
  put_mnist(folder, true);
  put(folder / "train-labels-idx1-ubyte.gz", gzipped(idx({2}, ramp(2))));
  check_refused([&] { load_data(folder.path().string()); }, {"train-images-idx3-ubyte.gz", "3 images, but 2 labels"});
  ::unlink((folder / "t10k-labels-idx1-ubyte.gz").c_str());
  put(folder / "train-labels-idx1-ubyte.gz", gzipped(idx({3}, ramp(3))));
  check_refused([&] { load_data(folder.path().string()); }, {folder.path().string(), "t10k-labels-idx1-ubyte"});
  put(folder / "other-train-images-idx3-ubyte", "x");
  check_refused([&] { load_data(folder.path().string()); }, {folder.path().string(), "several files"});
}

TEST_CASE("idx labels beyond the classes are refused") {
  for (const bool zipped : {false, true}) {
    TempFolder folder;
    put_mnist(folder, zipped);
    const std::string ending = zipped ? ".gz" : "", three = idx({1}, std::string(1, 3));
    put(folder / ("t10k-labels-idx1-ubyte" + ending), zipped ? gzipped(three) : three);
    check_refused([&] { load_data(folder.path().string()); },
                  {"/t10k-labels-idx1-ubyte" + ending + "': ", "sample 0 has label 3", "the training labels are 0 to 2"});
  }
  for (const char* name : {"fashion-mnist", "mnist", "KMNIST"}) {  // ten classes, whichever of them the files hold
    TempFolder home;
    const TempFolder elsewhere;
    put_mnist(elsewhere, false);
    std::filesystem::rename(elsewhere.path(), home / name);
    const DataHome data(home.path());
    CHECK(load_data(name).train.classes.size() == 10);
    const std::string folder = home / name;
    put(folder + "/train-labels-idx1-ubyte", idx({3}, {2, 10, 11}));
    check_refused([&] { load_data(name); }, {folder + "/train-labels-idx1-ubyte", "sample 1 has label 10", " has 0 to 9"});
  }
}

TEST_CASE("fashion-mnist as Debian installs it") {
  if (!std::filesystem::is_directory("/usr/share/datasets/fashion-mnist")) {
    skip("fashion-mnist is not installed (apt-get install dataset-fashion-mnist)");
    return;
  }
  const DataSplits d = load_data("fashion-mnist");
  CHECK((d.train.n == 60000 && d.test.n == 10000 && d.train.h == 28 && d.train.w == 28 && d.train.c == 1));
  CHECK(d.train.classes.size() == 10);
  CHECK(d.train.classes[9] == "Ankle boot");
  // The sums are of the raw files: header and elements.
  const auto raw_images = [](const Dataset& s) { return idx({static_cast<uint32_t>(s.n), 28, 28}, {s.images.begin(), s.images.end()}); };
  const auto raw_labels = [](const Dataset& s) { return idx({static_cast<uint32_t>(s.n)}, {s.labels.begin(), s.labels.end()}); };
  CHECK(md5(raw_images(d.train)) == "f4a8712d7a061bf5bd6d2ca38dc4d50a");
  CHECK(md5(raw_labels(d.train)) == "9018921c3c673c538a1fc5bad174d6f9");
  CHECK(md5(raw_images(d.test)) == "8181f5470baa50b63fa0f6fddb340f0a");
  CHECK(md5(raw_labels(d.test)) == "15d484375f8d13e6eb1aabb0c3f46965");
}

TEST_CASE("cifar: planes become interleaved, and what is refused") {
  const auto record = [](std::string labels, int base) {
    for (int c = 0; c < 3; ++c)
      for (int p = 0; p < 1024; ++p) labels += static_cast<char>(base + 50 * c + p % 32);
    return labels;
  };
  Dataset ten;
  const std::string two = record({7}, 0) + record({9}, 1);
  parse_cifar(as_bytes(two), 10, "batch", &ten);
  CHECK((ten.n == 2 && ten.h == 32 && ten.w == 32 && ten.c == 3));
  CHECK(ten.labels == std::vector<int32_t>{7, 9});
  CHECK(ten.images.size() == 2 * 3072);
  CHECK(ten.images[3 * 33 + 0] == 1);  // row 1, column 1
  CHECK(ten.images[3 * 33 + 2] == 101);
  CHECK(ten.images[3072 + 3 * 31 + 1] == 82);
  Dataset hundred;
  parse_cifar(as_bytes(record({19, 99}, 0)), 100, "train", &hundred);
  CHECK(hundred.labels == std::vector<int32_t>{99});
  check_refused([&] { parse_cifar(as_bytes(two.substr(1)), 10, "bad.bin", &ten); }, {"bad.bin", "no whole number"});
  check_refused([&] { parse_cifar({}, 10, "bad.bin", &ten); }, {"bad.bin", "0 bytes"});
  check_refused([&] { parse_cifar(as_bytes(record({10}, 0)), 10, "bad.bin", &ten); }, {"bad.bin", "label 10"});
  TempFolder folder;
  std::filesystem::create_directory(folder / "cifar-10-batches-bin");
  for (int i = 1; i <= 5; ++i)
    put(folder / ("cifar-10-batches-bin/data_batch_" + std::to_string(i) + ".bin"), record({static_cast<char>(i)}, i));
  check_refused([&] { load_data(folder.path().string()); }, {"test_batch.bin", "No such file"});
  put(folder / "cifar-10-batches-bin/test_batch.bin", two);
  put(folder / "cifar-10-batches-bin/batches.meta.txt", "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntr\x1b!\n\n");
  const DataSplits d = load_data(folder.path().string());
  CHECK(d.train.labels == std::vector<int32_t>{1, 2, 3, 4, 5});
  CHECK(d.test.n == 2);
  CHECK(d.test.classes[9] == "tr\\x1b!");
}

TEST_CASE("the margin around padded images is remembered, whatever else becomes of them") {
  const Dataset small = make_shapes({.n = 3, .size = 28, .channels = 1, .seed = 1});
  const std::vector<int32_t> first{0};
  CHECK(fit(small, 32).margin == 2);
  CHECK(fit(small, 64).margin == 0);
  CHECK(with_channels(subset(fit(small, 32), first), 3).margin == 2);
  TempFolder folder;
  for (int i = 0; i < 3; ++i) write_png(folder / fmt::format("{}.png", i), image_of(small, i));
  CHECK(load_data(folder.path().string(), {.size = 32}).train.margin == 2);
  CHECK(load_data(folder.path().string()).train.margin == 0);
  write_png(folder / "1.png", flat(32, 32, {1, 2, 3}));
  CHECK(load_data(folder.path().string(), {.size = 32}).train.margin == 0);
}

TEST_CASE("image folders: classes, sizes, splits") {
  TempFolder folder;
  for (const char* name : {"cats", "dogs", "dogs/deeper", ".hidden"}) std::filesystem::create_directory(folder / name);
  write_png(folder / "cats/b.png", flat(6, 6, {1, 2, 3}));
  write_png(folder / "cats/a.PNG", flat(6, 6, {4, 5, 6}));
  write_png(folder / "dogs/deeper/c.png", flat(6, 6, {7, 8, 9}));
  write_png(folder / ".hidden/d.png", flat(6, 6, {0, 0, 0}));
  write_png(folder / "dogs/.e.png", flat(6, 6, {0, 0, 0}));
  put(folder / "dogs/readme.txt", "not an image");
  const DataSplits d = load_data(folder.path().string());
  CHECK((d.train.n == 3 && d.train.c == 3 && d.test.n == 0));
  CHECK(d.train.classes == std::vector<std::string>{"cats", "dogs"});
  CHECK(d.train.labels == std::vector<int32_t>{0, 0, 1});
  CHECK((d.train.images[0] == 4 && d.train.images[108] == 1 && d.train.images[216] == 7));
  write_png(folder / "dogs/wide.png", flat(6, 9, {10, 11, 12}));
  check_refused([&] { load_data(folder.path().string()); }, {"wide.png", "6 × 9", "--size"});
  const DataSplits fitted = load_data(folder.path().string(), {.size = 4, .channels = 1});
  CHECK((fitted.train.n == 4 && fitted.train.h == 4 && fitted.train.w == 4 && fitted.train.c == 1));
  CHECK(fitted.train.images[0] == (4 * 77 + 5 * 150 + 6 * 29) / 256);
  const DataSplits held = load_data(folder.path().string(), {.size = 4, .holdout = 0.5});
  CHECK((held.train.n == 2 && held.test.n == 2));
  CHECK(held.test.labels == std::vector<int32_t>{0, 1});
  put(folder / "cats/broken.png", "\x89PNG\r\n\x1a\n");
  check_refused([&] { load_data(folder.path().string(), {.size = 4}); }, {"cats/broken.png", "truncated"});

  std::filesystem::remove(folder / "cats/broken.png");
  for (const char* link : {"cats/lost.png", "birds"}) {  // a picture and a class that are links to nothing
    std::filesystem::create_symlink("no\x1bwhere", folder / link);
    check_refused([&] { load_data(folder.path().string(), {.size = 4}); }, {folder / link, "no\\x1bwhere", "remove the link"});
    std::filesystem::remove(folder / link);
  }
  std::filesystem::create_symlink("dogs/wide.png", folder / ".draft.png");  // hidden: passed over, as hidden files are
  std::filesystem::create_symlink("../dogs/wide.png", folder / "cats/found.png");
  CHECK(load_data(folder.path().string(), {.size = 4}).train.n == 5);
  std::filesystem::rename(folder / "dogs", folder / ".dogs");  // the link to it dangles now
  check_refused([&] { load_data(folder.path().string(), {.size = 4}); }, {"cats/found.png"});

  TempFolder split;
  for (const char* name : {"train", "test", "train/a", "train/b", "test/a"}) std::filesystem::create_directory(split / name);
  write_png(split / "train/a/1.png", {2, 2, 1, {1, 2, 3, 4}});
  write_png(split / "train/b/1.png", {2, 2, 1, {5, 6, 7, 8}});
  write_png(split / "test/a/1.png", {2, 2, 1, {9, 9, 9, 9}});
  check_refused([&] { load_data(split.path().string()); }, {split.path().string(), "must be the same"});
  std::filesystem::create_directory(split / "test/b");
  write_png(split / "test/b/1.png", {2, 2, 1, {9, 9, 9, 8}});
  const DataSplits s = load_data(split.path().string());
  CHECK((s.train.n == 2 && s.test.n == 2 && s.train.c == 1));  // all grey: one channel
  CHECK(s.train.images == std::vector<uint8_t>{1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("what is not found is one sentence with the path and what to do") {
  TempFolder folder;
  check_refused([&] { load_data(folder.path().string()); }, {folder.path().string(), "holds no data set", "IDX", "CIFAR", "PNG"});
  check_refused([&] { load_data(folder / "nothing"); }, {folder / "nothing", "DUEL_DATA"});
  check_refused([&] { load_data("\x1b[31m"); }, {"\\x1b[31m"});
  put(folder / "cifar-10-binary.tar.gz", "x");
  check_refused([&] { load_data(folder / "cifar-10-binary.tar.gz"); }, {"cifar-10-binary.tar.gz", "unpack"});
  check_refused([&] { load_data("shapes", {.size = -1}); }, {"-1"}, Failure::usage);
  check_refused([&] { load_data("shapes", {.channels = 2}); }, {"--channels 2"}, Failure::usage);
  check_refused([&] { load_data("shapes", {.size = 4}); }, {"4 × 4"}, Failure::usage);
}
