// Convolutions whose norms have no forward pass of their own: taken where rows can, with the numbers of the ops by themselves.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/rng.h"
#include "engine/row_watch.h"
#include "kernels/registry.h"
#include "tests/gpus.h"

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

// As a discriminator's layers, and as a generator's. Channels in fours, in bf16 in eights; pixels of a group fill tiles of 64.
std::vector<Chain> chains(Device device, DType dtype = DType::f32) {
  constexpr Window halving{.stride = 2, .pad = 1};
  constexpr ActivationSpec leaky{Act::leaky_relu, 0.2}, relu{Act::relu}, tanh{Act::tanh};
  const auto image = [&](const Shape& shape, int64_t seed) { return cast(drawn(shape, device, seed), dtype); };
  const auto w = [&](int64_t k, int64_t r, int64_t c, int64_t seed) { return cast(drawn({k, r, r, c}, device, seed, -0.3, 0.3), dtype); };
  const int64_t of_noise = dtype == DType::bf16 ? 16 : 12;
  const auto judge = [&](int groups) {
    return std::vector<ConvLink>{{w(8, 4, 3, 1), halving, false, {}, leaky},
                                 {w(16, 4, 8, 2), halving, false, norm_of(16, device, 10), leaky},
                                 {w(24, 4, 16, 3), halving, false, norm_of(24, device, 20), groups > 1 ? leaky : relu},
                                 {w(8, 4, 24, 4), halving, false, norm_of(8, device, 30), leaky},
                                 {w(1, 4, 8, 5), {}, false, {}, {}}};
  };
  return {{"D", image({4, 64, 64, 3}, 5), judge(1), 1, 3},
          {"D on two batches", image({8, 64, 64, 3}, 6), judge(2), 2, 3},
          {"groups that end within a tile", image({6, 64, 64, 3}, 6), judge(3), 3, 2},
          {"G",
           image({4, 4, 4, of_noise}, 7),
           {{w(of_noise, 4, 16, 1), halving, true, norm_of(16, device, 10), relu},
            {w(16, 4, 8, 2), halving, true, norm_of(8, device, 20), relu},
            {w(8, 4, 3, 3), halving, true, {}, tanh}},
           1,
           2}};
}

std::vector<Chain> chains_on_gpus(DType dtype = DType::f32) {
  std::vector<Chain> all;
  for (const Device device : gpus())
    for (Chain& chain : chains(device, dtype)) all.push_back(chain);
  return all;
}

enum class Of { all, input, weights };

struct Run {
  Tensors all;       // y, the gradients that were asked for, running statistics
  Tensors again;     // derivatives of a derivative
  long normed = 0;   // calls of normed_conv2d in the forward pass
  long norms = 0;    // and of batch_norm_fwd
  long acts = 0;     // and of activation
  std::string back;  // op:row of each call in the backward pass
  std::string rows;  // and in both
};

// Each call of a row, as op:row.
struct Calls : RowWatch {
  std::vector<std::string> all;
  void before(const Row& row, const std::string&, std::span<const Touched>) override {
    all.push_back(row.op + (":" + std::string(row.name)));
  }
  void after(const Row&, const std::string&, std::span<const Touched>) override {}
  long count(const std::string& op) const {
    return std::count_if(all.begin(), all.end(), [&](const std::string& call) { return call.starts_with(op + ":"); });
  }
  std::string text() const { return fmt::format("{} ", fmt::join(all, " ")); }
};

Run run(Chain chain, Of of = Of::all, bool twice = false) {
  for (ConvLink& link : chain.links)
    if (link.norm.gamma) link.norm.running_mean = link.norm.running_mean.clone(), link.norm.running_var = link.norm.running_var.clone();
  Run r;
  const Tensor y = [&] {
    Calls calls;
    const Tensor out = conv_chain(chain.x, chain.links, chain.groups);
    r.normed = calls.count("normed_conv2d_fwd") + calls.count("normed_conv2d_dgrad");
    r.norms = calls.count("batch_norm_fwd"), r.acts = calls.count("activation"), r.rows = calls.text();
    return out;
  }();
  Tensors wanted;
  if (of != Of::weights) wanted.push_back(chain.x);
  for (const ConvLink& link : chain.links)
    if (of != Of::input) {
      wanted.push_back(link.w);
      if (link.norm.gamma) wanted.insert(wanted.end(), {link.norm.gamma, link.norm.beta});
    }
  const Tensor seed = cast(drawn(y.shape(), y.device(), 9), y.dtype());
  const Tensors first = [&] {
    Calls calls;
    const Tensors gradients = vjp(y, seed, wanted, twice);
    r.back = calls.text(), r.rows += r.back;
    return gradients;
  }();
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

// How many values are not the same, of all.
double share_apart(const Tensor& a, const Tensor& b) {
  const std::vector<double> one = a.values(), two = b.values();
  size_t apart = 0;
  for (size_t i = 0; i < one.size(); ++i) apart += one[i] != two[i];
  return static_cast<double>(apart) / static_cast<double>(one.size());
}

constexpr const char* one_by_one = "activation:naive";  // a row of an op that a chain would pass over

}  // namespace

