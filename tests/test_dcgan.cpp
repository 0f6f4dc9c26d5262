// The network: sizes and parameter counts of the paper's table, and shapes refused.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/grad.h"
#include "engine/rng.h"
#include "models/dcgan.h"

using namespace duel;

TEST_CASE("parameter counts") {
  struct Row {
    int size, channels;
    int64_t g, d;
  };
  for (const Row& row : {Row{16, 1, 337280, 134400}, {32, 1, 1066880, 661248}, {64, 3, 3576704, 2765568}, {128, 3, 12786560, 11164416}}) {
    const DcganConfig config{.size = row.size, .channels = row.channels};
    DcganGenerator g(config, Device::cpu);
    DcganDiscriminator d(config, Device::cpu);
    CHECK(parameter_count(g) == row.g);
    CHECK(parameter_count(d) == row.d);
    const std::string table = describe(config);  // counts by itself, from the formulas
    CHECK(table.find(std::to_string(row.g)) != std::string::npos);
    CHECK(table.find(std::to_string(row.d)) != std::string::npos);
  }
}

TEST_CASE("shapes, ranges and precisions") {
  for (DType precision : {DType::f32, DType::bf16})
    for (int channels : {1, 2, 3, 4}) {
      const DcganConfig config{.size = 16, .channels = channels, .nz = 5, .ngf = 4, .ndf = 4, .precision = precision};
      DcganGenerator g(config, Device::cpu);
      DcganDiscriminator d(config, Device::cpu);
      init_weights(g, 1), init_weights(d, 1);
      const Tensor z = Rng{1}.normal({3, 1, 1, 5}, step_counter(), 0, 1, precision);
      for (Mode mode : {Mode::train, Mode::infer}) {
        const Tensor x = g(z, mode);
        CHECK(x.shape() == Shape{3, 16, 16, channels});
        CHECK(x.dtype() == precision);
        for (double v : x.values()) REQUIRE(std::abs(v) <= 1);
        const Tensor logits = d(x, mode);
        CHECK(logits.shape() == Shape{3, 1, 1, 1});
        CHECK(logits.dtype() == DType::f32);
      }
    }
}

TEST_CASE("settings that no DCGAN has are refused by name") {
  CHECK_THROWS_WITH_AS(check_config({.size = 48}), "--size 48: a DCGAN makes square images of 16, 32, 64 or 128 pixels", Error);
  CHECK_THROWS_WITH_AS(check_config({.size = 32, .channels = 5}), "--channels 5: 1 to 4", Error);
}

TEST_CASE("initialisation: the distributions of the paper, the same for the same seed") {
  const DcganConfig config{.size = 32, .channels = 1};
  DcganGenerator a(config, Device::cpu), b(config, Device::cpu), c(config, Device::cpu);
  init_weights(a, 7), init_weights(b, 7), init_weights(c, 8);
  auto moments = [](const Tensor& t) {
    double mean = 0, square = 0;
    for (double v : t.values()) mean += v, square += v * v;
    mean /= static_cast<double>(t.count());
    return std::pair{mean, std::sqrt(square / static_cast<double>(t.count()) - mean * mean)};
  };
  const auto [mean, std] = moments(a.layers[1].w.master);
  CHECK(std::abs(mean) < 4 * 0.02 / std::sqrt(static_cast<double>(a.layers[1].w.master.count())));
  CHECK(std == doctest::Approx(0.02).epsilon(0.02));
  CHECK(moments(a.layers[1].gamma.master).first == doctest::Approx(1).epsilon(0.01));
  CHECK(a.layers[1].w.master.values() == b.layers[1].w.master.values());
  CHECK(a.layers[1].w.master.values() != c.layers[1].w.master.values());
}
