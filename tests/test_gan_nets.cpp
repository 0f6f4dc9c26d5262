// The nets of the GANs: sizes and parameter counts as printed, shapes, ranges, initialisation, and what is refused.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "engine/grad.h"
#include "engine/rng.h"
#include "models/gan_step.h"
#include "models/image_range.h"
#include "models/orthogonal.h"

using namespace duel;

namespace {

struct Pair {
  Generator g;
  Discriminator d;
  explicit Pair(const GanConfig& config) : g(config, Device::cpu), d(config, Device::cpu) { init_weights(g, 1), init_weights(d, 1); }
};

}  // namespace

TEST_CASE("parameter counts") {
  struct Row {
    GanNet net;
    int h, channels;
    double dropout;
    int64_t g, d;
  };
  for (const Row& row : {Row{GanNet::dcgan, 16, 1, 0, 337280, 134400},
                         {GanNet::dcgan, 32, 1, 0, 1066880, 661248},
                         {GanNet::dcgan, 64, 3, 0, 3576704, 2765568},
                         {GanNet::dcgan, 128, 3, 0, 12786560, 11164416},
                         {GanNet::mlp, 28, 1, .3, 1489936, 1460225},
                         {GanNet::small_mlp, 28, 1, 0, 114064, 100609},
                         {GanNet::keras, 32, 3, .3, 2833984, 217985},
                         {GanNet::keras, 64, 3, .3, 0, 242561}}) {
    const GanConfig config{.net = row.net, .h = row.h, .w = row.h, .channels = row.channels, .dropout = row.dropout};
    Generator g(config, Device::cpu);
    Discriminator d(config, Device::cpu);
    if (row.g) CHECK(parameter_count(g) == row.g);
    CHECK(parameter_count(d) == row.d);
    const std::string table = describe(config);
    CHECK(table.find(std::to_string(parameter_count(g))) != std::string::npos);
    CHECK(table.find(std::to_string(parameter_count(d))) != std::string::npos);
  }
}

TEST_CASE("shapes, ranges and precisions, of any image that the net can make") {
  struct Size {
    GanNet net;
    int h, w;
  };
  for (DType precision : {DType::f32, DType::bf16})
    for (const Size& size : {Size{GanNet::dcgan, 16, 16},
                             {GanNet::dcgan, 28, 28},
                             {GanNet::dcgan, 24, 40},
                             {GanNet::mlp, 5, 7},
                             {GanNet::small_mlp, 3, 4},
                             {GanNet::keras, 8, 12}})
      for (int channels = 1; channels <= 4; ++channels)
        for (int classes : {0, 3}) {
          const GanConfig config{.net = size.net,
                                 .h = size.h,
                                 .w = size.w,
                                 .channels = channels,
                                 .nz = 5,
                                 .ngf = 4,
                                 .ndf = 4,
                                 .dropout = .3,
                                 .classes = classes,
                                 .precision = precision};
          Pair net(config);
          const Tensor z = Rng{1}.normal({3, 1, 1, 5}, step_counter(), 0, 1, precision);
          const Tensor labels = classes ? Tensor::from({3}, {0, 2, 1}, DType::i32) : Tensor();
          for (Mode mode : {Mode::train, Mode::infer}) {
            const Pass pass{mode, labels, {1, step_counter()}};
            const Tensor x = net.g(z, pass);
            CHECK(x.shape() == Shape{3, size.h, size.w, channels});
            CHECK(x.dtype() == precision);
            for (double v : x.values()) REQUIRE(std::abs(v) <= 1);
            const Tensor logits = net.d(x, pass);
            CHECK(logits.shape() == Shape{3, 1, 1, 1});
            CHECK(logits.dtype() == DType::f32);
          }
        }
}

TEST_CASE("a label's planes convolved once a class are those convolved beside every image, in every derivative") {
  constexpr int classes = 3;
  const Rng rng{5};
  const Tensor x = rng.normal({4, 6, 5, 2}, step_counter(), 0, 1, DType::f64).detach();
  const Tensor w = rng.normal({3, 4, 4, 2 + classes}, step_counter(1), 0, 1, DType::f64).detach();
  const Window window{.stride = 2, .pad = 1};
  for (const Tensor& labels : {Tensor::from({4}, {2, 0, 2, 1}, DType::i32),
                               Tensor::from({4, classes}, {.5, .5, 0, 1, 0, 0, 0, .25, .75, .2, .3, .5}, DType::f64)}) {
    const auto everything = [&](const Tensor& y) {
      const Tensors first = grad(mean(square(square(y))), {x, w}, create_graph);
      const Tensors second = grad(sum(square(first[0])) + sum(square(first[1])), {x, w});
      return Tensors{y, first[0], first[1], second[0], second[1]};
    };
    const Tensors beside = everything(conv2d(with_one_hot(x, labels, classes), w, window));
    const Tensors once = everything(conv2d_with_one_hot(x, labels, planes_of_classes(classes, 6, 5, DType::f64, Device::cpu), w, window));
    for (size_t i = 0; i < once.size(); ++i) {
      REQUIRE(once[i].shape() == beside[i].shape());
      const auto a = once[i].values(), b = beside[i].values();
      for (size_t j = 0; j < a.size(); ++j) CHECK(a[j] == doctest::Approx(b[j]).epsilon(1e-10));
    }
  }
}

