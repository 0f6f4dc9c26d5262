// A bias and an activation behind a convolution, in its launch: the numbers are those of the ops by themselves.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/rng.h"
#include "kernels/registry.h"
#include "tests/conv_chains.h"
#include "tests/gpus.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

struct Layer {
  const char* named;
  Shape x, w;
  Window window;
  bool transposed;
};
// As SN-GAN's D and a VAE have them, small; channels in eights where they are not an image's.
const Layer layers[] = {
    {"few channels of x", {2, 16, 16, 3}, {16, 4, 4, 3}, {.stride = 2, .pad = 1}, false},
    {"tiles", {2, 16, 16, 16}, {24, 4, 4, 16}, {.stride = 2, .pad = 1}, false},
    {"one output", {6, 4, 4, 16}, {1, 4, 4, 16}, {}, false},
    {"transposed tiles", {2, 8, 8, 16}, {16, 4, 4, 24}, {.stride = 2, .pad = 1}, true},
    {"few channels out", {2, 8, 8, 16}, {16, 3, 3, 1}, {.stride = 1, .pad = 1}, true},
};

enum class Ends { bias, activation, both };

struct Ran {
  Tensors all, again;  // y and gradients, and derivatives of these
  long forward;        // launches
  bool in_one;         // a row of normed_conv2d ran
};

// Small integers, so that every sum is exact, or uniform numbers.
Tensor drawn(const Shape& shape, Device device, DType dtype, bool integers, int64_t seed) {
  const Tensor u = Rng{seed}.uniform(shape, step_counter(0, device), integers ? -3 : -0.5, integers ? 3 : 0.5);
  if (!integers) return cast(u, dtype);
  std::vector<double> values = u.values();
  for (double& v : values) v = std::round(v);
  return Tensor::from(shape, values, dtype, device);
}

Ran ran(const Layer& l, Device device, DType dtype, bool integers, Ends ends, ActivationSpec then, bool twice = false) {
  const Tensor x = drawn(l.x, device, dtype, integers, 1), w = drawn(l.w, device, dtype, integers, 2);
  const int64_t channels = l.transposed ? l.w[3] : l.w[0];
  const Tensor b = ends == Ends::activation ? Tensor() : drawn({channels}, device, dtype, integers, 3);
  if (ends == Ends::bias) then = {};
  Ran r;
  forget_rows_run();
  const long before = launches();
  const Tensor y = l.transposed ? biased_conv2d_dgrad(x, w, b, conv_transpose2d_problem(l.x, l.w, l.window), then)
                                : biased_conv2d_fwd(x, w, b, conv2d_problem(l.x, l.w, l.window), then);
  r.forward = launches() - before, r.in_one = false;
  for (const Row* row : rows_run()) r.in_one |= std::string(row->op).starts_with("normed_conv2d");
  Tensors wanted{x, w};
  if (b) wanted.push_back(b);
  const Tensors first = vjp(y, drawn(y.shape(), device, dtype, true, 9), wanted, twice);
  r.all = {y};
  r.all.insert(r.all.end(), first.begin(), first.end());
  if (twice)
    r.again = grad(sum(square(first[0])) + sum(square(first[1])) + (b ? sum(square(first[2])) : Tensor::zeros({}, dtype, device)), wanted);
  return r;
}

// The row of the layer's own convolution that adds in the order in which that in one launch does.
std::string singles(DType dtype, const Layer& l) {
  const std::string named = l.named, op = l.transposed ? "conv2d_dgrad:" : "conv2d_fwd:";
  if (named.find("few") != std::string::npos) return op + "few_channels";
  if (dtype == DType::f32) return op + (l.transposed ? "phases_three_tf32" : "three_tf32");
  return op + (l.transposed ? "phases" : "tensor_cores");
}

constexpr ActivationSpec told[] = {{Act::relu}, {Act::leaky_relu, 0.2}, {Act::leaky_relu, 0.0}, {Act::tanh}, {Act::sigmoid}};

