// Both gradients of a convolution in one launch: taken where a row holds them, with the numbers of the two single ops.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/rng.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/registry.h"
#include "tests/gpus.h"

using namespace duel;
using namespace duel::test;

namespace {

struct Layer {
  const char* named;
  Tensor x, w;
  bool transposed;
  Tensor out() const { return transposed ? conv_transpose2d(x, w, {.stride = 2, .pad = 1}) : conv2d(x, w, {.stride = 2, .pad = 1}); }
};

// Small integers, so that every sum is exact, or uniform numbers.
Tensor drawn(const Shape& shape, Device device, DType dtype, bool integers, int64_t seed) {
  const Tensor u = Rng{seed}.uniform(shape, step_counter(0, device), -3, 3);
  if (!integers) return cast(u, dtype);
  std::vector<double> values = u.values();
  for (double& v : values) v = std::round(v);
  return Tensor::from(shape, values, dtype, device);
}

std::vector<Layer> layers(Device device, DType dtype, bool integers) {
  const auto make = [&](const Shape& shape, int64_t seed) { return drawn(shape, device, dtype, integers, seed); };
  return {{"wgrad in parts", make({4, 32, 32, 8}, 1), make({16, 4, 4, 8}, 2), false},
          {"in one part", make({1, 8, 8, 16}, 3), make({24, 4, 4, 16}, 4), false},
          {"transposed, wgrad in parts", make({4, 16, 16, 16}, 5), make({16, 4, 4, 8}, 6), true},
          {"transposed, in one part", make({1, 4, 4, 24}, 7), make({24, 4, 4, 16}, 8), true}};
}

std::vector<Layer> layers_on_gpus(DType dtype, bool integers) {
  std::vector<Layer> all;
  for (const Device device : gpus())
    for (const Layer& layer : layers(device, dtype, integers)) all.push_back(layer);
  return all;
}

struct Backward {
  Tensors gradients;
  long launches;
  bool together;  // one of the rows for both ran
};

Backward backward(const Layer& layer, bool create_graph = false) {
  const Tensor out = layer.out(), seed = drawn(out.shape(), out.device(), out.dtype(), true, 9);
  forget_rows_run();
  const long before = launches();
  Backward b;
  b.gradients = vjp(out, seed, {layer.x, layer.w}, create_graph);
  b.launches = launches() - before, b.together = false;
  for (const Row* row : rows_run()) b.together |= row->op == std::string("conv2d_grads") || row->op == std::string("conv2d_dgrad_grads");
  return b;
}

// Rows of the single ops, by name: then both go their own ways.
std::string singles(DType dtype) {
  return dtype == DType::f32 ? "conv2d_fwd:three_tf32,conv2d_dgrad:phases_three_tf32,conv2d_wgrad:split_k_three_tf32"
                             : "conv2d_fwd:tensor_cores,conv2d_dgrad:phases,conv2d_wgrad:split_k";
}

}  // namespace

TEST_CASE("gradients run on the simulated GPU, and on a GPU where there is one") {
  skip_missing_gpus();
  for (const Layer& layer : layers_on_gpus(DType::f32, true)) CHECK(backward(layer).launches > 0);
}

TEST_CASE("a convolution's two gradients come from one launch, and are those of the single ops") {
  if (gpus().empty()) return skip(no_gpus);
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const bool integers : {true, false})
      for (const Layer& layer : layers_on_gpus(dtype, integers)) {
        const std::string named = layer.named;
        CAPTURE(named);
        CAPTURE(integers);
        const Backward together = backward(layer), again = backward(layer);
        CHECK(together.together);
        CHECK(together.launches == 1);
        const ScopedVariant by_name(singles(dtype));
        const Backward apart = backward(layer);
        CHECK_FALSE(apart.together);
        CHECK(apart.launches == (named.find("parts") != std::string::npos ? 3 : 2));
        for (size_t i = 0; i < 2; ++i) {
          const std::vector<double> one = together.gradients[i].values(), two = apart.gradients[i].values();
          CHECK(one == again.gradients[i].values());
          CHECK(together.gradients[i].dtype() == apart.gradients[i].dtype());
          CHECK(one == two);  // these are small tiles: the same products, added in the same order
        }
      }
}

TEST_CASE("gradients that are recorded, asked for alone or of a row by name, or better made apart come from the single ops") {
  if (gpus().empty()) return skip(no_gpus);
  for (const Layer& layer : layers_on_gpus(DType::f32, true)) {
    CHECK_FALSE(backward(layer, true).together);
    const Tensor total = sum(layer.out());
    forget_rows_run();
    grad(total, {layer.w}), grad(total, {layer.x});
    for (const Row* row : rows_run()) CHECK(std::string(row->op).find("grads") == std::string::npos);
    for (const char* single : {"conv2d_wgrad:naive", layer.transposed ? "conv2d_fwd:naive" : "conv2d_dgrad:naive"}) {
      const ScopedVariant by_name(single);
      CHECK_FALSE(backward(layer).together);
    }
    const ScopedVariant other(layer.transposed ? "conv2d_dgrad:naive" : "conv2d_fwd:naive");  // no gradient's
    CHECK(backward(layer).together);
    const ScopedVariant both("conv2d_grads:async_copies,conv2d_dgrad_grads:async_copies,conv2d_wgrad:naive");
    CHECK(backward(layer).together);
  }
  for (const Device device : gpus()) {
    const Tensor image = drawn({2, 16, 16, 3}, device, DType::f32, true, 1), w = drawn({8, 4, 4, 3}, device, DType::f32, true, 2);
    CHECK_FALSE(backward({"three channels", image, w, false}).together);
  }
  for (const Layer& layer : layers(Device::cpu, DType::f32, true)) CHECK_FALSE(backward(layer).together);
}
