// The page of a run, and the three numbers that say whether samples are plausible.
#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "apps/support/gan/data.h"
#include "apps/support/gan/sample_check.h"
#include "apps/support/report/report.h"
#include "engine/data/shapes.h"
#include "engine/io/base64.h"
#include "engine/io/file.h"
#include "engine/io/gzip.h"
#include "kernels/error.h"
#include "tests/support.h"

using namespace duel;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) n++;
  return n;
}

Image grey(int h, int w, uint8_t value) { return {h, w, 1, std::vector<uint8_t>(static_cast<size_t>(h) * w, value)}; }
std::string uri(const Image& image) { return "data:image/png;base64," + base64(encode_png(image)); }

// What the page's script gets to draw.
nlohmann::json data_of(const std::string& html) {
  const std::string open = "id=\"data\">";
  const size_t from = html.find(open) + open.size();
  return nlohmann::json::parse(html.substr(from, html.find("</script>", from) - from));
}

Page small_page() {
  Page page;
  page.title = "<script>alert(1)</script> & \"co\"";
  page.subtitle = "step 20 of 20";
  page.settings = {{"data", "</script><img src=x onerror='y'>"}, {"bad\x01", "\x7f ok"}};
  page.frames = {{10, grey(6, 8, 10)}, {12000, grey(6, 8, 200)}};
  page.interpolation = grey(4, 12, 77);
  page.pictures = {{"Real & made", "Each under <its> own.", grey(4, 8, 91)}};
  page.series = {{"Losses", "look", {{"</script>", {1, 2, 3}, {.25, NAN, INFINITY}}}}};
  page.checks = {{"spread", "how far", .9, .7, true}, {"fidelity", "how near", NAN, 1.6, false}};
  return page;
}

// The images of an IDX file in gzip, as far as `most`, scaled to [−1, 1].
std::vector<float> fashion(const std::string& file, int64_t most) {
  const std::vector<std::byte> packed = read_file(file, 100 << 20);
  GzipReader reader(packed, file);
  std::vector<uint8_t> bytes(16 + most * 784);
  reader.read(bytes.data(), bytes.size(), "images");
  std::vector<float> images(most * 784);
  for (size_t i = 0; i < images.size(); i++) images[i] = bytes[16 + i] / 127.5f - 1;
  return images;
}

// Soft blobs of random place and width on 16×16: a family that noise, a mean and copies all fall out of.
std::vector<float> blobs(int64_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> place(3, 12), width(1.5f, 4), height(1, 2);
  std::vector<float> images;
  for (int64_t i = 0; i < n; i++) {
    const float cy = place(random), cx = place(random), wy = width(random), wx = width(random), top = height(random);
    for (int y = 0; y < 16; y++)
      for (int x = 0; x < 16; x++)
        images.push_back(top * std::exp(-((y - cy) * (y - cy) / (2 * wy * wy) + (x - cx) * (x - cx) / (2 * wx * wx))) - 1);
  }
  return images;
}

struct Truth {
  int64_t size;
  std::vector<float> train, test, held_out;  // test and held_out: 256 images each
};

// Real held-out images pass; noise, eight images copied and the mean image do not, each for its own reason.
void judge(const Truth& truth) {
  auto check = [&](const std::vector<float>& samples) { return check_samples(samples, truth.test, truth.train, truth.size); };
  const int64_t size = truth.size, n = 256;

  const SampleCheck real = check(truth.held_out);
  CHECK(real.passed());
  CHECK(real.spread == doctest::Approx(1).epsilon(.2));
  CHECK(real.fidelity == doctest::Approx(1).epsilon(.2));

  std::mt19937 random(3);
  std::uniform_real_distribution<float> value(-1, 1);
  std::vector<float> noise(n * size), copies, mean(size), means;
  for (float& v : noise) v = value(random);
  for (size_t i = 0; i < truth.train.size(); i++) mean[i % size] += truth.train[i] / (truth.train.size() / size);
  for (int64_t i = 0; i < n; i++) {
    copies.insert(copies.end(), &truth.held_out[i % 8 * size], &truth.held_out[i % 8 * size] + size);
    means.insert(means.end(), mean.begin(), mean.end());
  }
  const SampleCheck of_noise = check(noise), of_copies = check(copies), of_means = check(means);
  CHECK(!of_noise.passed());
  CHECK(of_noise.fidelity > 1.6);
  CHECK(!of_copies.passed());
  CHECK(of_copies.nearest == 0);  // exactly: a twin's distance is not lost in rounding
  CHECK(!of_means.passed());
  CHECK(of_means.spread == 0);
}

}  // namespace

