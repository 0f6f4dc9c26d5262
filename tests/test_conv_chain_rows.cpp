// Convolutions whose norms have no forward pass of their own: which rows they take, in how many launches, and what is refused.
#include <doctest/doctest.h>

#include <string>

#include "kernels/registry.h"
#include "tests/conv_chains.h"
#include "tests/gpus.h"

using namespace duel;
using namespace duel::test;

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