// Whether a row takes that activation on its way out: one that holds many sums in registers has no room for the long ones.
bool takes(const Layer& l, Ends ends, ActivationSpec then) {
  const std::string named = l.named;
  return ends == Ends::bias || !act_saves_output(then.act) || named == "few channels out";
}

}  // namespace

TEST_CASE("a bias and an activation are one launch with the convolution, and bits are those of the ops one after the other") {
  skip_missing_gpus();
  for (const Device device : gpus())
    for (const DType dtype : {DType::f32, DType::bf16})
      for (const Layer& l : layers)
        for (const Ends ends : {Ends::bias, Ends::activation, Ends::both})
          for (const ActivationSpec then : told) {
            if (ends == Ends::bias && then.act != Act::relu) continue;  // no activation to go through
            for (const bool integers : {true, false}) {
              const std::string named = l.named;
              CAPTURE(named);
              const int which = static_cast<int>(ends), act = static_cast<int>(then.act);
              CAPTURE(which);
              CAPTURE(act);
              CAPTURE(integers);
              const Ran together = ran(l, device, dtype, integers, ends, then);
              CHECK(together.in_one == takes(l, ends, then));
              if (together.in_one) CHECK(together.forward == 1);
              const bool one_output = named == "one output";  // whose sums no single op adds in that order
              const ScopedVariant by_name(one_output ? "binary:naive,bias_activation:naive,activation:naive" : singles(dtype, l));
              const Ran apart = ran(l, device, dtype, integers, ends, then);
              CHECK_FALSE(apart.in_one);
              CHECK(apart.forward >= 2);
              REQUIRE(together.all.size() == apart.all.size());
              for (size_t i = 0; i < apart.all.size(); ++i) {
                CAPTURE(i);
                CHECK(together.all[i].dtype() == apart.all[i].dtype());
                if (!one_output || (integers && then.act == Act::relu)) CHECK(together.all[i].values() == apart.all[i].values());
                else CHECK(apart_by(together.all[i], apart.all[i]) < (dtype == DType::f32 ? 2e-5 : 0x1p-6));
              }
            }
          }
}

TEST_CASE("what is recorded differentiates again as the ops by themselves do") {
  if (gpus().empty()) return skip(no_gpus);
  for (const Device device : gpus())
    for (const Layer& l : layers)
      for (const ActivationSpec then : {ActivationSpec{Act::leaky_relu, 0.2}, {Act::sigmoid}}) {
        const Ran together = ran(l, device, DType::f32, false, Ends::both, then, true);
        CHECK(together.in_one == takes(l, Ends::both, then));
        const ScopedVariant by_name("bias_activation:naive");
        const Ran apart = ran(l, device, DType::f32, false, Ends::both, then, true);
        CHECK_FALSE(apart.in_one);
        for (size_t i = 0; i < apart.all.size(); ++i) CHECK(apart_by(together.all[i], apart.all[i]) < 2e-5);
        for (size_t i = 0; i < apart.again.size(); ++i) CHECK(apart_by(together.again[i], apart.again[i]) < 2e-4);
      }
}

TEST_CASE("on the CPU, and where a row of one of the ops is asked for by name, they run one after the other") {
  std::vector<Device> devices = gpus();
  devices.push_back(Device::cpu);
  for (const Device device : devices)
    for (const Layer& l : layers) {
      const Tensor x = drawn(l.x, device, DType::f32, false, 1), w = drawn(l.w, device, DType::f32, false, 2);
      const Tensor b = drawn({l.transposed ? l.w[3] : l.w[0]}, device, DType::f32, false, 3);
      const ScopedVariant by_name(device == Device::cpu ? "" : "bias_activation:naive");
      forget_rows_run();
      const Tensor y = l.transposed ? biased_conv2d_dgrad(x, w, b, conv_transpose2d_problem(l.x, l.w, l.window), {Act::relu})
                                    : biased_conv2d_fwd(x, w, b, conv2d_problem(l.x, l.w, l.window), {Act::relu});
      for (const Row* row : rows_run()) CHECK(std::string(row->op).find("normed") == std::string::npos);
      const Tensor bare = l.transposed ? conv_transpose2d(x, w, l.window) : conv2d(x, w, l.window);
      CHECK(y.values() == bias_activation(bare, b, {Act::relu}).values());
    }
}

