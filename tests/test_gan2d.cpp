// GANs on points of the plane: where the points come from, what the film shows, and a step by hand held against the step that trains.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/support/gan2d/compare.h"
#include "apps/support/gan2d/hand_step.h"
#include "apps/support/gan2d/page.h"
#include "engine/io/image.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

std::vector<float> drawn(const PointSource& source, int64_t n, int64_t seed = 1, int step = 0) {
  const std::vector<double> v = source.draw(n, seed, step_counter(step, Device::cpu)).values();
  return {v.begin(), v.end()};
}
double share(const std::vector<float>& points, auto&& f) {
  size_t count = 0;
  for (size_t i = 0; i < points.size(); i += 2) count += f(points[i], points[i + 1]);
  return static_cast<double>(count) / (static_cast<double>(points.size()) / 2);
}
// Four standard deviations of a share of p of n.
double slack(double p, double n) { return 4 * std::sqrt(p * (1 - p) / n); }

std::string refusal(auto&& f, Failure kind) {
  try {
    f();
  } catch (const Error& e) {
    CHECK(e.kind == kind);
    return e.what();
  }
  return "";
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Gan2dSettings small(const std::string& loss = "non-saturating") {
  Gan2dSettings s;
  s.width = 16, s.depth = 2, s.nz = 4, s.batch = 32, s.steps = 20, s.frames = 4, s.loss = loss;
  if (loss == "wasserstein") s.penalty = "wgan-gp";
  s.check();
  return s;
}

}  // namespace

TEST_CASE("points are a function of seed and step, whatever the batch") {
  for (const char* name : {"ring", "grid", "moons"}) {
    const PointSource source = open_points(name, 8, 0.1);
    const std::vector<float> some = drawn(source, 100), more = drawn(source, 300);
    CHECK(std::equal(some.begin(), some.end(), more.begin()));
    CHECK(drawn(source, 100, 2) != some);
    CHECK(drawn(source, 100, 1, 1) != some);
    const std::vector<double> later = source.draw(50, 1, step_counter(0, Device::cpu), 250).values();
    CHECK(std::equal(later.begin(), later.end(), more.begin() + 500));
  }
}

TEST_CASE("a mixture's own points: every mode as often, normal around it") {
  constexpr int n = 20000;
  for (const char* name : {"ring", "grid"}) {
    const PointSource source = open_points(name, 8, 0.1);
    const ModeCount found = count_modes(drawn(source, n), *source.mixture);
    const double modes = static_cast<double>(source.mixture->centres.size()), within = 1 - std::exp(-4.5);  // 3 σ in the plane
    CHECK(found.covered == found.modes);
    CHECK(std::abs(found.high_quality - within) < slack(within, n));
    for (const int64_t count : found.of_modes) CHECK(std::abs(static_cast<double>(count) / n - within / modes) < slack(1 / modes, n));
  }
  CHECK(open_points("ring", 5, 0.1).mixture->centres.size() == 5);
}

TEST_CASE("two moons: half on each, on their circles") {
  const std::vector<float> points = drawn(open_points("moons", 8, 1e-6), 4000);
  constexpr double r = 4.0 / 3;
  const auto on = [&](double x, double y, double cx, double cy, bool above) {
    return std::abs(std::hypot(x - cx * r, y - cy * r) - r) < 1e-4 && (above ? y > cy * r - 1e-4 : y < cy * r + 1e-4);
  };
  const double upper = share(points, [&](double x, double y) { return on(x, y, -0.5, -0.25, true); }),
               lower = share(points, [&](double x, double y) { return on(x, y, 0.5, 0.25, false); });
  CHECK(upper + lower == doctest::Approx(1));
  CHECK(std::abs(upper - 0.5) < slack(0.5, 4000));
}

