// Convolutions whose norms have no forward pass of their own: the numbers are those of the ops by themselves.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "kernels/registry.h"
#include "tests/conv_chains.h"
#include "tests/gpus.h"

using namespace duel;
using namespace duel::test;

namespace {

// How many values are not the same, of all.
double share_apart(const Tensor& a, const Tensor& b) {
  const std::vector<double> one = a.values(), two = b.values();
  size_t apart = 0;
  for (size_t i = 0; i < one.size(); ++i) apart += one[i] != two[i];
  return static_cast<double>(apart) / static_cast<double>(one.size());
}

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
