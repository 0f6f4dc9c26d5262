// Ours against PyTorch's numbers (tests/golden/, with the script that made them): each op forward and backward, the optimisers, and three
// whole training steps of a DCGAN. Every random draw is an input.
#include "tests/golden.h"

#include "engine/grad.h"
#include "engine/optim.h"
#include "models/gan_step.h"

using namespace duel;
using namespace duel::test;

TEST_CASE("each op and its derivative") {
  using F = std::function<Tensor(const Tensors&)>;
  struct Op {
    const char* name;
    std::vector<const char*> inputs;
    F f;
  };
  for (DType dtype : {DType::f64, DType::f32}) {
    const Golden golden("ops.safetensors", dtype);
    auto bn = [&](const Tensors& t) {
      const Shape c = t[1].shape();
      return batch_norm(t[0], {t[1], t[2], Tensor::zeros(c, dtype), Tensor::full(c, 1, dtype)});
    };
    const std::vector<Op> ops = {
        {"conv_k4s2p1",
         {"x", "w"},
         [](auto& t) {
           return conv2d(t[0], t[1], {2, 1});
         }},
        {"conv_k3s1p1",
         {"x", "w"},
         [](auto& t) {
           return conv2d(t[0], t[1], {1, 1});
         }},
        {"convt_k4s1p0",
         {"x", "w"},
         [](auto& t) {
           return conv_transpose2d(t[0], t[1], {1, 0});
         }},
        {"convt_k4s2p1",
         {"x", "w"},
         [](auto& t) {
           return conv_transpose2d(t[0], t[1], {2, 1});
         }},
        {"linear", {"x", "w", "b"}, [](auto& t) { return linear(t[0], t[1], t[2]); }},
        {"batch_norm", {"x", "gamma", "beta"}, bn},
        {"layer_norm", {"x", "gamma", "beta"}, [](auto& t) { return layer_norm(t[0], t[1], t[2]); }},
        {"layer_norm_flat", {"x", "gamma", "beta"}, [](auto& t) { return layer_norm(t[0], t[1], t[2], {}, 1e-3); }},
        {"instance_norm", {"x", "gamma", "beta"}, [](auto& t) { return instance_norm(t[0], t[1], t[2]); }},
        {"leaky_relu", {"x"}, [](auto& t) { return leaky_relu(t[0], 0.2); }},
        {"relu", {"x"}, [](auto& t) { return relu(t[0]); }},
        {"tanh", {"x"}, [](auto& t) { return tanh(t[0]); }},
        {"sigmoid", {"x"}, [](auto& t) { return sigmoid(t[0]); }},
        {"softplus", {"x"}, [](auto& t) { return softplus(t[0]); }},
        {"bce_logits", {"x"}, [&](auto& t) { return bce_logits(t[0], Tensor::full({}, 0.9, dtype)); }},
        {"softmax", {"x"}, [](auto& t) { return softmax(t[0]); }},
        {"log_softmax", {"x"}, [](auto& t) { return log_softmax(t[0]); }},
        {"cross_entropy", {"x"}, [&](auto& t) { return cross_entropy(t[0], golden("cross_entropy.labels")); }},
        {"max_pool_2", {"x"}, [](auto& t) { return max_pool2d(t[0]); }},
        {"max_pool_k3s2p1",
         {"x"},
         [](auto& t) {
           return max_pool2d(t[0], {3, 2, 1});
         }},
        {"avg_pool_2", {"x"}, [](auto& t) { return avg_pool2d(t[0]); }},
        {"avg_pool_k3s2p1",
         {"x"},
         [](auto& t) {
           return avg_pool2d(t[0], {3, 2, 1});
         }},
        {"avg_pool_inside",
         {"x"},
         [](auto& t) {
           return avg_pool2d(t[0], {3, 2, 1}, PoolOver::inside);
         }},
        {"global_avg_pool", {"x"}, [](auto& t) { return global_avg_pool(t[0]); }},
        {"upsample_3x2", {"x"}, [](auto& t) { return upsample_nearest(t[0], 3, 2); }},
    };
    const double rtol = dtype == DType::f64 ? 1e-10 : 1.3e-6 * std::sqrt(64.0), atol = dtype == DType::f64 ? 1e-10 : 1e-5;
    for (const Op& op : ops) {
      const std::string name = op.name;
      Tensors in;
      for (const char* input : op.inputs) in.push_back(golden(name + "." + input));
      const Tensor y = op.f(in);
      check_close(name + " y", y, golden(name + ".y"), rtol, atol);
      const Tensors gradients = vjp(y, golden(name + ".g"), in);
      for (size_t i = 0; i < in.size(); ++i)
        check_close(name + " g" + op.inputs[i], gradients[i], golden(name + ".g" + op.inputs[i]), rtol, atol);
    }
  }
}