TEST_CASE("the page escapes everything and needs no network") {
  const std::string html = render_report(small_page());
  CHECK(has(html, "<title>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;co&quot;</title>"));
  CHECK(has(html, "&lt;/script&gt;&lt;img src=x onerror=&#39;y&#39;&gt;"));
  CHECK(count(html, "<script") == 2);
  CHECK(count(html, "</script>") == 2);  // the data and the program; no text of ours ends one early
  CHECK(!has(html, "onerror='"));
  CHECK(!has(html, "\x01"));
  for (const char* scheme : {"src=\"http", "href=\"http", "url(http", "@import", "fetch("}) CHECK(!has(html, scheme));
  CHECK(has(html, "default-src 'none'"));
}

TEST_CASE("the page holds its images, numbers and verdicts") {
  const Page page = small_page();
  const std::string html = render_report(page);
  // Without JavaScript: the latest grid, the strip and the tables stand in the HTML itself.
  CHECK(has(html, "alt=\"Generated samples after step 12,000\" src=\"" + uri(page.frames[1].grid)));
  CHECK(has(html, "src=\"" + uri(page.interpolation)));
  CHECK(has(html, "alt=\"Real &amp; made\" src=\"" + uri(page.pictures[0].image)));
  CHECK(has(html, "Each under &lt;its&gt; own."));
  CHECK(count(html, uri(page.frames[1].grid)) == 1);
  CHECK(count(html, "verdict pass\">") == 1);
  CHECK(count(html, "verdict fail\">") == 1);
  CHECK(has(html, "≥ 0.700"));
  CHECK(has(html, "not a number"));

  const auto data = data_of(html);
  CHECK(data["film"].size() == 2);
  CHECK(data["film"][0]["src"] == uri(page.frames[0].grid));
  CHECK(data["series"][0]["curves"][0]["name"] == "</script>");
  CHECK(data["series"][0]["curves"][0]["x"] == nlohmann::json{1, 2, 3});
  CHECK(data["series"][0]["curves"][0]["y"] == nlohmann::json{.25, nullptr, nullptr});

  Page nothing;
  nothing.title = "empty";
  CHECK(!has(render_report(nothing), "<img"));
  CHECK(!has(render_report(nothing), "<table"));
}

TEST_CASE("histograms over time, the layers, and a page that looks again while a run goes on") {
  Page page = small_page();
  CHECK(!has(render_report(page), "refresh"));
  CHECK(!has(render_report(page), "Layers"));
  Histograms said{"D(x) <b>", "of a batch", {}, {}, true};
  for (int i = 0; i < 1000; ++i) said.step.push_back(i), said.values.push_back({0, 1, {i, 1}});
  page.distributions = {said};
  page.layers = {"Layers", "", {"Layer", "", "Output"}, {{"G 0", "conv & co", "4×4×8"}}};
  page.look_again = 20;
  const std::string html = render_report(page);
  CHECK(has(html, "<noscript><meta http-equiv=\"refresh\" content=\"20\"></noscript>"));
  CHECK(html.find("refresh") < html.find("</head>"));
  CHECK(has(html, "<h2>D(x) &lt;b&gt;</h2>"));
  CHECK(has(html, "id=\"heat-0\""));
  CHECK(has(html, "<tr><th scope=\"row\">G 0</th><td>conv &amp; co</td><td class=\"number\">4×4×8</td></tr>"));
  const auto data = data_of(html);
  CHECK(data["lookAgain"] == 20);
  const auto& columns = data["distributions"][0]["columns"];
  REQUIRE(columns.size() == 96);
  CHECK(columns[0] == nlohmann::json{0, {0, 1}, {0, 1}});
  CHECK(columns[95] == nlohmann::json{999, {0, 1}, {999, 1}});
  page.distributions[0].step.pop_back();
  CHECK_THROWS_AS(render_report(page), Error);
}

