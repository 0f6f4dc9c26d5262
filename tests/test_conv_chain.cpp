// Convolutions whose norms have no forward pass of their own: taken where rows can, with the numbers of the ops by themselves.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/rng.h"
#include "kernels/registry.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

struct Chain {
  const char* named;
  Tensor x;
  std::vector<ConvLink> links;
  int groups;
  int norms;  // whose forward pass is another's
};

Tensor drawn(const Shape& shape, Device device, int64_t seed, double low = -1, double high = 1) {
  return Rng{seed}.uniform(shape, step_counter(0, device), low, high);
}
BatchNorm norm_of(int64_t c, Device device, int64_t seed) {
  return {drawn({c}, device, seed, 0.5, 1.5), drawn({c}, device, seed + 1), Tensor::zeros({c}, DType::f32, device),
          Tensor::full({c}, 1, DType::f32, device)};
}

// As a discriminator's layers, and as a generator's. Channels in fours; pixels of a group fill tiles of 64.
std::vector<Chain> chains(Device device) {
  constexpr Window halving{.stride = 2, .pad = 1};
  constexpr ActivationSpec leaky{Act::leaky_relu, 0.2}, relu{Act::relu}, tanh{Act::tanh};
  const auto w = [&](int64_t k, int64_t r, int64_t c, int64_t seed) { return drawn({k, r, r, c}, device, seed, -0.3, 0.3); };
  const auto judge = [&](int groups) {
    return std::vector<ConvLink>{{w(8, 4, 3, 1), halving, false, {}, leaky},
                                 {w(16, 4, 8, 2), halving, false, norm_of(16, device, 10), leaky},
                                 {w(24, 4, 16, 3), halving, false, norm_of(24, device, 20), groups > 1 ? leaky : relu},
                                 {w(8, 4, 24, 4), halving, false, norm_of(8, device, 30), leaky},
                                 {w(1, 4, 8, 5), {}, false, {}, {}}};
  };
  return {{"D", drawn({4, 64, 64, 3}, device, 5), judge(1), 1, 3},
          {"D on two batches", drawn({8, 64, 64, 3}, device, 6), judge(2), 2, 3},
          {"groups that end within a tile", drawn({6, 64, 64, 3}, device, 6), judge(3), 3, 2},
          {"G",
           drawn({4, 4, 4, 12}, device, 7),
           {{w(12, 4, 16, 1), halving, true, norm_of(16, device, 10), relu},
            {w(16, 4, 8, 2), halving, true, norm_of(8, device, 20), relu},
            {w(8, 4, 3, 3), halving, true, {}, tanh}},
           1,
           2}};
}

enum class Of { all, input, weights };

struct Run {
  Tensors all;       // y, the gradients that were asked for, running statistics
  Tensors again;     // derivatives of a derivative
  int normed = 0;    // rows of normed_conv2d that ran in the forward pass
  int norms = 0;     // and of batch_norm_fwd
  int acts = 0;      // and of activation
  std::string back;  // the ops whose rows ran in the backward pass
};

Run run(Chain chain, Of of = Of::all, bool twice = false) {
  for (ConvLink& link : chain.links)
    if (link.norm.gamma) link.norm.running_mean = link.norm.running_mean.clone(), link.norm.running_var = link.norm.running_var.clone();
  forget_rows_run();
  Run r;
  const Tensor y = conv_chain(chain.x, chain.links, chain.groups);
  for (const Row* row : rows_run()) {
    const std::string op = row->op;
    r.normed += op == "normed_conv2d_fwd" || op == "normed_conv2d_dgrad", r.norms += op == "batch_norm_fwd", r.acts += op == "activation";
  }
  Tensors wanted;
  if (of != Of::weights) wanted.push_back(chain.x);
  for (const ConvLink& link : chain.links)
    if (of != Of::input) {
      wanted.push_back(link.w);
      if (link.norm.gamma) wanted.insert(wanted.end(), {link.norm.gamma, link.norm.beta});
    }
  const Tensor seed = drawn(y.shape(), y.device(), 9);
  forget_rows_run();
  const Tensors first = vjp(y, seed, wanted, twice);
  for (const Row* row : rows_run()) r.back += std::string(row->op) + " ";
  if (twice) r.again = grad(sum(square(first[0])) + sum(square(first.back())), wanted);
  r.all = {y};
  r.all.insert(r.all.end(), first.begin(), first.end());
  for (const ConvLink& link : chain.links)
    if (link.norm.gamma) r.all.insert(r.all.end(), {link.norm.running_mean, link.norm.running_var});
  return r;
}