TEST_CASE("chains run on the simulated GPU, and on a GPU where there is one") {
  skip_missing_gpus();
  for (const Device device : gpus()) CHECK(run(chains(device).back()).normed > 0);
}

TEST_CASE("a chain's numbers are those of convolution, norm and activation one after the other, and the same each time") {
  if (gpus().empty()) return skip(no_gpus);
  for (const Chain& chain : chains_on_gpus()) {
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
    const long norms = std::count_if(chain.links.begin(), chain.links.end(), [](const ConvLink& link) { return bool(link.norm.gamma); });
    CHECK(together.norms == norms - chain.norms);
    CHECK(apart.norms == norms);
    REQUIRE(together.all.size() == apart.all.size());
    for (size_t i = 0; i < apart.all.size(); ++i) {
      CAPTURE(i);
      CHECK(together.all[i].values() == again.all[i].values());
      CHECK(apart_by(together.all[i], apart.all[i]) < 2e-5);
    }
  }
}

// In bf16 a chain rounds where its ops would, so nearly all bits are theirs. A sum that is added in another order, or a mean of another
// last digit, makes a value in a thousand go up that went down: by one digit in 2⁷, of the largest of a tensor as of any. A rounding left
// out, such as that of a gradient before it is taken through an activation, shows in a fifth of the values; and where all is f32,
// gradients, which sum what relus let through, differ by 3e-2 and more.
TEST_CASE("in bf16 a chain's numbers are those of its ops, rounded where they round") {
  if (gpus().empty()) return skip(no_gpus);
  for (const Chain& chain : chains_on_gpus(DType::bf16)) {
    const std::string named = chain.named;
    CAPTURE(named);
    const bool twice = named == "D";
    const Run together = run(chain, Of::all, twice), again = run(chain, Of::all, twice);
    const char* pair = named == "G" ? "normed_conv2d_dgrad_grads:tensor_cores" : "normed_conv2d_grads:tensor_cores";
    CHECK((together.back.find(pair) != std::string::npos) == !twice);  // what is recorded is composed of the ops
    CHECK(together.acts == 0);
    Chain wide = chain;
    wide.x = cast(wide.x, DType::f32);
    for (ConvLink& link : wide.links) link.w = cast(link.w, DType::f32);
    const ScopedVariant by_name(one_by_one);
    const Run apart = run(chain, Of::all, twice), in_f32 = run(wide);
    const long norms = std::count_if(chain.links.begin(), chain.links.end(), [](const ConvLink& link) { return bool(link.norm.gamma); });
    CHECK(together.norms == norms - chain.norms);
    CHECK(apart.norms == norms);
    CHECK(together.all[0].dtype() == DType::bf16);
    for (size_t i = 0; i < apart.all.size(); ++i) {
      CAPTURE(i);
      CHECK(together.all[i].values() == again.all[i].values());
      CHECK(apart_by(together.all[i], apart.all[i]) < 0x1p-7);
      if (apart.all[i].dtype() == DType::bf16) CHECK(share_apart(together.all[i], apart.all[i]) < 0.02);
    }
    CHECK(apart_by(apart.all[1], in_f32.all[1]) > 3e-2);
    for (size_t i = 0; i < apart.again.size(); ++i) CHECK(apart_by(together.again[i], apart.again[i]) < 0x1p-7);
  }
}

TEST_CASE("asked for less, a chain's backward pass does less") {
  if (gpus().empty()) return skip(no_gpus);
  for (const Chain& chain : chains_on_gpus())
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
  if (gpus().empty()) return skip(no_gpus);
  for (Chain chain : chains_on_gpus())
    for (const Act act : {Act::tanh, Act::sigmoid, Act::relu, Act::none}) {
      if (std::string(chain.named) != "G") continue;
      chain.links.back().then = {act};
      const std::string named = act_names[static_cast<int>(act)];
      CAPTURE(named);
      const Run together = run(chain);
      CHECK(together.normed == 3);
      CHECK(together.acts == (act == Act::relu ? 1 : 0));
      const ScopedVariant by_name(one_by_one);
      const Run apart = run(chain);
      CHECK(apart.acts == (act == Act::none ? 0 : 1));
      for (size_t i = 0; i < apart.all.size(); ++i) CHECK(apart_by(together.all[i], apart.all[i]) < 2e-5);
    }
}