TEST_CASE("batch norm's running statistics") {
  const Golden golden("ops.safetensors", DType::f64);
  const BatchNorm bn{Tensor::full({4}, 1, DType::f64), Tensor::zeros({4}, DType::f64), golden("running.mean0"), golden("running.var0")};
  batch_norm(golden("running.x"), bn);
  check_close("running mean", bn.running_mean, golden("running.mean1"), 1e-12, 1e-12);
  check_close("running var", bn.running_var, golden("running.var1"), 1e-12, 1e-12);
}

TEST_CASE("optimisers, three steps") {
  for (DType dtype : {DType::f64, DType::f32}) {
    const Golden golden("ops.safetensors", dtype);
    const double tolerance = dtype == DType::f64 ? 1e-8 : 1e-6;  // the rate itself is kept in f32
    struct Kind {
      const char* name;
      OptimizerSettings settings;
    };
    for (const Kind& kind : {Kind{"sgd", {.kind = OptimizerKind::sgd, .lr = .01, .momentum = .9, .weight_decay = .1}},
                             {"rmsprop", {.kind = OptimizerKind::rmsprop, .lr = .01}},
                             {"adam", {.kind = OptimizerKind::adam, .lr = .01, .beta1 = .5}},
                             {"adamw", {.kind = OptimizerKind::adamw, .lr = .01, .beta1 = .5, .weight_decay = .1}}}) {
      const Tensor p = golden("optim.p").clone();
      Optimizer optimizer(kind.settings, {p});
      for (int i = 0; i < 3; ++i) optimizer.step({golden(fmt::format("optim.g{}", i))});
      check_close(kind.name, p, golden(std::string("optim.") + kind.name), tolerance, tolerance);
    }
  }
}

TEST_CASE("three training steps of a DCGAN") {
  for (DType dtype : {DType::f64, DType::f32}) {
    const Golden golden("dcgan.safetensors", dtype);
    const GanConfig config{.h = 16, .w = 16, .channels = 1, .nz = 8, .ngf = 8, .ndf = 8, .precision = dtype};
    Generator g(config, Device::cpu);
    Discriminator d(config, Device::cpu);
    auto each_state = [&](const std::function<void(const std::string&, Tensor&)>& f) {
      g.each({[&](const std::string& n, Weight& w) { f("g." + n, w.master); }, [&](const std::string& n, Tensor& t) { f("g." + n, t); }});
      d.each({[&](const std::string& n, Weight& w) { f("d." + n, w.master); }, [&](const std::string& n, Tensor& t) { f("d." + n, t); }});
    };
    each_state([&](const std::string& name, Tensor& t) { t.assign(golden("before." + name)); });
    Optimizer opt_g({}, masters(g)), opt_d({}, masters(d));
    GanStep step{g, d, opt_g, opt_d, 1, step_counter(), Tensor({4, 16, 16, 1}, dtype, Device::cpu), {}, Tensor::zeros({GanReport::size})};
    const bool exact = dtype == DType::f64;
    for (int i = 0; i < 3; ++i) {
      step.real.assign(golden(fmt::format("{}.real", i)));
      step(golden(fmt::format("{}.z", i)), {});
      const GanReport report = step.read();
      CHECK(report.loss_d == doctest::Approx(golden(fmt::format("{}.loss_d", i)).item()).epsilon(exact ? 1e-6 : 1e-4));
      CHECK(report.loss_g == doctest::Approx(golden(fmt::format("{}.loss_g", i)).item()).epsilon(exact ? 1e-6 : 1e-4));
    }
    // Adam divides a gradient by its own size: where it is near zero, f32 may take a step the other way, at most lr long each time.
    each_state([&](const std::string& name, Tensor& t) {
      const bool statistic = name.find("running") != std::string::npos;
      check_close("after three steps " + name, t, golden("after." + name),
                  exact       ? 1e-6
                  : statistic ? 1e-3
                              : 0,
                  exact       ? 1e-8
                  : statistic ? 1e-3
                              : 3 * 2 * 2e-4);
    });
  }
}
