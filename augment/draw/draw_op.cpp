#include "augment/draw/draw_op.h"

namespace duel {

std::vector<Buffer> DrawAugmentation::buffers(const Problem& p) {
  return {{"epoch", Role::in, DType::i32, 1, Fill::count},
          {"ids", Role::in, DType::i32, p.n, Fill::index, 100000},
          {"strength", Role::in, DType::f32, p.recipe.steps, Fill::probability},
          {"record", Role::out, DType::f32, int64_t{p.n} * p.record_size()},
          {"map", Role::out, DType::f32, int64_t{9} * p.n},
          {"color", Role::out, DType::f32, int64_t{12} * p.n},
          {"box", Role::out, DType::i32, int64_t{4} * p.n}};
}

std::vector<Case<AugmentProblem>> DrawAugmentation::cases() {
  std::vector<Case<AugmentProblem>> cases;
  for (const char* sizes : {"n1h1w1c1p1q1seed1stream10:f32", "n257h9w7c3p5q11seed-1stream10:f32/signed=1",
                            "n40h32w32c1p32q32seed3stream11:f32/signed=1", "n0h4w4c3p4q4seed1stream10:f32"})
    for (const char* aug :
         {"", "hflip+vflip+rot90+rotate_-180..180", "translate_-0.125..0.125_whole=1+cutout_0.5_value=0.5",
          "scale_1~0.2+stretch_1~0.2+translate_0~0.125+shear+perspective+crop",
          "lighten_0~0.2+contrast_1~0.5_about=0.5+luma-flip+hue_-0.5..0.5+saturation_0..2+brightness+tint+gray+invert+erase",
          "hflip+rot90+translate_-0.125..0.125_whole=1+scale_1~0.2+rotate_-180..180+stretch_1~0.2+rotate_-180..180+translate_0~0.125+"
          "lighten_0~0.1+contrast_1~~0.5_about=0.5+luma-flip+hue_-0.5..0.5+saturation_1~~1_mean=1"}) {
      std::string text = sizes;
      if (*aug) text += std::string("/aug=") + aug;
      cases.push_back({AugmentProblem::parse(text), Tag::edge});
    }
  cases.push_back({AugmentProblem::parse("n128h32w32c3p32q32seed3stream11:f32/signed=1/aug=hflip+rotate+scale+hue+erase"), Tag::dcgan});
  cases.push_back({AugmentProblem::parse("n128h64w64c3p64q64seed3stream11:f32/signed=1/aug=hflip+rotate+scale+hue+erase"), Tag::bench});
  return cases;
}

double DrawAugmentation::flops(const Problem& p) { return 100.0 * p.n * std::max(p.recipe.steps, 1); }
int DrawAugmentation::reduction(const Problem&) { return 16; }

static const OpRegistration<DrawAugmentation> draw_augmentation_op;

}  // namespace duel