TEST_CASE("a row of an op that a chain would pass over is run where it is asked for by name") {
  if (gpus().empty()) return skip(no_gpus);
  for (const Device device : gpus()) {
    const Chain chain = chains(device)[0];
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
}

TEST_CASE("a row asked for by name runs where it can, and the rest of a chain without it; where it can nowhere, that is an error") {
  if (gpus().empty()) return skip(no_gpus);
  for (const Device device : gpus()) {
    std::vector<Chain> all = chains(device);
    Chain d = all.front(), g = all.back();
    d.x = drawn({4, 32, 32, 3}, device, 5);
    d.links.resize(3), d.links.push_back({drawn({1, 4, 4, 24}, device, 5, -0.3, 0.3), {}, false, {}, {}});
    Chain bare = d, g4 = g;  // whose last layer wants nothing of the others; whose tanh stands behind channels that tiles take as well
    for (ConvLink& link : bare.links) link.norm = {};
    g4.links.back().w = drawn({8, 4, 4, 4}, device, 6, -0.3, 0.3);
    const struct {
      const Chain& chain;
      const char* row;
    } can[] = {{d, "normed_conv2d_fwd:three_tf32"},           {d, "normed_conv2d_fwd:async_copies"},
               {d, "normed_conv2d_wgrad:three_tf32"},         {d, "normed_conv2d_grads:async_copies"},
               {d, "normed_conv2d_grads:one_output"},         {bare, "normed_conv2d_fwd:one_output"},
               {bare, "normed_conv2d_grads:one_output"},      {g, "normed_conv2d_dgrad:async_copies"},
               {g, "normed_conv2d_dgrad_grads:async_copies"}, {g, "normed_conv2d_dgrad_grads:few_channels"},
               {g4, "normed_conv2d_dgrad:async_copies"},      {g4, "normed_conv2d_dgrad_grads:async_copies"}};
    for (const auto& asked : can)
      for (const Of of : {Of::all, Of::input}) {
        const std::string row = asked.row;
        CAPTURE(row);
        const Run named = [&] {
          const ScopedVariant by_name(row);
          return run(asked.chain, of);
        }();
        if (of == Of::all && row.find("wgrad") == std::string::npos) CHECK(named.rows.find(row) != std::string::npos);
        const std::string op = row.substr(0, row.find(':') + 1);
        if (row.find("grad") == std::string::npos || row.find("dgrad:") != std::string::npos)  // forward: no other row of the op
          for (size_t at = named.rows.find(op); at != std::string::npos; at = named.rows.find(op, at + 1))
            CHECK(named.rows.compare(at, row.size(), row) == 0);
        const ScopedVariant by_name(one_by_one);
        const Run apart = run(asked.chain, of);
        for (size_t i = 0; i < apart.all.size(); ++i) CHECK(apart_by(named.all[i], apart.all[i]) < 2e-5);
      }
    Chain hidden = d;
    hidden.links.resize(3);
    const struct {
      const Chain& chain;
      const char *row, *why;
    } cannot[] = {{d, "normed_conv2d_fwd:one_output", "row one_output, asked for by an override, does not support n4h16w16c8k16"},
                  {g, "normed_conv2d_dgrad:few_channels", "row few_channels, asked for by an override, does not support n4h8w8c16k12"},
                  {hidden, "normed_conv2d_grads:one_output", "row one_output, asked for by an override, does not support n4h16w16c8k16"},
                  {d, "normed_conv2d_wgrad:few_channels", "row few_channels, asked for by an override, does not support n4h16w16c8k16"}};
    for (const auto& asked : cannot) {
      const ScopedVariant by_name(asked.row);
      CHECK_THROWS_WITH_AS(run(asked.chain), doctest::Contains(asked.why), Error);
    }
    const ScopedVariant elsewhere("normed_conv2d_fwd:three_tf32");
    CHECK_THROWS_WITH_AS(run(chains(Device::cpu)[0]), doctest::Contains("no row three_tf32 on cpu"), Error);
  }
}

TEST_CASE("one weight in two links has the gradients of both, recorded or not") {
  if (gpus().empty()) return skip(no_gpus);
  for (const Device device : gpus()) {
    const Chain like = chains(device)[0];
    const Tensor tied = drawn({8, 3, 3, 8}, device, 11, -0.3, 0.3);
    const ConvLink again{tied, {.stride = 1, .pad = 1}, false, norm_of(8, device, 40), {Act::relu}};
    const std::vector<ConvLink> links{like.links[0], again, again};
    const auto gradient = [&](bool recorded) { return grad(sum(square(conv_chain(like.x, links))), {tied}, recorded)[0]; };
    const Tensor once = gradient(false), recorded = gradient(true);
    const ScopedVariant by_name(one_by_one);
    const Tensor apart = gradient(false);
    CHECK(apart_by(once, apart) < 2e-5);
    CHECK(apart_by(recorded, apart) < 2e-4);
  }
}

TEST_CASE("a chain refuses what its ops would, whichever way it runs") {
  std::vector<Device> devices = gpus();
  devices.push_back(Device::cpu);
  for (const Device device : devices) {
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
  if (gpus().empty()) return skip(no_gpus);
  for (const Chain& chain : chains_on_gpus()) {
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
  if (gpus().empty()) return skip(no_gpus);
  for (const Chain& chain : chains_on_gpus()) {
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
