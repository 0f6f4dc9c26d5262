// Variational autoencoders: what they count and refuse, their losses by hand and against PyTorch, and three whole steps.
#include "engine/graph.h"
#include "models/vae_step.h"
#include "tests/golden.h"
#include "tests/gradcheck.h"

using namespace duel;
using namespace duel::test;

namespace {

Vae fresh(const VaeConfig& config, int64_t seed = 1) {
  Vae net(config, Device::cpu);
  init_weights(net, seed);
  return net;
}
Tensor images(const VaeConfig& c, int64_t n) { return Rng{1}.uniform({n, c.h, c.w, c.channels}, step_counter(1), 0, 1, c.precision); }
Tensor normal(const Shape& shape, DType dtype = DType::f32) { return Rng{2}.normal(shape, step_counter(1), 0, 1, dtype); }
Tensor labels_of(const VaeConfig& c, int64_t n) {
  if (!c.classes) return {};
  std::vector<double> list;
  for (int64_t i = 0; i < n; ++i) list.push_back(static_cast<double>(i % c.classes));
  return Tensor::from({n}, list, DType::i32);
}

constexpr VaeNet both[] = {VaeNet::keras, VaeNet::conv};
constexpr Likelihood all_likelihoods[] = {Likelihood::bernoulli, Likelihood::gaussian, Likelihood::continuous_bernoulli};

}  // namespace

TEST_CASE("parameter counts") {
  auto counts = [](const VaeConfig& c) {
    Vae net(c, Device::cpu);
    return std::pair{parameter_count(net.encoder), parameter_count(net.decoder)};
  };
  CHECK(counts({}) == std::pair<int64_t, int64_t>{69076, 65089});  // as Keras prints for its example
  for (VaeNet net : both)
    for (const VaeConfig& c : {VaeConfig{.net = net, .latent = 64},
                               {.net = net, .h = 64, .w = 64, .channels = 3, .width = 8},
                               {.net = net, .h = 12, .w = 20, .channels = 4, .width = 3, .classes = 5},
                               {.net = net, .variational = false}}) {
      const auto count = counts(c);
      const std::string table = describe(c);  // counts by itself, from the formulas
      CHECK_MESSAGE(table.find(fmt::format(" {}\nd", count.first)) != std::string::npos, count.first, "\n", table);
      CHECK_MESSAGE(table.ends_with(fmt::format(" {}\n", count.second)), count.second, "\n", table);
    }
}

TEST_CASE("any size that halves, one to four channels, with and without labels, in f32, f64 and bf16") {
  for (VaeNet net : both)
    for (DType precision : {DType::f32, DType::f64, DType::bf16})
      for (const VaeConfig& c :
           {VaeConfig{.net = net, .h = 16, .w = 16, .width = 4, .precision = precision},
            {.net = net, .h = 8, .w = 12, .channels = 4, .latent = 3, .width = 4, .classes = 3, .precision = precision},
            {.net = net, .h = 28, .w = 20, .channels = 3, .width = 4, .variational = false, .precision = precision}}) {
        const Vae vae = fresh(c);
        for (Mode mode : {Mode::train, Mode::infer}) {
          const Posterior q = vae.encoder(images(c, 2), labels_of(c, 2), mode);
          CHECK(q.mean.shape() == Shape{2, c.latent});
          CHECK(static_cast<bool>(q.log_variance) == c.variational);
          const Tensor out = vae.decoder(q.mean, labels_of(c, 2), mode);
          CHECK(out.shape() == Shape{2, c.h, c.w, c.channels});
          CHECK(out.dtype() == accumulator_of(precision));
        }
      }
}

