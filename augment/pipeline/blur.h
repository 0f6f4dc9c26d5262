// Gaussian blur of the source, along rows and then along columns, mirrored at the rim; the result is in [0, 1]. A sample that its coin left
// alone goes through with a kernel of one.
#pragma once
#include "augment/pipeline/applied.h"

namespace duel {

constexpr int most_blur_radius = 15;  // three standard deviations

struct BlurKernel {
  int radius;
  float weight[most_blur_radius + 1];  // of distance 0, 1, …; they and their mirror images add up to 1
};

HD inline BlurKernel blur_kernel(const float* slot) {
  BlurKernel k;
  k.radius = 0, k.weight[0] = 1;
  const float sigma = slot[1];
  if (static_cast<AugOp>(static_cast<int>(slot[0])) != AugOp::blur || !(sigma > 0)) return k;
  const int radius = -whole(exact_floor(mul_rn(-3.f, sigma)));
  k.radius = radius < most_blur_radius ? radius : most_blur_radius;
  Exact sum = 0;
  for (int i = 0; i <= k.radius; ++i) {
    const Exact t = Exact(static_cast<float>(i)) / Exact(sigma);
    k.weight[i] = portable_exp2(Exact(-.72134752f) * t * t);  // exp(−t²/2)
    sum = sum + Exact(i ? 2.f : 1.f) * Exact(k.weight[i]);
  }
  for (int i = 0; i <= k.radius; ++i) k.weight[i] = Exact(k.weight[i]) / sum;
  return k;
}

HD inline int blur_slot(const Recipe& recipe) {
  for (int i = 0; i < recipe.steps; ++i)
    if (recipe.step[i].op == AugOp::blur) return i;
  return -1;
}

// Element (row, column, ch) of the image x blurred in one direction. Along rows x is the source, brought to [0, 1]; along columns it is the
// result of that.
template <bool across, class X>
HD float blur_element(const AugmentProblem& p, const BlurKernel& k, const X* x, int row, int column, int ch) {
  const Source<Image<X>> source{{x, p.w, p.c}, p.h, p.w, across && p.is_signed, 1};
  const auto at = [&](int offset) {
    const int r = across ? row : border_index(row + offset, p.h, Border::reflect);
    const int q = across ? border_index(column + offset, p.w, Border::reflect) : column;
    return source.plain(r, q, ch);
  };
  Exact sum = Exact(k.weight[0]) * at(0);
  for (int i = 1; i <= k.radius; ++i) sum = sum + Exact(k.weight[i]) * (at(-i) + at(i));
  return across && sizeof(X) == 1 ? sum / Exact(255.f) : sum;
}

}  // namespace duel