// The largest difference over the largest value.
double apart_by(const Tensor& a, const Tensor& b) {
  const std::vector<double> one = a.values(), two = b.values();
  REQUIRE(one.size() == two.size());
  double difference = 0, largest = 1e-3;
  for (size_t i = 0; i < one.size(); ++i) {
    REQUIRE(std::isfinite(one[i]));
    difference = std::max(difference, std::abs(one[i] - two[i])), largest = std::max(largest, std::abs(two[i]));
  }
  return difference / largest;
}

constexpr const char* one_by_one = "activation:naive";  // a row of an op that a chain would pass over

}  // namespace

TEST_CASE("a chain's numbers are those of convolution, norm and activation one after the other, and the same each time") {
  if (!find_backend(Device::sim)) return skip("this build has no simulated GPU");
  for (const Chain& chain : chains(Device::sim)) {
    const std::string named = chain.named;
    CAPTURE(named);
    const Run together = run(chain), again = run(chain);
    CHECK(together.normed > 0);
    CHECK(together.back.find(named == "G" ? "normed_conv2d_dgrad_grads" : "normed_conv2d_grads") != std::string::npos);
    if (named == "G") {  // tanh behind its last layer is that layer's, in both passes
      CHECK(together.acts == 0);
      CHECK(together.back.find("activation_grad") == std::string::npos);
    }
    const ScopedVariant by_name(one_by_one);
    const Run apart = run(chain);
    CHECK(apart.normed == 0);
    CHECK(together.norms <= 1);
    CHECK(apart.norms == 1);
    REQUIRE(together.all.size() == apart.all.size());
    for (size_t i = 0; i < apart.all.size(); ++i) {
      CAPTURE(i);
      CHECK(together.all[i].values() == again.all[i].values());
      CHECK(apart_by(together.all[i], apart.all[i]) < 2e-5);
    }
  }
}

TEST_CASE("asked for less, a chain's backward pass does less") {
  if (!find_backend(Device::sim)) return skip("this build has no simulated GPU");
  for (const Chain& chain : chains(Device::sim))
    for (const Of of : {Of::input, Of::weights})
      for (const bool twice : {false, true}) {
        const std::string named = chain.named;
        CAPTURE(named);
        CAPTURE(twice);
        const Run together = run(chain, of, twice);
        CHECK(together.normed > 0);
        if (of == Of::input) {
          CHECK(together.back.find("wgrad") == std::string::npos);
          // Where an activation stands without a norm, its derivative is taken on the way; else a plain convolution does.
          const bool bare = !chain.links[0].norm.gamma;
          CHECK((together.back.find("normed_conv2d_grads") != std::string::npos) == (bare && !twice));
        }
        const ScopedVariant by_name(one_by_one);
        const Run apart = run(chain, of, twice);
        for (size_t i = 0; i < apart.all.size(); ++i) CHECK(apart_by(together.all[i], apart.all[i]) < 2e-5);
        for (size_t i = 0; i < apart.again.size(); ++i) CHECK(apart_by(together.again[i], apart.again[i]) < 2e-4);
      }
}

TEST_CASE("the activation that ends a chain is the last convolution's where a row can, and else one of its own") {
  if (!find_backend(Device::sim)) return skip("this build has no simulated GPU");
  for (const Act act : {Act::tanh, Act::sigmoid, Act::relu, Act::none}) {
    Chain chain = chains(Device::sim).back();
    chain.links.back().then = {act};
    const std::string named = act_names[static_cast<int>(act)];
    CAPTURE(named);
    const Run together = run(chain);
    CHECK(together.normed == 2);  // that of the inner links, and few_channels
    CHECK(together.acts == (act == Act::relu ? 1 : 0));
    const ScopedVariant by_name(one_by_one);
    const Run apart = run(chain);
    CHECK(apart.acts == (act == Act::none ? 0 : 1));
    for (size_t i = 0; i < apart.all.size(); ++i) CHECK(apart_by(together.all[i], apart.all[i]) < 2e-5);
  }
}

TEST_CASE("a row of an op that a chain would pass over is run where it is asked for by name") {
  if (!find_backend(Device::sim)) return skip("this build has no simulated GPU");
  const Chain chain = chains(Device::sim)[0];
  CHECK(run(chain).normed > 0);
  for (const char* row : {"conv2d_fwd:three_tf32", "conv2d_dgrad:naive", "conv2d_wgrad:naive", "conv2d_grads:async_copies",
                          "conv2d_dgrad_grads:async_copies", "batch_norm_fwd:naive", "activation:naive", "activation_grad:naive"}) {
    CAPTURE(row);
    const ScopedVariant by_name(row);
    NoGrad only_forward;  // D's first layer is nothing for conv2d_fwd:three_tf32
    forget_rows_run();
    if (std::string(row).starts_with("conv2d_fwd")) CHECK_THROWS_AS(conv_chain(chain.x, chain.links), Error);
    else conv_chain(chain.x, chain.links);
    for (const Row* ran : rows_run()) CHECK(std::string(ran->op).find("normed") == std::string::npos);
  }
}

