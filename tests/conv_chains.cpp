#include "tests/conv_chains.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "engine/rng.h"
#include "engine/row_watch.h"
#include "tests/gpus.h"

namespace duel::test {

Tensor drawn(const Shape& shape, Device device, int64_t seed, double low, double high) {
  return Rng{seed}.uniform(shape, step_counter(0, device), low, high);
}
BatchNorm norm_of(int64_t c, Device device, int64_t seed) {
  return {drawn({c}, device, seed, 0.5, 1.5), drawn({c}, device, seed + 1), Tensor::zeros({c}, DType::f32, device),
          Tensor::full({c}, 1, DType::f32, device)};
}

std::vector<Chain> chains(Device device, DType dtype) {
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

std::vector<Chain> chains_on_gpus(DType dtype) {
  std::vector<Chain> all;
  for (const Device device : gpus())
    for (Chain& chain : chains(device, dtype)) all.push_back(chain);
  return all;
}

namespace {

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

}  // namespace

Run run(Chain chain, Of of, bool twice) {
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

}  // namespace duel::test
