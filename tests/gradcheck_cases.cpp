// One line an op, and one more for each shape that takes another path.
#include "engine/grad.h"
#include "engine/ops.h"
#include "kernels/registry.h"
#include "tests/gradcheck.h"

namespace duel::test {
namespace {

using In = const Tensors&;

BatchNorm norm_of(const Tensor& gamma, const Tensor& beta) {
  const Shape c = gamma.shape();
  return {gamma, beta, Tensor::zeros(c, DType::f64), Tensor::full(c, 1, DType::f64)};
}
Tensor labels(std::vector<double> list) { return Tensor::from({static_cast<int64_t>(list.size())}, list, DType::i32); }

std::vector<GradCase> convolution() {
  Conv2dProblem odd = Conv2dProblem::parse("n2h6w5c2k3r3s2u2v1top0left1p3q5");
  Conv2dProblem dcgan = Conv2dProblem::parse("n2h4w4c2k3r4u2pad1");
  std::vector<GradCase> cases;
  for (const auto& [name, d] : {std::pair{"asymmetric", odd}, std::pair{"k4 s2 p1", dcgan}}) {
    const Tensor x = values({d.n, d.h, d.w, d.c}, 1), w = values({d.k, d.r, d.s, d.c}, 2), y = values({d.n, d.p, d.q, d.k}, 3);
    cases.push_back({"conv2d_fwd", name, {x, w}, [d = d](In t) { return conv2d_fwd(t[0], t[1], d); }});
    cases.push_back({"conv2d_dgrad", name, {y, w}, [d = d](In t) { return conv2d_dgrad(t[0], t[1], d); }});
    cases.push_back({"conv2d_wgrad", name, {x, y}, [d = d](In t) { return conv2d_wgrad(t[0], t[1], d); }});
  }
  const Tensor x = values({2, 4, 5, 2}, 1), w = values({3, 3, 3, 2}, 2), y = values({2, 2, 3, 3}, 3);
  cases.push_back({"conv2d_fwd", "same", {x, w}, [](In t) { return conv2d_same(t[0], t[1], 2); }});
  cases.push_back({"conv2d_dgrad", "same", {y, w}, [](In t) { return conv_transpose2d_same(t[0], t[1], 2); }});
  return cases;
}

// The taps' gather and scatter are linear, so any taps will do: these name each window's taps in turn.
std::vector<GradCase> pooling() {
  std::vector<GradCase> cases;
  for (const char* name : {"n2h4w4c2r2u2", "n2h6w5c2r3s2u2v1top0left1p3q5", "n1h5w4c3r3u2pad1"}) {
    Pool2dProblem d = Pool2dProblem::parse(name);
    const Tensor x = values({d.n, d.h, d.w, d.c}, 1), y = values({d.n, d.p, d.q, d.c}, 2);
    std::vector<double> taps(static_cast<size_t>(d.y_count()));
    for (size_t i = 0; i < taps.size(); ++i) taps[i] = static_cast<double>(i % static_cast<size_t>(d.r * d.s));
    const Tensor tap = Tensor::from(y.shape(), taps, DType::i32);
    cases.push_back({"max_pool2d", name, {x}, [d](In t) { return square(max_pool2d_fwd(t[0], d)); }});
    cases.push_back({"max_pool2d_scatter", name, {y}, [d, tap](In t) { return square(max_pool2d_scatter(t[0], tap, d)); }});
    cases.push_back({"max_pool2d_gather", name, {x}, [d, tap](In t) { return square(max_pool2d_gather(t[0], tap, d)); }});
    for (PoolOver over : {PoolOver::window, PoolOver::inside, PoolOver::one}) {
      d.over = over;
      cases.push_back({"avg_pool2d", d.text(), {x}, [d](In t) { return square(avg_pool2d_fwd(t[0], d)); }});
      cases.push_back({"avg_pool2d_grad", d.text(), {y}, [d](In t) { return square(avg_pool2d_grad(t[0], d)); }});
    }
  }
  const Tensor x = values({2, 3, 2, 2}, 1);
  cases.push_back({"avg_pool2d", "global", {x}, [](In t) { return square(global_avg_pool(t[0])); }});
  cases.push_back({"avg_pool2d_grad", "upsampling", {x}, [](In t) { return square(upsample_nearest(t[0], 3, 2)); }});
  return cases;
}

std::vector<GradCase> dropping() {
  return {{"dropout", "", {values({3, 7}, 1)}, [step = step_counter(5)](In t) {
             return square(dropout(t[0], 0.4, {1, RandomStream::dropout}, step));
           }}};
}

std::vector<GradCase> dense() {
  return {
      {"matmul", "plain", {values({3, 4}, 1), values({4, 2}, 2)}, [](In t) { return matmul(t[0], t[1]); }},
      {"matmul", "ta", {values({4, 3}, 1), values({4, 2}, 2)}, [](In t) { return matmul(t[0], t[1], true, false); }},
      {"matmul", "tb", {values({3, 4}, 1), values({2, 4}, 2)}, [](In t) { return matmul(t[0], t[1], false, true); }},
      {"matmul", "ta tb", {values({4, 3}, 1), values({2, 4}, 2)}, [](In t) { return matmul(t[0], t[1], true, true); }},
      {"matmul", "batch", {values({2, 3, 4}, 1), values({2, 4, 2}, 2)}, [](In t) { return matmul(t[0], t[1]); }},
      {"matmul", "linear with bias", {values({3, 4}, 1), values({2, 4}, 2), values({2}, 3)}, [](In t) { return linear(t[0], t[1], t[2]); }},
  };
}

std::vector<GradCase> norm() {
  const Tensors in{values({3, 2, 2, 2}, 1), positive({2}, 2), values({2}, 3)};
  auto with = [](ActivationSpec then, bool infer) {
    return [=](In t) { return infer ? batch_norm_infer(t[0], norm_of(t[1], t[2]), then) : batch_norm(t[0], norm_of(t[1], t[2]), then); };
  };
  auto grouped = [](In t) { return batch_norm(t[0], norm_of(t[1], t[2]), {Act::leaky_relu, 0.2}, 2); };
  return {
      {"batch_norm", "no activation", in, with({}, false)},
      {"batch_norm", "leaky_relu", in, with({Act::leaky_relu, 0.2}, false)},
      {"batch_norm", "relu", in, with({Act::relu}, false)},
      {"batch_norm", "two groups", {values({4, 3, 1, 2}, 1), positive({2}, 2), values({2}, 3)}, grouped},
      {"batch_norm_infer", "no activation", in, with({}, true)},
      {"batch_norm_infer", "leaky_relu", in, with({Act::leaky_relu, 0.2}, true)},
  };
}

// Links that normalise what they load: only the reference does in f64, where it is asked for.
std::vector<GradCase> chains() {
  const auto chained = [](bool transposed, int groups, ActivationSpec first, ActivationSpec then) {
    return [=](In t) {
      const ScopedVariant joined("normed_conv2d_fwd:ref,normed_conv2d_dgrad:ref,normed_conv2d_wgrad:ref");
      const Window window{.stride = 2, .pad = 1};
      const BatchNorm none;
      return conv_chain(
          t[0], {{t[1], window, transposed, t.size() > 3 ? norm_of(t[3], t[4]) : none, first}, {t[2], window, transposed, none, then}},
          groups);
    };
  };
  constexpr ActivationSpec leaky{Act::leaky_relu, 0.2}, relu{Act::relu}, tanh{Act::tanh}, nothing{};
  const Tensor x = values({2, 8, 8, 2}, 1), w = values({3, 4, 4, 2}, 2), w2 = values({2, 4, 4, 3}, 3), gamma = positive({3}, 4),
               beta = values({3}, 5);
  const Tensor z = values({2, 2, 2, 2}, 6), up = values({2, 4, 4, 3}, 7), up2 = values({3, 4, 4, 1}, 8);
  return {{"normed_conv2d", "a norm between", {x, w, w2, gamma, beta}, chained(false, 1, leaky, nothing)},
          {"normed_conv2d", "two groups", {x, w, w2, gamma, beta}, chained(false, 2, leaky, leaky)},
          {"normed_conv2d", "transposed", {z, up, up2, gamma, beta}, chained(true, 1, relu, tanh)},
          {"normed_conv2d", "an activation between", {x, w, w2}, chained(false, 1, leaky, nothing)},
          {"normed_conv2d", "transposed, an activation between", {z, up, up2}, chained(true, 1, leaky, nothing)}};
}

// A bias and an activation in the convolution's launch: only the reference has that in f64, where it is asked for.
std::vector<GradCase> biased_convs() {
  const Tensor x = values({2, 4, 4, 2}, 1), w = values({3, 4, 4, 2}, 2, 0.4), b = values({3}, 3), up = values({2, 4, 4, 3}, 4, 0.4);
  constexpr Window window{.stride = 2, .pad = 1};
  std::vector<GradCase> cases;
  for (const Act act : {Act::none, Act::relu, Act::leaky_relu, Act::tanh, Act::sigmoid})
    for (const bool transposed : {false, true}) {
      const auto f = [=](In t) {
        const ScopedVariant joined("normed_conv2d_fwd:ref,normed_conv2d_dgrad:ref");
        const Tensor bias = t.size() > 2 ? t[2] : Tensor();
        const ActivationSpec then{act, act == Act::leaky_relu ? 0.2 : 0};
        forget_rows_run();
        const Tensor y = transposed
                             ? biased_conv2d_dgrad(t[0], t[1], bias, conv_transpose2d_problem(t[0].shape(), t[1].shape(), window), then)
                             : biased_conv2d_fwd(t[0], t[1], bias, conv2d_problem(t[0].shape(), t[1].shape(), window), then);
        const auto rows = rows_run();
        const bool in_one =
            std::any_of(rows.begin(), rows.end(), [](const Row* row) { return std::string(row->op).starts_with("normed_conv2d"); });
        if (!in_one) fail(Failure::internal, "biased_conv2d ran op by op");
        return y;
      };
      const std::string named = std::string(transposed ? "transposed, " : "") + act_names[static_cast<int>(act)];
      const Tensor& weight = transposed ? up : w;
      cases.push_back({"biased_conv2d", named, {x, weight, b}, f});
      if (act != Act::none) cases.push_back({"biased_conv2d", named + ", no bias", {x, weight}, f});
    }
  return cases;
}

std::vector<GradCase> sample_norm() {
  struct Named {
    const char* op;
    Tensor (*f)(const Tensor&, const Tensor&, const Tensor&, ActivationSpec, double);
  };
  const Tensors image{values({3, 2, 2, 2}, 1), positive({2}, 2), values({2}, 3)};
  std::vector<GradCase> cases;
  for (const Named& n : {Named{"layer_norm", layer_norm}, {"instance_norm", instance_norm}})
    for (const auto& [name, then] : {std::pair{"no activation", ActivationSpec{}},
                                     {"leaky_relu", ActivationSpec{Act::leaky_relu, 0.2}},
                                     {"relu", ActivationSpec{Act::relu}}})
      cases.push_back({n.op, name, image, [f = n.f, then = then](In t) { return f(t[0], t[1], t[2], then, 1e-5); }});
  const Tensor gamma = positive({5}, 2), beta = values({5}, 3);
  cases.push_back({"layer_norm", "[n, c]", {values({3, 5}, 1), gamma, beta}, [](In t) { return layer_norm(t[0], t[1], t[2], {}, 1e-3); }});
  cases.push_back(
      {"instance_norm", "[n, w, c]", {values({2, 3, 5}, 1), gamma, beta}, [](In t) { return instance_norm(t[0], t[1], t[2]); }});
  // Their gradient by x, with the record that a penalty differentiates.
  for (const Named& n : {Named{"layer_norm", layer_norm}, {"instance_norm", instance_norm}})
    for (const ActivationSpec then : {ActivationSpec{}, {Act::leaky_relu, 0.2}})
      cases.push_back({"sample_norm_bwd", n.op, {image[0], image[1], values({3, 2, 2, 2}, 4)}, [f = n.f, then, beta = image[2]](In t) {
                         return vjp(f(t[0], t[1], beta, then, 1e-5), t[2], {t[0]}, create_graph)[0];
                       }});
  return cases;
}

std::vector<GradCase> activations() {
  std::vector<GradCase> cases;
  for (Act act : {Act::none, Act::relu, Act::leaky_relu, Act::tanh, Act::sigmoid, Act::softplus}) {
    cases.push_back(
        {"activation", act_names[static_cast<int>(act)], {values({2, 5}, 1, 0.1)}, [=](In t) { return activation(t[0], act, 0.2); }});
    cases.push_back({"activation_grad", act_names[static_cast<int>(act)], {values({2, 5}, 1, 0.1), values({2, 5}, 2)}, [=](In t) {
                       return activation_grad(t[0], t[1], act, 0.2);
                     }});
  }
  return cases;
}

// The sum x + b keeps away from 0, where relu and leaky_relu have a kink.
std::vector<GradCase> bias_activations() {
  std::vector<GradCase> cases;
  for (Act act : {Act::none, Act::relu, Act::leaky_relu, Act::tanh, Act::sigmoid}) {
    const auto f = [act](In t) { return bias_activation(t[0], t[1], {act, act == Act::leaky_relu ? 0.2 : 0}); };
    cases.push_back({"bias_activation", act_names[static_cast<int>(act)], {values({2, 2, 2, 3}, 1, 1.1), values({3}, 2)}, f});
  }
  return cases;
}

std::vector<GradCase> unary() {
  const Tensor any = values({2, 3}, 1, 0.1), pos = positive({2, 3}, 1);
  return {
      {"neg", "", {any}, [](In t) { return neg(t[0]); }},
      {"abs", "", {any}, [](In t) { return abs(t[0]); }},
      {"sign", "zero everywhere", {any}, [](In t) { return sign(t[0]); }},
      {"square", "", {any}, [](In t) { return square(t[0]); }},
      {"sqrt", "", {pos}, [](In t) { return sqrt(t[0]); }},
      {"rsqrt", "", {pos}, [](In t) { return rsqrt(t[0]); }},
      {"reciprocal", "", {pos}, [](In t) { return reciprocal(t[0]); }},
      {"exp", "", {any}, [](In t) { return exp(t[0]); }},
      {"log", "", {pos}, [](In t) { return log(t[0]); }},
      {"sin", "", {any}, [](In t) { return sin(t[0]); }},
      {"cos", "", {any}, [](In t) { return cos(t[0]); }},
      {"affine", "", {any}, [](In t) { return affine(t[0], 3, -1); }},
      {"clamp", "", {any}, [](In t) { return clamp(t[0], -0.53, 0.61); }},
      {"inside", "zero everywhere", {any}, [](In t) { return inside(t[0], -0.53, 0.61); }},
      {"step", "zero everywhere", {any}, [](In t) { return step(t[0], 0.2); }},
      {"cast", "f64 to f64", {any}, [](In t) { return square(cast(t[0], DType::f64)); }},
  };
}

std::vector<GradCase> binary() {
  struct Named {
    const char* op;
    Tensor (*f)(const Tensor&, const Tensor&);
  };
  std::vector<GradCase> cases;
  for (const Named& n : {Named{"add", add},
                         {"sub", sub},
                         {"mul", mul},
                         {"div", div},
                         {"maximum", maximum},
                         {"minimum", minimum},
                         {"greater", greater},
                         {"bce_logits", bce_logits}})
    for (const auto& [name, shape] : {std::pair{"equal shapes", Shape{2, 2, 3}},
                                      {"scalar", Shape{1}},
                                      {"channel", Shape{3}},
                                      {"sample", Shape{2, 1, 1}},
                                      {"image", Shape{2, 1, 3}}}) {
      const Tensor big = values({2, 2, 3}, 1, 0.1), small = positive(shape, 2);
      cases.push_back({n.op, std::string(name) + " on the right", {big, small}, [f = n.f](In t) { return f(t[0], t[1]); }});
      if (shape != big.shape())
        cases.push_back(
            {n.op, std::string(name) + " on the left", {small, positive({2, 2, 3}, 3)}, [f = n.f](In t) { return f(t[0], t[1]); }});
    }
  return cases;
}

std::vector<GradCase> reductions() {
  const Tensor x = values({2, 2, 3}, 1);
  return {
      {"sum", "", {x}, [](In t) { return square(sum(t[0])); }},
      {"sum", "mean", {x}, [](In t) { return square(mean(t[0])); }},
      {"sum_per_sample", "", {x}, [](In t) { return square(sum_per_sample(t[0])); }},
      {"sum_per_channel", "", {x}, [](In t) { return square(sum_per_channel(t[0])); }},
      {"sum_per_image", "", {x}, [](In t) { return square(sum_per_image(t[0])); }},
      {"sum_per_image", "mean, rank 4", {values({2, 2, 2, 3}, 3)}, [](In t) { return square(mean_per_image(t[0])); }},
      {"sum_per_image",
       "sum_to",
       {x},
       [](In t) {
         return square(sum_to(t[0], {2, 1, 3}));
       }},
      {"broadcast_to",
       "scalar",
       {values({1}, 2)},
       [](In t) {
         return square(broadcast_to(t[0], {2, 2, 3}));
       }},
      {"broadcast_to",
       "channel",
       {values({3}, 2)},
       [](In t) {
         return square(broadcast_to(t[0], {2, 2, 3}));
       }},
      {"broadcast_to",
       "sample",
       {values({2, 1, 1}, 2)},
       [](In t) {
         return square(broadcast_to(t[0], {2, 2, 3}));
       }},
      {"broadcast_to",
       "image",
       {values({2, 1, 1, 3}, 2)},
       [](In t) {
         return square(broadcast_to(t[0], {2, 2, 2, 3}));
       }},
  };
}

std::vector<GradCase> losses() {
  const Tensor of_groups = Tensor::from({2}, {0.9, 0.2}, DType::f64), of_values = Tensor::from({2, 2}, {0.9, 1, 0, 0.3}, DType::f64);
  const auto judged = [](const Tensor& targets, JudgedBy by) {
    return [=](In t) { return square(gan_loss(affine(t[0], 2, 0), targets, by).loss); };
  };
  const auto by_both = [](JudgedBy by) { return [=](In t) { return square(gan_loss(t[0], t[1], by).loss); }; };
  return {
      {"gan_loss", "cross entropy", {values({4, 1, 1}, 1)}, judged(of_groups, JudgedBy::cross_entropy)},
      {"gan_loss", "cross entropy, own targets", {values({4, 1, 1}, 1)}, judged(of_values, JudgedBy::cross_entropy)},
      {"gan_loss", "squares", {values({4, 1, 1}, 1)}, judged(of_groups, JudgedBy::squares)},
      {"gan_loss", "hinge", {values({4, 1, 1}, 1)}, judged(of_values, JudgedBy::hinge)},
      {"gan_loss", "linear", {values({4, 1, 1}, 1)}, judged(of_groups, JudgedBy::linear)},
      {"gan_loss", "cross entropy, by targets", {values({4, 1, 1}, 1), of_groups}, by_both(JudgedBy::cross_entropy)},
      {"gan_loss", "squares, by targets", {values({4, 1, 1}, 1), of_values}, by_both(JudgedBy::squares)},
      {"gan_loss", "hinge, by targets", {values({4, 1, 1}, 1), of_values}, by_both(JudgedBy::hinge)},
      {"gan_loss", "linear, by targets", {values({4, 1, 1}, 1), of_groups}, by_both(JudgedBy::linear)},
      {"softmax", "", {values({2, 4}, 1)}, [](In t) { return softmax(t[0]); }},
      {"log_softmax", "", {values({2, 4}, 1)}, [](In t) { return log_softmax(t[0]); }},
      {"cross_entropy", "", {values({3, 4}, 1)}, [l = labels({2, 0, 3})](In t) { return cross_entropy(t[0], l); }},
      {"cb_moment", "log-partition", {values({3, 4}, 1)}, [](In t) { return cb_log_partition(affine(t[0], 3, 0)); }},
      {"cb_moment", "at zero", {Tensor::zeros({2}, DType::f64)}, [](In t) { return cb_log_partition(t[0]); }},
      {"cb_moment", "mean", {values({3, 4}, 1)}, [](In t) { return cb_moment(affine(t[0], 3, 0)); }},
      {"cb_moment", "third", {values({3, 4}, 1)}, [](In t) { return cb_moment(affine(t[0], 3, 0), 3); }},
  };
}

std::vector<GradCase> layout() {
  const Tensor x = values({4, 2, 3}, 1);
  return {
      {"reshape",
       "",
       {x},
       [](In t) {
         return square(reshape(t[0], {8, 3}));
       }},
      {"slice", "middle", {x}, [](In t) { return square(slice(t[0], 1, 3)); }},
      {"slice", "first", {x}, [](In t) { return square(slice(t[0], 0, 1)); }},
      {"concat", "", {values({2, 3}, 1), values({1, 3}, 2)}, [](In t) { return square(concat(t[0], t[1])); }},
      {"concat_channels", "", {values({2, 2}, 1), values({2, 3}, 2)}, [](In t) { return square(concat_channels(t[0], t[1])); }},
      {"slice_channels", "middle", {x}, [](In t) { return square(slice_channels(t[0], 1, 1)); }},
      {"slice_channels", "first", {x}, [](In t) { return square(slice_channels(t[0], 0, 2)); }},
      {"gather_rows", "one row twice", {values({3, 2}, 1)}, [l = labels({2, 0, 2})](In t) { return square(gather_rows(t[0], l)); }},
      {"scatter_add_rows",
       "one row twice",
       {values({3, 2}, 1)},
       [l = labels({2, 0, 2})](In t) { return square(scatter_add_rows(t[0], l, 4)); }},
      {"transpose", "", {values({2, 3, 2}, 1)}, [](In t) { return square(transpose(t[0])); }},
  };
}

}  // namespace

std::vector<GradCase> grad_cases() {
  std::vector<GradCase> all;
  for (const auto& family : {convolution(), pooling(), dropping(), dense(), norm(), chains(), sample_norm(), activations(),
                             bias_activations(), biased_convs(), unary(), binary(), reductions(), losses(), layout()})
    all.insert(all.end(), family.begin(), family.end());
  return all;
}

}  // namespace duel::test