TEST_CASE("a label reaches both nets, by every way in") {
  for (LabelInG in_g : {LabelInG::one_hot, LabelInG::embedding, LabelInG::norm})
    for (LabelInD in_d : {LabelInD::one_hot, LabelInD::embedding, LabelInD::projection})
      for (GanNet kind : {GanNet::dcgan, GanNet::small_mlp, GanNet::mlp, GanNet::keras}) {
        const GanConfig config{
            .net = kind, .h = 8, .w = 8, .channels = 1, .nz = 4, .ngf = 4, .ndf = 4, .classes = 3, .label_in_g = in_g, .label_in_d = in_d};
        Pair net(config);
        init_weights(net.g, 1, Init::glorot), init_weights(net.d, 1, Init::glorot);
        NoGrad constant;
        // γ and β start alike for all classes but for their noise; make them differ.
        net.g.each({[](const std::string& name, Weight& w) {
                      if (name.ends_with("beta")) w.master.assign(Rng{3}.normal(w.master.shape(), step_counter()));
                    },
                    {}});
        const Tensor z = Rng{1}.normal({3, 1, 1, 4}, step_counter());
        const auto with = [&](double a, double b, double c) { return Pass{Mode::infer, Tensor::from({3}, {a, b, c}, DType::i32)}; };
        const Tensor x = net.g(z, with(0, 1, 2)), other = net.g(z, with(1, 1, 2));
        const std::vector<double> a = x.values(), b = other.values();
        double first = 0, rest = 0;
        for (size_t i = 0; i < a.size(); ++i) (i < a.size() / 3 ? first : rest) += std::fabs(a[i] - b[i]);
        CHECK(first > 1e-3);
        CHECK(rest == 0);
        const std::vector<double> said = net.d(x, with(0, 1, 2)).values(), elsewhere = net.d(x, with(1, 1, 2)).values();
        CHECK(std::fabs(said[0] - elsewhere[0]) > 1e-6);
        CHECK(said[1] == elsewhere[1]);
      }
}

TEST_CASE("a D that no norm shifts has biases: without one it would say 0 of grey images for ever") {
  for (Norm norm : {Norm::batch, Norm::layer, Norm::instance, Norm::none, Norm::spectral}) {
    const GanConfig config{.h = 16, .w = 16, .channels = 1, .nz = 4, .ngf = 4, .ndf = 4, .d_norm = norm};
    Discriminator d(config, Device::cpu);
    int biases = 0;
    d.each({[&](const std::string& name, Weight&) { biases += name.ends_with(".bias"); }, {}});
    CHECK(biases == (norm == Norm::none || norm == Norm::spectral ? 3 : 0));
  }
}

TEST_CASE("settings that make no sense are refused by name") {
  CHECK_THROWS_WITH_AS(check_config({.h = 7, .w = 7}),
                       "images of 7×7 pixels: a DCGAN halves them at least once, to 3 or more; take an even --size above 4", Error);
  CHECK_THROWS_WITH_AS(check_config({.channels = 5}), "--channels 5: 1 to 4", Error);
  CHECK_THROWS_AS(check_config({.net = GanNet::keras, .h = 30, .w = 30}), Error);
  CHECK_THROWS_AS(check_config({.net = GanNet::mlp, .d_norm = Norm::instance}), Error);
  const GanConfig plain, without{.d_norm = Norm::none};
  CHECK_THROWS_WITH_AS(check_objective({.penalty = Penalty::wgan_gp}, plain),
                       "--penalty wgan-gp with batch norm in D: it mixes the samples of a batch, and a penalty on each sample's gradient "
                       "means nothing then; take --d-norm layer, instance or none",
                       Error);
  CHECK_NOTHROW(check_objective({.penalty = Penalty::wgan_gp}, without));
  CHECK_THROWS_AS(check_objective({.loss = AdversarialLoss::wasserstein}, without), Error);
  CHECK_NOTHROW(check_objective({.loss = AdversarialLoss::wasserstein, .clip = .01}, without));
  CHECK_THROWS_AS(check_objective({.real_is = 1.05}, plain), Error);
  CHECK_THROWS_AS(check_objective({.loss = AdversarialLoss::hinge, .real_is = .9}, plain), Error);
  CHECK_THROWS_AS(d_loss_fake(AdversarialLoss::non_saturating, Tensor::zeros({2, 1, 1, 1}), 1.05), Error);
}