TEST_CASE("words come escaped before all else, and drawings as they are") {
  Page page = small_page();
  page.words = {{"What came out", {"a < b", "second"}}};
  page.figures = {{"Plot & co", "a note", "<svg><rect/></svg>"}};
  const std::string html = render_report(page);
  CHECK(has(html, "<p>a &lt; b</p>\n<p>second</p>"));
  CHECK(has(html, "<h2>Plot &amp; co</h2>"));
  CHECK(has(html, "<svg><rect/></svg>"));
  CHECK(html.find("What came out") < html.find("<svg>"));
  CHECK(html.find("<svg>") < html.find("id=\"film\""));
}

TEST_CASE("a long run's page stays small") {
  Page page;
  for (int i = 0; i < 500; i++) page.frames.push_back({i, grey(2, 2, i % 256)});
  Curve curve{"loss", {}, {}};
  for (int i = 0; i < 100000; i++) {
    curve.step.push_back(i);
    curve.value.push_back(i == 70000 ? 50. : i % 2 ? .3 : .1);
  }
  page.series = {{"Losses", "", {curve}}};
  const std::string html = render_report(page);
  CHECK(html.size() < 100'000);
  CHECK(has(html, "{\"step\":\"0\""));
  CHECK(has(html, "after step 499\""));

  const ThinCurve thin = thin_curve(curve);
  CHECK(3 * thin.value.size() <= 450);
  CHECK(*std::max_element(thin.high.begin(), thin.high.end()) == 50);  // a spike of one step is still to be seen
  CHECK(thin.value[0] == doctest::Approx(.2).epsilon(.01));
  CHECK(std::is_sorted(thin.step.begin(), thin.step.end()));
  curve.step.pop_back();
  CHECK_THROWS_AS(thin_curve(curve), Error);
  const ThinCurve gap = thin_curve({"x", std::vector<double>(900, 1), std::vector<double>(900, NAN)});
  CHECK(std::isnan(gap.value[0]));
}

TEST_CASE("the page is written atomically") {
  test::TempFolder folder;
  const auto file = folder / "index.html";
  write_report(file, small_page());
  write_report(file, small_page());
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  CHECK(test::read_text(file) == render_report(small_page()));
  CHECK_THROWS_AS(write_report(folder / "none/index.html", small_page()), Error);
}

TEST_CASE("plausibility of samples: made-up images") {
  const Truth truth{256, blobs(2000, 1), blobs(256, 2), blobs(256, 3)};
  judge(truth);
  auto check = [&](const std::vector<float>& samples) { return check_samples(samples, truth.test, truth.train, truth.size); };

  const SampleCheck same = check(truth.test);
  CHECK(same.spread == 1);
  CHECK(same.nearest == 1);
  CHECK(same.fidelity == 1);

  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::vector<float> samples = truth.held_out;
    samples[truth.size * 100 + 5] = bad;
    for (const Check& c : check(samples).checks()) CHECK(!c.passed());
    CHECK(!check(samples).passed());
  }

  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const SampleCheck one = check(truth.held_out);
  omp_set_num_threads(5);
  const SampleCheck five = check(truth.held_out);
  omp_set_num_threads(before);
  CHECK(std::memcmp(&one, &five, sizeof one) == 0);
}

TEST_CASE("plausibility of samples: Fashion-MNIST") {
  const std::string folder = "/usr/share/datasets/fashion-mnist/";
  if (!std::filesystem::exists(folder + "train-images-idx3-ubyte.gz")) return test::skip("apt-get install dataset-fashion-mnist");
  const int64_t half = 256 * 784;
  const std::vector<float> test = fashion(folder + "t10k-images-idx3-ubyte.gz", 512);
  judge(
      {784, fashion(folder + "train-images-idx3-ubyte.gz", 10000), {test.begin(), test.begin() + half}, {test.begin() + half, test.end()}});
}