TEST_CASE("settings and inputs that no VAE has are refused by name") {
  CHECK_THROWS_WITH_AS(check_config(VaeConfig{.h = 30, .w = 28}),
                       "images of 30×28 pixels: --net vae and ae halve them twice; take a --size that 4 divides", Error);
  CHECK_THROWS_WITH_AS(check_config(VaeConfig{.net = VaeNet::conv, .h = 28, .w = 27}),
                       "images of 28×27 pixels: --net conv halves them at least once, to 3 or more; take an even --size above 4", Error);
  CHECK_THROWS_WITH_AS(check_config(VaeConfig{.channels = 5}), "--channels 5: 1 to 4", Error);
  CHECK_THROWS_WITH_AS(check_config(VaeConfig{.latent = 0}), "--latent 0: 1 to 65536", Error);
  const VaeConfig plain{.h = 8, .w = 8, .width = 2}, conditional{.h = 8, .w = 8, .width = 2, .classes = 3};
  const Vae vae = fresh(plain), labelled = fresh(conditional);
  CHECK_THROWS_WITH_AS(vae.encoder(images({.h = 8, .w = 4}, 2)), doctest::Contains("\n→ input "), Error);
  CHECK_THROWS_WITH_AS(vae.decoder(normal({2, 3})), doctest::Contains("\n→ dense "), Error);
  CHECK_THROWS_WITH_AS(vae.encoder(images(plain, 2), labels_of(conditional, 2)), doctest::Contains("not conditional"), Error);
  CHECK_THROWS_WITH_AS(labelled.encoder(images(plain, 2)), doctest::Contains("the labels is undefined"), Error);
  CHECK_THROWS_WITH_AS(labelled.decoder(normal({2, 2}), labels_of(conditional, 3)), doctest::Contains("\n→ dense "), Error);
  CHECK_THROWS_AS(gaussian_nll(normal({2, 3}), normal({2, 3}), 0), Error);
}

TEST_CASE("images that are not in [-1, 1] are refused in the first step") {
  const VaeConfig c{.h = 8, .w = 8, .width = 2};
  Vae net = fresh(c);
  Optimizer optimizer({}, masters(net));
  VaeStep step{net,
               optimizer,
               {},
               {1, RandomStream::posterior},
               step_counter(),
               Tensor::full({2, 8, 8, 1}, 255),
               {},
               Tensor::zeros({VaeReport::size})};
  CHECK_THROWS_WITH_AS(step(), doctest::Contains("[vae] the images lie in [255, 255], but a VAE's pixels"), Error);
  step.x.assign(Tensor::full({2, 8, 8, 1}, -1));
  step();
}

TEST_CASE("\"same\" padding, and its adjoint") {
  auto row = [](const Tensor& t) { return t.values(); };
  const Tensor ones = Tensor::full({1, 3, 3, 1}, 1), x = Tensor::from({1, 1, 4, 1}, {1, 2, 3, 4});
  // One image row: nothing before it and one column behind it, so the last window sees 3 and 4 only.
  CHECK(row(conv2d_same(x, ones, 2)) == std::vector<double>{6, 7});
  CHECK(row(conv2d_same(x, ones, 1)) == std::vector<double>{3, 6, 9, 7});
  const Tensor wide = Tensor::full({1, 1, 5, 1}, 1);  // k5 s2 of an even image: (1, 2)
  CHECK(row(conv2d_same(x, wide, 2)) == std::vector<double>{10, 9});
  const Tensor odd = Tensor::from({1, 1, 5, 1}, {1, 2, 3, 4, 5});  // k3 s2 of an odd one: (1, 1)
  CHECK(row(conv2d_same(odd, ones, 2)) == std::vector<double>{3, 9, 9});
  for (int stride : {1, 2, 3})
    for (int k : {2, 3, 5}) {  // ⟨conv(a), b⟩ = ⟨a, adjoint(b)⟩
      const Tensor w = normal({2, k, k, 3}, DType::f64), b = normal({2, 3, 2, 2}, DType::f64);
      const Tensor a = normal({2, 3 * stride, 2 * stride, 3}, DType::f64);
      CHECK(sum(conv2d_same(a, w, stride) * b).item() == doctest::Approx(sum(a * conv_transpose2d_same(b, w, stride)).item()));
    }
}

TEST_CASE("KL and reparametrisation by hand") {
  const Tensor mean = Tensor::from({2, 2}, {0, 0, 1, -2}, DType::f64),
               log_variance = Tensor::from({2, 2}, {0, 0, std::log(4), 0}, DType::f64);
  const std::vector<double> kl = kl_to_standard_normal(mean, log_variance).values();
  CHECK(kl[0] == 0);
  CHECK(kl[1] == doctest::Approx(0.5 * (1 + 4 - 1 - std::log(4)) + 0.5 * 4));
  const Tensor noise = Tensor::from({2, 2}, {1, -1, 3, 0.5}, DType::f64);
  const std::vector<double> z = reparametrise(mean, log_variance, noise).values();
  CHECK(z[0] == 1);
  CHECK(z[2] == doctest::Approx(1 + 2 * 3));
  CHECK(z[3] == -1.5);
}

