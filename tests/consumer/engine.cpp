// The installed engine computes a first and a second derivative. Last line: the tally.
#include <cstdio>
#include <string>
#include <vector>

#include "engine/grad.h"
#include "engine/ops.h"

int main() {
  int passed = 0, failed = 0;
  const auto expect = [&](bool holds, const char* what) {
    (holds ? passed : failed)++;
    if (!holds) std::printf("wrong: %s\n", what);
  };
  using namespace duel;
  // y = (w·x)², a 1×1 convolution of one pixel: dy/dx = 2w²x, and its sum's derivative in w is 4wx.
  const Tensor x = Tensor::full({1, 1, 1, 1}, 3, DType::f32, Device::cpu), w = Tensor::full({1, 1, 1, 1}, 5, DType::f32, Device::cpu);
  const Tensor gx = grad(sum(square(conv2d(x, w))), {x}, create_graph)[0];
  expect(gx.item() == 2 * 25 * 3, "the derivative of (w·x)² in x");
  expect(grad(sum(gx), {w})[0].item() == 4 * 5 * 3, "the derivative of that in w");
  std::printf("%d passed, %d failed, 0 skipped\n", passed, failed);
  return failed != 0;
}