TEST_CASE("distances agree with plain double arithmetic, whatever the image size") {
  std::mt19937 random(5);
  std::normal_distribution<float> value;
  for (int64_t size : {1, 3, 15, 16, 17, 255, 256, 257, 272, 1000}) {
    auto draw = [&](int64_t n) {
      std::vector<float> v(n * size);
      for (float& x : v) x = value(random);
      return v;
    };
    const auto samples = draw(5), test = draw(4), train = draw(11);
    auto distance = [&](const std::vector<float>& a, int64_t i, const std::vector<float>& b, int64_t j) {
      double sum = 0;
      for (int64_t k = 0; k < size; k++) sum += std::pow(static_cast<double>(a[i * size + k]) - b[j * size + k], 2);
      return std::sqrt(sum);
    };
    auto numbers = [&](const std::vector<float>& a) {
      const int64_t n = static_cast<int64_t>(a.size()) / size;
      double pairs = 0, fidelity = 0;
      std::vector<double> nearest;
      for (int64_t i = 0; i < n; i++) {
        double own = 1e300, real = 1e300;
        for (int64_t j = 0; j < n; j++)
          if (j != i) pairs += distance(a, i, a, j), own = std::min(own, distance(a, i, a, j));
        for (int64_t j = 0; j < 11; j++) real = std::min(real, distance(a, i, train, j));
        nearest.push_back(own);
        fidelity += real / n;
      }
      std::sort(nearest.begin(), nearest.end());
      return SampleCheck{pairs / (n * (n - 1)), (nearest[(n - 1) / 2] + nearest[n / 2]) / 2, fidelity};
    };
    const SampleCheck got = check_samples(samples, test, train, size), s = numbers(samples), t = numbers(test);
    CHECK(got.spread == doctest::Approx(s.spread / t.spread).epsilon(1e-6));
    CHECK(got.nearest == doctest::Approx(s.nearest / t.nearest).epsilon(1e-6));
    CHECK(got.fidelity == doctest::Approx(s.fidelity / t.fidelity).epsilon(1e-6));
  }
}

TEST_CASE("the plausibility check looks at padded images without their margin") {
  auto shapes = [](int n, uint64_t seed) { return fit(make_shapes({.n = n, .size = 28, .channels = 1, .seed = seed}), 32); };
  const ImageData data{shapes(60, 1), shapes(20, 2)};
  const Dataset made = shapes(20, 3);
  std::vector<float> samples(made.images.size());
  to_signed(made.images, samples.data());
  std::vector<float> dirty = samples;
  for (size_t i = 0; i < dirty.size(); ++i)
    if (const size_t x = i % 32, y = i / 32 % 32; x < 2 || x >= 30 || y < 2 || y >= 30) dirty[i] = 1;
  const SampleCheck clean = check_against(data, samples), other = check_against(data, dirty);
  CHECK(clean.fidelity == other.fidelity);
  CHECK(clean.spread == other.spread);
  CHECK(clean.nearest == other.nearest);
}

TEST_CASE("the plausibility check refuses what it cannot measure") {
  const std::vector<float> good{0, 1, 2, 3}, train{5, 6}, alike{1, 1, 1, 1}, nan{0, NAN, 1, 1}, odd{1, 2, 3};
  auto kind = [&](const std::vector<float>& s, const std::vector<float>& te, const std::vector<float>& tr, int64_t size) {
    try {
      check_samples(s, te, tr, size);
    } catch (const Error& error) {
      return static_cast<int>(error.kind);
    }
    return 0;
  };
  CHECK(kind(good, good, train, 2) == 0);
  CHECK(kind(odd, good, train, 2) == 2);
  CHECK(kind(good, good, train, 0) == 2);
  CHECK(kind(train, good, train, 2) == 2);
  CHECK(kind(good, good, {}, 2) == 2);
  CHECK(kind(good, alike, train, 2) == 3);
  CHECK(kind(good, nan, train, 2) == 3);
  CHECK(kind(good, good, good, 2) == 3);
}