TEST_CASE("rows asked for by name: of the other convolution they do not matter, of the joined op they run what they support") {
  if (gpus().empty()) return skip(no_gpus);
  const Layer &tiles = layers[1], &few = layers[0];
  for (const Device device : gpus()) {
    const auto in_one = [&](const Layer& l) { return ran(l, device, DType::f32, false, Ends::both, {Act::relu}).in_one; };
    {
      const ScopedVariant other("conv2d_dgrad:naive");
      CHECK(in_one(tiles));
      CHECK_FALSE(in_one(layers[3]));
    }
    {
      const ScopedVariant other("conv2d_fwd:naive");
      CHECK_FALSE(in_one(tiles));
      CHECK(in_one(layers[3]));
    }
    {
      const ScopedVariant named("normed_conv2d_fwd:few_channels");
      CHECK(in_one(few));
      CHECK_FALSE(in_one(tiles));
    }
    const ScopedVariant nobody("normed_conv2d_fwd:nobody");
    CHECK_THROWS_WITH_AS(in_one(tiles), doctest::Contains("nobody"), Error);
  }
}

TEST_CASE("a convolution with nothing behind it is the plain one, and what does not fit is refused, whichever way it runs") {
  std::vector<Device> devices = gpus();
  devices.push_back(Device::cpu);
  for (const Device device : devices) {
    const Tensor x = drawn({2, 8, 8, 16}, device, DType::f32, false, 1), w = drawn({8, 3, 3, 16}, device, DType::f32, false, 2);
    const Conv2dProblem d = conv2d_problem(x.shape(), w.shape(), {.stride = 1, .pad = 1});
    forget_rows_run();
    CHECK(biased_conv2d_fwd(x, w, {}, d).values() == conv2d_fwd(x, w, d).values());
    for (const Row* row : rows_run()) CHECK(std::string(row->op) == "conv2d_fwd");
    const Tensor b = drawn({8}, device, DType::f32, false, 3);
    CHECK_THROWS_WITH_AS(biased_conv2d_fwd({}, w, b, d), doctest::Contains("an input is undefined"), Error);
    CHECK_THROWS_WITH_AS(biased_conv2d_fwd(x, x, b, d), doctest::Contains("w is"), Error);
    CHECK_THROWS_AS(biased_conv2d_fwd(x, w, drawn({16}, device, DType::f32, false, 3), d, {Act::relu}), Error);
    CHECK_THROWS_AS(biased_conv2d_fwd(x, w, cast(b, DType::bf16), d, {Act::relu}), Error);
    for (const Shape& shape : {Shape{1}, Shape{2, 1, 1, 8}, Shape{2, 8, 8, 8}})  // which an addition would spread
      CHECK_THROWS_WITH_AS(biased_conv2d_fwd(x, w, drawn(shape, device, DType::f32, false, 3), d), doctest::Contains("b must be [8]"),
                           Error);
    CHECK_THROWS_AS(biased_conv2d_fwd(x, w, b, d, {Act::softplus}), Error);
    CHECK_THROWS_AS(biased_conv2d_fwd(x, w, b, d, {Act::leaky_relu, -0.2}), Error);
    CHECK_NOTHROW(biased_conv2d_fwd(x, w, {}, d, {Act::softplus}));
    CHECK_NOTHROW(biased_conv2d_fwd(x, w, {}, d, {Act::leaky_relu, -0.2}));
  }
}