TEST_CASE("a shape that does not fit is shown in the layer table") {
  const GanConfig config{.h = 32, .w = 32, .channels = 1, .nz = 4, .ngf = 4, .ndf = 4};
  Pair net(config);
  try {
    net.d(Tensor::zeros({2, 64, 64, 1}));
    FAIL("64×64 went into a net for 32×32");
  } catch (const Error& e) {
    const std::string text = e.what();
    CHECK(text.find("f32[2, 64, 64, 1]") != std::string::npos);
    CHECK(text.find("→ x") != std::string::npos);
    CHECK(text.find("D 0") != std::string::npos);
  }
  CHECK_THROWS_AS(net.g(Tensor::zeros({2, 1, 1, 5})), Error);
  CHECK_THROWS_AS(net.g(Tensor::zeros({2, 1, 1, 4}), {Mode::train, Tensor::zeros({2}, DType::i32)}), Error);
}

TEST_CASE("images outside [-1, 1] are refused") {
  const GanConfig config{.h = 8, .w = 8, .channels = 1, .nz = 4, .ngf = 4, .ndf = 4};
  Pair net(config);
  Optimizer opt_g({}, masters(net.g)), opt_d({}, masters(net.d));
  GanStep step{net.g, net.d, opt_g, opt_d, 1, step_counter(), Tensor::full({4, 8, 8, 1}, 255), {}, Tensor::zeros({GanReport::size})};
  CHECK_THROWS_WITH_AS(
      step(), "[gan] the images lie in [255, 255], but G's tanh makes values in [-1, 1]; scale them, such as x / 127.5 - 1", Error);
}

TEST_CASE("images that were divided by their length are told from those that were scaled") {
  const auto checked = [](std::vector<double> v, int64_t n = 1) {
    check_image_range(Tensor::from({n, static_cast<int64_t>(v.size()) / n}, v), "gan", "G's tanh makes values in [-1, 1]");
  };
  std::vector<double> bytes;
  for (int i = 0; i < 28 * 28; ++i) bytes.push_back(i % 3 ? 0 : 100 + i % 155);  // clothes on black
  const double length = std::sqrt(std::inner_product(bytes.begin(), bytes.end(), bytes.begin(), 0.0));
  std::vector<double> divided(28 * 28, 0.0), grey;  // a black one before it, which has no length
  for (const double x : bytes) divided.push_back(x / length);
  CHECK_THROWS_WITH_AS(checked(divided, 2), doctest::Contains("each divided by its length"), Error);
  for (double& x : bytes) x = x / 127.5 - 1;
  CHECK_NOTHROW(checked(bytes));
  for (int i = 0; i < 2 * 28 * 28; ++i) grey.push_back((128 + i % 64) / 127.5 - 1);  // bytes of 128 to 191, scaled as they should be
  CHECK_NOTHROW(checked(grey, 2));
  CHECK_NOTHROW(checked({0, 0}));
  CHECK_NOTHROW(checked({-0.6, 0.8}));
}

TEST_CASE("a generator's images do not become larger by being called so") {
  const GanConfig small{.h = 32, .w = 32, .channels = 1, .nz = 4, .ngf = 4, .ndf = 4},
      large{.h = 64, .w = 64, .channels = 1, .nz = 4, .ngf = 4, .ndf = 4};
  const Pair of_32(small), of_64(large);
  const Tensor made = of_32.g(Rng{1}.normal({4, 1, 1, 4}, step_counter()));
  CHECK_THROWS_WITH_AS(of_64.d(made), doctest::Contains("[gan] x is f32[4, 32, 32, 1]"), Error);
  CHECK_THROWS_WITH_AS(reshape(made, {4, 64, 64, 1}), doctest::Contains("[reshape] f32[4, 32, 32, 1]"), Error);
}

TEST_CASE("an optimiser of both nets takes the gradients of both, and those of one for nothing else") {
  Pair net({.h = 8, .w = 8, .channels = 1, .nz = 4, .ngf = 4, .ndf = 4});
  Tensors all = masters(net.g);
  for (const Tensor& w : masters(net.d)) all.push_back(w);
  Optimizer both({}, all);
  const Tensor fake = net.g(Rng{1}.normal({4, 1, 1, 4}, step_counter()));
  const Tensors of_d = grad(d_loss_fake(AdversarialLoss::non_saturating, net.d(fake.detach())), used(net.d));
  CHECK_THROWS_WITH_AS(both.step(of_d), doctest::Contains(fmt::format("{} gradients for {} parameters", of_d.size(), all.size()).c_str()),
                       Error);
}