TEST_CASE("the continuous Bernoulli's density integrates to 1, and its moments are those of the density, at any logit") {
  for (double t : {-80.0, -9.0, -2.5, -1.0, -0.999, -1e-3, -1e-9, 0.0, 1e-9, 1e-3, 0.3, 1.0, 2.0, 7.0, 8.0, 80.0}) {
    const Tensor logit = Tensor::full({}, t, DType::f64);
    const double log_partition = cb_log_partition(logit).item();
    constexpr int cells = 40000;  // Simpson's rule
    double moments[4] = {};
    for (int i = 0; i <= cells; ++i) {
      const double x = static_cast<double>(i) / cells, weight = i == 0 || i == cells ? 1 : i % 2 ? 4 : 2;
      for (int n = 0; n < 4; ++n) moments[n] += weight * std::pow(x, n) * std::exp(t * x - log_partition) / (3.0 * cells);
    }
    CHECK_MESSAGE(moments[0] == doctest::Approx(1).epsilon(1e-9), t);
    for (int n = 1; n < 4; ++n) {
      CHECK_MESSAGE(cb_moment(logit, n).item() == doctest::Approx(moments[n]).epsilon(1e-9), t, " ", n);
      CHECK_MESSAGE(cb_moment(Tensor::full({}, t), n).item() == doctest::Approx(moments[n]).epsilon(1e-5), t, " ", n);
    }
    CHECK_MESSAGE(std::abs(cb_log_partition(Tensor::full({}, t)).item() - log_partition) <= 2e-7 * std::max(1.0, std::abs(log_partition)),
                  t);
  }
}

TEST_CASE("likelihoods, their derivatives and means, against PyTorch") {
  for (DType dtype : {DType::f64, DType::f32}) {
    const Golden golden("vae.safetensors", dtype);
    const double tolerance = dtype == DType::f64 ? 1e-9 : 1e-5;
    const Tensor x = golden("likelihood.x"), t = golden("likelihood.t");
    for (Likelihood likelihood : all_likelihoods) {
      const std::string name = likelihood_names[static_cast<int>(likelihood)];
      const Tensor nll = negative_log_likelihood(likelihood, t, x, 0.3);
      check_close(name, nll, golden(name + ".nll"), tolerance, tolerance);
      check_close(name + " derivative", grad(sum(nll), {t})[0], golden(name + ".g"), tolerance, tolerance);
      check_close(name + " mean", mean_image(likelihood, t), golden(name + ".mean"), tolerance, tolerance);
    }
    check_close("entropy", bernoulli_entropy(x), golden("entropy"), tolerance, tolerance);
    check_close("KL", kl_to_standard_normal(golden("kl.mean"), golden("kl.log_variance")), golden("kl"), tolerance, tolerance);
  }
}

TEST_CASE("the entropy floor: reached where the logits say the image, and 0 for black and white") {
  const Tensor x = Tensor::from({1, 3}, {0.2, 0.5, 0.9}, DType::f64);
  const Tensor logits = log(x / affine(x, -1, 1));
  CHECK(bernoulli_nll(logits, x).item() == doctest::Approx(bernoulli_entropy(x).item()));
  CHECK(bernoulli_entropy(Tensor::from({1, 2}, {0, 1})).item() == doctest::Approx(0));
}

TEST_CASE("the derivative of the whole loss, twice, by differences in f64") {
  for (VaeNet kind : both)
    for (Likelihood likelihood : all_likelihoods) {
      const VaeConfig c{.net = kind, .h = 8, .w = 8, .latent = 2, .width = 1, .hidden = 3, .classes = 2, .precision = DType::f64};
      Vae net = fresh(c);
      const Tensor x = images(c, 2), noise = normal({2, 2}, DType::f64);
      int index = 0;
      net.each({[&](const std::string&, Weight& w) { w.master = values(w.master.shape(), 10 + index++); }, {}});
      const GradCase whole{"vae", std::string(vae_net_names[static_cast<int>(kind)]) + " " + likelihood_names[static_cast<int>(likelihood)],
                           masters(net), [=](const Tensors& weights) {
                             Vae at = net;
                             size_t i = 0;
                             at.each({[&](const std::string&, Weight& w) { w.master = weights[i++]; }, {}});
                             const VaeObjective objective{likelihood, 0.5, 0.3};
                             const VaeTerms terms = vae_terms(at, objective, x, labels_of(c, 2), noise, Mode::infer);
                             return mean(terms.reconstruction) + mean(terms.kl) * objective.beta;
                           }};
      for (const GradResult& r : {gradcheck(whole), gradgradcheck(whole)}) CHECK_MESSAGE(r.passed, whole.name, ": ", r.message);
    }
}