TEST_CASE("a picture: points lie where it is dark, twice as many where it is twice as dark") {
  const TempFolder folder;
  Image image{10, 20, 1, std::vector<uint8_t>(200, 255)};
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 20; ++x)
      image.pixels[static_cast<size_t>(20 * y + x)] = x < 5 ? 55 : x < 10 ? 155 : 255;  // upper left: 200 and 100 dark
  write_png((folder / "a.png").string(), image);
  const std::vector<float> points = drawn(open_points((folder / "a.png").string(), 8, 0.1), 6000);
  CHECK(share(points, [](float x, float y) { return x >= -2 && x <= 0 && y >= 0 && y <= 1; }) == 1);
  CHECK(std::abs(share(points, [](float x, float) { return x < -1; }) - 2.0 / 3) < slack(2.0 / 3, 6000));
  CHECK(std::abs(share(points, [](float, float y) { return y < 0.5; }) - 0.5) < slack(0.5, 6000));
  write_png((folder / "white.png").string(), Image{4, 4, 1, std::vector<uint8_t>(16, 255)});
  CHECK(has(refusal([&] { open_points((folder / "white.png").string(), 8, 0.1); }, Failure::data), "white"));
}

TEST_CASE("a table of points is scaled to the square; what is none is refused with its row") {
  const TempFolder folder;
  const auto file = [&](const std::string& text) { return folder.write("p.csv", text).string(); };
  const std::vector<float> points = drawn(open_points(file("x,y\n100,7\n 300 , 7\n200,57\n"), 8, 0.1), 3000);
  CHECK(drawn(open_points(file("\xEF\xBB\xBF"
                               "100,7\n300,7\n200,57\n"),
                          8, 0.1),
              3000) == points);  // a byte order mark is none of x
  for (const auto& at : {std::pair{-2.0, -0.5}, {2.0, -0.5}, {0.0, 0.5}}) {
    const auto there = [&](float a, float b) { return std::hypot(a - at.first, b - at.second) < 1e-6; };
    CHECK(std::abs(share(points, there) - 1.0 / 3) < slack(1.0 / 3, 3000));
  }
  for (const auto& bad : {std::pair{"1,2\n3,four\n", "row 2"},
                          {"1,2\n3\n", "row 2"},
                          {"x,y\n1,2\n", "two points"},
                          {"0.5,1.2x\n1,2\n3,4\n", "row 1"},
                          {"1\n1,2\n3,4\n", "row 1"},
                          {"", "two points"},
                          {"1,2\n1,2\n", "same"},
                          {"1,2\n3,inf\n", "row 2"},
                          {"1,2\n3,nan\n", "row 2"}})
    CHECK_MESSAGE(has(refusal([&] { open_points(file(bad.first), 8, 0.1); }, Failure::data), bad.second), bad.first);
  CHECK(has(refusal([] { open_points("circle", 8, 0.1); }, Failure::usage), "ring, grid, moons"));
}