TEST_CASE("initialisation: the distributions of the paper, the same for the same seed") {
  const GanConfig config{.h = 32, .w = 32, .channels = 1};
  Generator a(config, Device::cpu), b(config, Device::cpu), c(config, Device::cpu);
  init_weights(a, 7), init_weights(b, 7), init_weights(c, 8);
  auto moments = [](const Tensor& t) {
    double mean = 0, square = 0;
    for (double v : t.values()) mean += v, square += v * v;
    mean /= static_cast<double>(t.count());
    return std::pair{mean, std::sqrt(square / static_cast<double>(t.count()) - mean * mean)};
  };
  const auto second = [](const Generator& g) { return std::get<DcganGenerator>(g.net).layers[1]; };
  const Tensor w = second(a).w.master;
  const auto [mean, std] = moments(w);
  CHECK(std::abs(mean) < 4 * 0.02 / std::sqrt(static_cast<double>(w.count())));
  CHECK(std == doctest::Approx(0.02).epsilon(0.02));
  CHECK(moments(second(a).gamma.master).first == doctest::Approx(1).epsilon(0.01));
  CHECK(w.values() == second(b).w.master.values());
  CHECK(w.values() != second(c).w.master.values());
}

namespace {

// The largest deviation from 1 of the product of m [rows,columns] with its transpose, taken over the shorter side.
double from_orthogonal(const Tensor& m) {
  const int64_t side = std::min(m.shape()[0], m.shape()[1]);
  const bool wide = m.shape()[0] == side;
  const Tensor d = cast(m, DType::f64);
  const std::vector<double> gram = matmul(d, d, !wide, wide).values();
  double worst = 0;
  for (int64_t i = 0; i < side; ++i)
    for (int64_t j = 0; j < side; ++j) worst = std::max(worst, std::fabs(gram[static_cast<size_t>(i * side + j)] - (i == j)));
  return worst;
}

}  // namespace

TEST_CASE("an orthogonal matrix is the Q of its noise, with R's diagonal positive") {
  NoGrad constant;
  const Rng rng{3};
  for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{1, 1}, {1, 9}, {9, 1}, {5, 17}, {17, 5}, {33, 33}, {40, 1030}}) {
    const Tensor q = orthogonal(rng, 6, rows, columns);
    CHECK(q.shape() == Shape{rows, columns});
    CHECK(from_orthogonal(q) < 1e-13);
    const int64_t side = std::min(rows, columns), other = std::max(rows, columns);
    const Tensor noise = rng.normal({side, other}, step_counter(6), 0, 1, DType::f64);
    const std::vector<double> r = matmul(q, noise, rows > columns, true).values();  // entry (i, j): what vector j of the noise has of i
    for (int64_t i = 0; i < side; ++i)
      for (int64_t j = 0; j <= i; ++j) {
        const double entry = r[static_cast<size_t>(i * side + j)];
        CHECK((j < i ? std::fabs(entry) < 1e-11 : entry > 0));
      }
    CHECK(q.values() == orthogonal(rng, 6, rows, columns).values());
    if (side > 1) CHECK(q.values() != orthogonal(rng, 7, rows, columns).values());
    if (side > 1) CHECK(q.values() != orthogonal({4}, 6, rows, columns).values());
  }
}

TEST_CASE("orthogonal initialisation: every weight, by the axis on which its outputs lie") {
  for (const GanNet kind : {GanNet::dcgan, GanNet::mlp, GanNet::small_mlp, GanNet::keras})
    for (const DType precision : {DType::f32, DType::bf16}) {
      const GanConfig config{
          .net = kind, .h = 16, .w = 16, .channels = 3, .nz = 6, .ngf = 8, .ndf = 8, .classes = 3, .precision = precision};
      Pair net(config), again(config);
      init_weights(net.g, 7, Init::orthogonal), init_weights(net.d, 7, Init::orthogonal);
      init_weights(again.g, 7, Init::orthogonal), init_weights(again.d, 7, Init::orthogonal);
      int looked_at = 0;
      const auto look = [&](const char* which, bool last_axis) {
        return [&looked_at, which, last_axis](const std::string& name, Weight& w) {
          if (!name.ends_with(".w")) return;
          const Shape& s = w.master.shape();
          const int64_t columns = last_axis && s.rank() == 4 ? s[-1] : w.master.count() / s[0];
          const double off = from_orthogonal(reshape(w.master, {w.master.count() / columns, columns}));
          CHECK_MESSAGE(off < 1e-6, which, " ", name, " is off by ", off);
          ++looked_at;
        };
      };
      NoGrad constant;
      net.g.each({look("G", true), {}}), net.d.each({look("D", false), {}});
      CHECK(looked_at >= 4);
      const Tensors a = masters(net.g), b = masters(again.g);
      for (size_t i = 0; i < a.size(); ++i) CHECK(a[i].values() == b[i].values());
      init_weights(again.g, 8, Init::orthogonal);
      CHECK(a[0].values() != masters(again.g)[0].values());
    }
}