TEST_CASE("three training steps, with and without labels, against PyTorch") {
  for (DType dtype : {DType::f64, DType::f32})
    for (int classes : {0, 3}) {
      const std::string kind = classes ? "conditional." : "plain.";
      const Golden golden("vae.safetensors", dtype);
      const bool exact = dtype == DType::f64;
      const VaeConfig c{.h = 8, .w = 8, .channels = 2, .latent = 3, .width = 4, .hidden = 5, .classes = classes, .precision = dtype};
      Vae net(c, Device::cpu);
      auto each = [&](const std::function<void(const std::string&, Tensor&)>& f) {
        net.each({[&](const std::string& name, Weight& w) { f(name, w.master); }, {}});
      };
      each([&](const std::string& name, Tensor& t) { t.assign(golden(kind + "before." + name)); });
      Optimizer optimizer({.lr = 1e-3, .beta1 = 0.9}, masters(net));
      VaeStep step{net,
                   optimizer,
                   {.beta = 0.7},
                   {},
                   step_counter(),
                   Tensor({4, 8, 8, 2}, dtype, Device::cpu),
                   labels_of(c, 4),
                   Tensor::zeros({VaeReport::size}, dtype)};
      for (int i = 0; i < 3; ++i) {
        const std::string at = fmt::format("{}{}.", kind, i);
        step.x.assign(golden(at + "x")), step.sums.assign(Tensor::zeros({VaeReport::size}, dtype));
        if (classes) step.labels.assign(golden(at + "labels"));
        step(golden(at + "noise"));
        for (int k = 0; k < VaeReport::size; ++k)
          CHECK(step.sums.values()[static_cast<size_t>(k)] ==
                doctest::Approx(golden(at + VaeReport::names[k]).item()).epsilon(exact ? 1e-6 : 1e-4));
      }
      // Adam divides a gradient by its own size: where it is near zero, f32 may take a step the other way, at most lr long each time.
      each([&](const std::string& name, Tensor& t) {
        check_close(kind + "after three steps " + name, t, golden(kind + "after." + name), exact ? 1e-6 : 0, exact ? 1e-8 : 3 * 2 * 1e-3);
      });
    }
}

TEST_CASE("a few steps lower the loss, of every net, likelihood and precision, and no tensor is left over") {
  for (VaeNet kind : both)
    for (Likelihood likelihood : all_likelihoods)
      for (const VaeConfig& like : {VaeConfig{}, {.classes = 3}, {.precision = DType::bf16}, {.variational = false}}) {
        VaeConfig c = like;
        c.net = kind, c.h = c.w = c.width = 8;
        Vae net = fresh(c);
        Optimizer optimizer({.lr = 3e-3, .beta1 = 0.9}, masters(net), copies(net));
        VaeStep step{net,
                     optimizer,
                     {likelihood, 1, 0.3},
                     {1, RandomStream::posterior},
                     step_counter(),
                     cast(images(c, 8), DType::f32).detach(),
                     labels_of(c, 8),
                     Tensor::zeros({VaeReport::size})};
        auto loss_of = [&](int steps) {
          step.sums.assign(Tensor::zeros({VaeReport::size}));
          for (int i = 0; i < steps; ++i) step();
          return step.sums.values()[0] / steps;
        };
        const double first = loss_of(5);
        const long live = Tensor::live();
        const double later = (loss_of(20), loss_of(5));
        CHECK(Tensor::live() == live);
        CHECK_MESSAGE(later < first, vae_net_names[static_cast<int>(kind)], " ", likelihood_names[static_cast<int>(likelihood)], " ",
                      name_of(c.precision), " from ", first, " to ", later);
      }
}