TEST_CASE("the film begins at 0, ends with the training, and shows more of the beginning") {
  const std::set<int64_t> steps = film_steps(3000, 60);
  CHECK(*steps.begin() == 0);
  CHECK(*steps.rbegin() == 3000);
  CHECK(steps.size() <= 60);
  CHECK(std::distance(steps.begin(), steps.upper_bound(750)) == 30);
  CHECK(film_steps(5, 60) == std::set<int64_t>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("arrows are the derivative of G's loss of each point, held against differences") {
  for (const char* loss : loss_names) {
    PlaneGan gan(small(loss), open_points("ring", 8, 0.1));
    while (gan.step < 20) gan.train_step();
    Film film(gan);
    film.shoot(gan);
    const FilmFrame& frame = film.frames[0];
    CHECK(frame.arrow_length > 0);
    const auto kind = gan.gan_step.objective.loss;
    const auto value = [&](double x, double y) { return g_loss(kind, gan.d(Tensor::from({1, 1, 1, 2}, {x, y}), {Mode::infer})).item(); };
    constexpr double h = 1e-2;
    int near = 0;  // a difference across a kink of LeakyReLU is another number
    for (size_t i = 0; i < frame.arrows.size(); i += 2) {
      const double x = frame.points[i], y = frame.points[i + 1];
      const double dx = -(value(x + h, y) - value(x - h, y)) / (2 * h), dy = -(value(x, y + h) - value(x, y - h)) / (2 * h);
      near += std::hypot(frame.arrows[i] - dx, frame.arrows[i + 1] - dy) < 0.05 * std::hypot(dx, dy) + 1e-3;
    }
    CHECK_MESSAGE(near >= film_arrows * 8 / 10, loss, ": ", near);
    CHECK(std::all_of(frame.field.begin(), frame.field.end(), [](float v) { return v >= 0 && v <= 1; }));
  }
}

TEST_CASE("the page holds the film, and needs nothing from elsewhere") {
  PlaneGan gan(small(), open_points("ring", 8, 0.1));
  Film film(gan);
  film.shoot(gan);
  gan.train_step();
  film.shoot(gan);
  const std::string html =
      render_report(plane_page(gan.settings, gan.source.name, "cpu </script>", film, {{{"step", 1}, {"loss_d", 1.5}, {"loss_g", 0.5}}}));
  CHECK(has(html, "default-src 'none'"));
  for (const char* outside : {"src=\"http", "href=", "@import", "url(", "fetch(", "cpu </script>"})
    CHECK_MESSAGE(!has(html, outside), outside);
  const std::string mark = "id=\"stage-data\">";
  const size_t from = html.find(mark) + mark.size();
  const auto data = nlohmann::json::parse(html.substr(from, html.find("</script>", from) - from));
  REQUIRE(data["panels"].size() == 1);
  const auto& frames = data["panels"][0]["frames"];
  REQUIRE(frames.size() == 2);
  CHECK(frames[1]["step"] == 1);
  CHECK(frames[1]["points"].get<std::string>().size() == (film_points * 2 * 2 + 2) / 3 * 4);
  CHECK(frames[1]["field"].get<std::string>().size() == (field_side * field_side + 2) / 3 * 4);
  CHECK(frames[1]["arrows"].size() == 2 * film_arrows);
  CHECK(has(frames[1]["score"], "of 8 modes"));
}

TEST_CASE("what takes part in a comparison is read from its name") {
  const Gan2dSettings base;
  const Gan2dSettings wgan = contestant("wasserstein+wgan-gp", base).settings, sn = contestant("hinge+spectral", base).settings;
  CHECK((wgan.loss == "wasserstein" && wgan.penalty == "wgan-gp" && wgan.d_norm == "none"));
  CHECK((sn.loss == "hinge" && sn.penalty == "none" && sn.d_norm == "spectral"));
  CHECK(has(refusal([&] { contestant("wasserstein", base); }, Failure::usage), "Lipschitz"));
  CHECK(has(refusal([&] { contestant("hinge+adam", base); }, Failure::usage), "'adam'"));
  CHECK(has(refusal([&] { contestant("hing", base); }, Failure::usage), "hinge"));
}

namespace {

// D's gradient is made by hand in two halves, for real and for made points, and in training in one pass: sums in another order.
bool nearly(const nlohmann::json& a, const nlohmann::json& b, double apart) {
  if (a.is_number() && b.is_number()) return std::fabs(a.get<double>() - b.get<double>()) < apart;
  if (a.type() != b.type() || a.size() != b.size()) return false;
  if (!a.is_structured()) return a == b;
  const nlohmann::json one = a.flatten(), other = b.flatten();
  for (const auto& [key, value] : one.items())
    if (!other.contains(key) || !nearly(value, other.at(key), apart)) return false;
  return true;
}

}  // namespace

TEST_CASE("a step by hand is the step that trains") {
  for (const char* name : loss_names) {
    const auto loss = static_cast<AdversarialLoss>(std::find(std::begin(loss_names), std::end(loss_names), std::string(name)) - loss_names);
    for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adam}) {
      const OptimizerSettings optimizer{.kind = kind, .lr = 0.1};
      HandInput by_hand = seeded_input(3, 2, 3, 5), trained = seeded_input(3, 2, 3, 5);
      hand_step(by_hand, loss, optimizer);
      Optimizer opt_g(optimizer, masters(trained.g)), opt_d(optimizer, masters(trained.d));
      const Tensor counter = step_counter(0, Device::cpu);
      GanStep step{trained.g, trained.d, opt_g, opt_d, 1, counter, trained.real, {}, Tensor::zeros({GanReport::size}), {.loss = loss}};
      step(trained.z, {});
      // Where a gradient is zero, Adam divides what rounding left of it by 1e-8: a critic's last bias gets −1 + 1, or thirds of them.
      const double apart = kind == OptimizerKind::adam ? 1e-7 : 1e-12;
      CHECK_MESSAGE(nearly(nlohmann::json(json_of(by_hand)), nlohmann::json(json_of(trained)), apart), name);
      CHECK(json_of(by_hand) != [] {
        HandInput before = seeded_input(3, 2, 3, 5);
        return json_of(before);
      }());
    }
  }
}