TEST_CASE("one weight in two links has the gradients of both, recorded or not") {
  if (!find_backend(Device::sim)) return skip("this build has no simulated GPU");
  const Chain like = chains(Device::sim)[0];
  const Tensor tied = drawn({8, 3, 3, 8}, Device::sim, 11, -0.3, 0.3);
  const ConvLink again{tied, {.stride = 1, .pad = 1}, false, norm_of(8, Device::sim, 40), {Act::relu}};
  const std::vector<ConvLink> links{like.links[0], again, again};
  const auto gradient = [&](bool recorded) { return grad(sum(square(conv_chain(like.x, links))), {tied}, recorded)[0]; };
  const Tensor once = gradient(false), recorded = gradient(true);
  const ScopedVariant by_name(one_by_one);
  const Tensor apart = gradient(false);
  CHECK(apart_by(once, apart) < 2e-5);
  CHECK(apart_by(recorded, apart) < 2e-4);
}

TEST_CASE("a chain refuses what its ops would, whichever way it runs") {
  for (const Device device : {Device::sim, Device::cpu}) {
    if (!find_backend(device)) continue;
    Chain chain = chains(device)[0];
    chain.links[1].norm.gamma = drawn({5}, device, 1);
    CHECK_THROWS_WITH_AS(run(chain), doctest::Contains("[batch_norm] x is"), Error);
    chain = chains(device)[0];
    chain.links[1].norm.running_var = {};
    CHECK_THROWS_WITH_AS(conv_chain(chain.x, chain.links), doctest::Contains("[batch_norm] x is"), Error);
    chain = chains(device)[0];
    chain.links[2].w = drawn({24, 4, 4, 5}, device, 1);
    CHECK_THROWS_WITH_AS(conv_chain(chain.x, chain.links), doctest::Contains("has 16 channels"), Error);
  }
}

TEST_CASE("the forward pass of a chain takes fewer launches: a norm between two convolutions takes none") {
  if (!find_backend(Device::sim)) return skip("this build has no simulated GPU");
  for (const Chain& chain : chains(Device::sim)) {
    const std::string named = chain.named;
    CAPTURE(named);
    NoGrad only_forward;
    conv_chain(chain.x, chain.links, chain.groups);
    const auto taken = [&] {
      const long before = launches();
      conv_chain(chain.x, chain.links, chain.groups);
      return launches() - before;
    };
    const long together = taken();
    const ScopedVariant by_name(one_by_one);
    constexpr long activations = 1;  // without a norm to take it along: D's first one, and the one that ends G
    CHECK(taken() - together == chain.norms + activations);
  }
}

TEST_CASE("a chain differentiates again") {
  if (!find_backend(Device::sim)) return skip("this build has no simulated GPU");
  for (const Chain& chain : chains(Device::sim)) {
    const std::string named = chain.named;
    CAPTURE(named);
    const Run together = run(chain, Of::all, true);
    const ScopedVariant by_name(one_by_one);
    const Run apart = run(chain, Of::all, true);
    for (size_t i = 0; i < apart.again.size(); ++i) {
      CAPTURE(i);
      CHECK(apart_by(together.again[i], apart.again[i]) < 2e-4);
    }
    for (size_t i = 0; i < apart.all.size(); ++i) CHECK(apart_by(together.all[i], apart.all[i]) < 2e-5);  // statistics moved once
  }
}

TEST_CASE("on the CPU, where no row normalises as it loads, a chain is the ops themselves") {
  for (const Chain& chain : chains(Device::cpu)) {
    const Run together = run(chain);
    CHECK(together.normed == 0);
    Tensor h = chain.x;
    for (const ConvLink& link : chain.links) {
      h = link.transposed ? conv_transpose2d(h, link.w, link.window) : conv2d(h, link.w, link.window);
      h = link.norm.gamma ? batch_norm(h, link.norm, link.then, chain.groups) : activation(h, link.then.act, link.then.slope);
    }
    CHECK(together.all[0].values() == h.values());
  }
  const Chain chain = chains(Device::cpu)[0];
  CHECK_THROWS_WITH_AS(conv_chain(chain.x, {}), doctest::Contains("at least one convolution"), Error);
  CHECK_THROWS_WITH_AS(conv_chain(chain.x, chain.links, 3), doctest::Contains("3 equal groups"), Error);
}