namespace {

std::vector<double> all_weights(Vae& net) {
  std::vector<double> weights;
  for (const Tensor& w : masters(net))
    for (double v : w.values()) weights.push_back(v);
  return weights;
}

// Two steps of plain gradient descent on 12 images, and what both reported.
struct Steps {
  std::vector<double> start, once, twice, said;  // weights before, after one step and after two
};
constexpr double rate = 1e-3;
Steps two_steps(VaeObjective objective, int parts, Ema<Vae>* average = nullptr) {
  const VaeConfig config{.h = 8, .w = 8, .latent = 3, .width = 2, .hidden = 4, .precision = DType::f64};
  objective.accumulate = parts;
  check_objective(objective);
  Vae net(config, Device::cpu);
  init_weights(net, 1);
  if (average) *average = Ema<Vae>(net, 0.5);
  Optimizer sgd({.kind = OptimizerKind::sgd, .lr = rate}, masters(net));
  VaeStep step{net,
               sgd,
               objective,
               {1, RandomStream::posterior},
               step_counter(),
               affine(images(config, 12), 2, -1).detach(),
               {},
               Tensor::zeros({VaeReport::size}),
               average};
  Steps steps;
  steps.start = all_weights(net);
  step(normal({12, config.latent}, DType::f64));
  steps.once = all_weights(net);
  step(normal({12, config.latent}, DType::f64));
  steps.twice = all_weights(net);
  steps.said = step.sums.values();
  return steps;
}

}  // namespace

TEST_CASE("the mean gradient of small batches is that of one large one") {
  const Steps large = two_steps({}, 1);
  for (int parts : {3, 4}) {
    const Steps small = two_steps({}, parts);
    REQUIRE(large.twice.size() == small.twice.size());
    for (size_t i = 0; i < large.twice.size(); ++i) REQUIRE(small.twice[i] == doctest::Approx(large.twice[i]).epsilon(1e-9));
    for (size_t i = 0; i < large.said.size(); ++i) CHECK(small.said[i] == doctest::Approx(large.said[i]).epsilon(1e-6));
  }
  CHECK_THROWS_WITH_AS(two_steps({}, 5), doctest::Contains("one multiple"), Error);
  CHECK_THROWS_WITH_AS(two_steps({}, 0), doctest::Contains("--accumulate 0"), Error);
}

TEST_CASE("L1 moves each weight by its sign, and the average follows the net") {
  const double l1 = 0.5;
  Ema<Vae> average;
  const Steps plain = two_steps({}, 1, &average), pulled = two_steps({.l1 = l1}, 1);
  REQUIRE(plain.start == pulled.start);
  const auto sign = [](double v) { return (v > 0) - (v < 0); };
  for (size_t i = 0; i < plain.start.size(); ++i)
    REQUIRE(pulled.once[i] - plain.once[i] == doctest::Approx(-rate * l1 * sign(plain.start[i])).epsilon(1e-9));
  const std::vector<double> mean = all_weights(average.average);
  for (size_t i = 0; i < mean.size(); ++i) {  // d is .1 after one step and 2/11 after two, both below .5
    const double first = 0.1 * plain.start[i] + 0.9 * plain.once[i];
    REQUIRE(mean[i] == doctest::Approx(2 / 11. * first + 9 / 11. * plain.twice[i]).epsilon(1e-9));
  }
  CHECK(mean != plain.twice);
}

TEST_CASE("weights start by the scheme that is asked for") {
  const VaeConfig config{.h = 8, .w = 8, .latent = 3, .width = 8};
  const auto spread = [&](std::optional<Init> init) {
    Vae net(config, Device::cpu);
    init_weights(net, 1, init);
    double squares = 0, n = 0;
    net.decoder.each({[&](const std::string& name, Weight& w) {
                        if (name != "conv0.w") return;
                        for (double v : w.master.values()) squares += v * v, ++n;
                      },
                      {}});
    return std::sqrt(squares / n);
  };
  CHECK(spread({}) == spread(Init::glorot));
  CHECK(spread(Init::normal) == doctest::Approx(0.02).epsilon(0.1));
  const double fan_in = 16 * 9;
  CHECK(spread(Init::he) == doctest::Approx(std::sqrt(2 / fan_in)).epsilon(0.2));
  Vae net(config, Device::cpu);
  init_weights(net, 1, Init::orthogonal);
  net.decoder.each({[&](const std::string& name, Weight& w) {
                      if (name != "conv0.w") return;
                      const int64_t out = w.master.shape()[-1];
                      const Tensor m = reshape(w.master, {w.master.count() / out, out});
                      const std::vector<double> gram = matmul(transpose(m), m).values();
                      for (int64_t i = 0; i < out * out; ++i)
                        CHECK(gram[static_cast<size_t>(i)] == doctest::Approx(i / out == i % out ? 1 : 0).epsilon(1e-5));
                    },
                    {}});
}
