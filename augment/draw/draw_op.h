// The parameters of a batch without its images: what augment_images would do, as tensors for ops that can be differentiated.
//
//   draw_augmentation   epoch, ids, strength → record, and of each sample its map f32 [n, 9] (warp_images), its colour f32 [n, 12]
//                       (color_matrix) and its box i32 [n, 4], top, left, bottom, right (erase_boxes; the first erase or cutout, else
//                       empty)
//
// For recipes whose colour is linear and looks at no image. With `signed` the colour is for images in [−1, 1]. The problem is that of
// augment_images; of its images only the sizes count.
#pragma once
#include "augment/pipeline/applied.h"

namespace duel {

struct DrawAugmentation {
  using Problem = AugmentProblem;
  struct Args {
    const void *epoch, *ids, *strength;
    void *record, *map, *color, *box;
  };
  static constexpr auto name = "draw_augmentation";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

// M and b of y = M x + b in [0, 1], as they are in [−1, 1]: M, and M·1 + 2b − 1.
HD inline void to_signed(int c, float* m) {
  if (c == 3)
    for (int i = 0; i < 3; ++i)
      m[4 * i + 3] = Exact(m[4 * i]) + Exact(m[4 * i + 1]) + Exact(m[4 * i + 2]) + Exact(2) * Exact(m[4 * i + 3]) - Exact(1);
  else
    for (int i = 0; i < 4; ++i) m[2 * i + 1] = Exact(m[2 * i]) + Exact(2) * Exact(m[2 * i + 1]) - Exact(1);
}

// Sample i, whole. The chain has one step at most, since linear steps join.
HD inline void draw_sample(const AugmentProblem& p, const DrawAugmentation::Args& a, int64_t i) {
  float* record = static_cast<float*>(a.record) + i * p.record_size();
  draw_record(p, a.epoch, a.ids, a.strength, i, record);
  const Map map = compose_map(record, p.recipe.steps, p.key());
  for (int k = 0; k < 9; ++k) static_cast<float*>(a.map)[9 * i + k] = map.m[k];
  ColorChain chain;
  compose_color(record, p.recipe.steps, p.c, nullptr, chain);
  ColorStep color;
  if (chain.steps) color = chain.step[0];
  else set_scale(color, p.c, 1, 0);
  if (p.c != 3)
    for (int k = 8; k < 12; ++k) color.m[k] = 0;
  if (p.is_signed) to_signed(p.c, color.m);
  for (int k = 0; k < 12; ++k) static_cast<float*>(a.color)[12 * i + k] = color.m[k];
  int32_t* box = static_cast<int32_t*>(a.box) + 4 * i;
  for (int k = 0; k < 4; ++k) box[k] = 0;
  for (int k = p.recipe.steps - 1; k >= 0; --k) {
    const float* slot = record + record_head + k * slot_floats;
    if (!is_box(static_cast<AugOp>(static_cast<int>(slot[0])))) continue;
    box[0] = whole(slot[1]), box[1] = whole(slot[2]), box[2] = box[0] + whole(slot[3]), box[3] = box[1] + whole(slot[4]);
  }
}

// Why a recipe cannot be drawn so; nullptr where it can.
inline const char* why_not_linear(const Recipe& recipe) {
  if (recipe.needs_statistics()) return "a step looks at the whole image: contrast about its mean, equalize, autocontrast or a policy";
  int boxes = 0;
  for (int i = 0; i < recipe.steps; ++i) {
    if (!is_linear(recipe.step[i].op))
      return "a step is no linear map of pixels: elastic, gamma, solarize, posterize, sharpness, blur or noise";
    boxes += is_box(recipe.step[i].op);
  }
  return boxes > 1 ? "it has more than one box" : nullptr;
}

}  // namespace duel
