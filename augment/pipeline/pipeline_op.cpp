#include "augment/pipeline/pipeline_op.h"

#include <algorithm>

#include "augment/pipeline/types.h"

namespace duel {

std::string AugmentProblem::write_recipe(const Recipe& recipe) {
  std::string text = text_of(recipe), tight;
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == ';') tight += '+', ++i;  // and the blank behind it
    else tight += text[i] == ' ' ? '_' : text[i];
  return tight;
}
Recipe AugmentProblem::read_recipe(const std::string& text) { return parse_recipe(text); }

std::string AugmentProblem::text() const { return problem_text(*this); }
AugmentProblem AugmentProblem::parse(const std::string& text) {
  const auto p = parse_problem<AugmentProblem>(text);
  const auto small = [](int side) { return side >= 1 && side <= 1 << 15; };
  if (p.n < 0 || !small(p.h) || !small(p.w) || !small(p.c) || !small(p.p) || !small(p.q))
    fail(Failure::usage, "problem '" + text + "': n is at least 0; h, w, c, p and q are 1 to 32768");
  if (int64_t{p.p} * p.q * p.c >= int64_t{1} << 31 || int64_t{p.h} * p.w * p.c >= int64_t{1} << 31)
    fail(Failure::usage, "problem '" + text + "': an image has at most 2³¹ values");
  if (!augment_types(p)) fail(Failure::usage, "problem '" + text + "': images are u8, f32 or bf16");
  if (p.dtype != DType::u8 && p.recipe.has(AugOp::equalize)) fail(Failure::usage, "problem '" + text + "': equalize wants bytes");
  return p;
}

namespace {

std::vector<Case<AugmentProblem>> all_cases() {
  std::vector<Case<AugmentProblem>> cases;
  const auto add = [&](const std::string& text, Tag tag = Tag::edge) { cases.push_back({AugmentProblem::parse(text), tag}); };
  for (const char* aug : {
           "",
           "hflip",
           "vflip_p=1+rot90",
           "rotate",
           "rotate_-180..180+resample_border=reflect_by=bicubic",
           "scale+stretch_1~0.3",
           "translate_0.3_whole=1+resample_border=wrap",
           "translate_0~0.2+resample_border=edge_by=nearest",
           "shear_20_y=-10..10",
           "crop",
           "crop_scale=0.9..1_ratio=8..9",
           "perspective_p=1",
           "elastic_p=1_by=3",
           "brightness+contrast+saturation+hue",
           "color_b=0.4_c=0.4_s=0.4_h=0.1",
           "lighten_0.3+luma-flip+tint",
           "contrast_1~0.5_about=0.5",
           "gamma",
           "gray_p=1",
           "invert_p=1",
           "solarize_p=1+resample_by=nearest",
           "posterize_p=1+resample_by=nearest",
           "autocontrast_p=1",
           "sharpness",
           "blur_p=1",
           "blur_by=3+rotate+contrast",
           "erase_p=1",
           "cutout_value=0.5",
           "gaussian-noise",
           "uniform-noise",
           "salt-pepper_by=0.3",
           "trivialaugment+resample_by=nearest",
           "randaugment+resample_by=nearest",
           "randaugment_n=3_m=20+resample_border=constant_fill=0.5_antialias=0_by=nearest",
           "crop+hflip+rotate+color_b=0.2_c=0.2+erase+normalize_mean=0.5_std=0.5",
       }) {
    const std::string tail = std::string(aug)[0] ? std::string("/aug=") + aug : "";
    const bool bytes_only = tail.find("randaugment") != std::string::npos || tail.find("trivial") != std::string::npos;
    add("n3h9w7c3p9q7seed1stream10:u8/to=f32" + tail);
    add("n2h7w8c1p5q11seed7stream10:u8/to=f32" + tail);
    if (!bytes_only) add("n2h8w6c4p8q6seed9stream10:f32/to=f32" + tail);
  }
  add("n1h1w1c1p1q1seed1stream10:u8/to=f32/aug=equalize_p=1+rotate+crop+erase");  // a single pixel
  add("n2h9w9c3p4q4seed1stream10:u8/to=f32/aug=equalize_p=1+resample_by=nearest");
  add("n0h4w4c3p4q4seed1stream10:u8/to=f32/aug=crop");
  add("n2h5w5c5p5q5seed3stream10:f32/to=f32/signed=1/aug=rotate+contrast+gaussian-noise+normalize_mean=0.5_std=0.5");
  add("n2h6w5c3p7q5seed3stream10:bf16/to=bf16/aug=rotate+contrast+erase");
  add("n2h6w5c3p7q5seed3stream10:u8/to=bf16/aug=hflip+crop+brightness");
  add("n300h2w3c1p2q3seed3stream10:u8/to=f32/aug=hflip+lighten");  // many samples
  // Results of several tiles, and windows that do not fit.
  add("n2h33w67c2p37q97seed1stream10:u8/to=bf16/aug=rotate+sharpness");
  add("n2h33w67c5p37q97seed1stream10:u8/to=f32/aug=crop+hflip+resample_by=bicubic");
  add("n2h33w67c4p37q97seed1stream10:bf16/to=bf16/aug=rotate_-180..180");
  add("n2h150w67c3p70q65seed1stream10:f32/to=bf16/aug=crop+rotate+resample_border=reflect");
  add("n3h40w1c1p1030q1seed1stream10:u8/to=f32/aug=crop");
  add("n1h200w200c3p20q20seed1stream10:u8/to=f32/aug=rotate");
  const std::string six = "/aug=crop+hflip+rotate+color_b=0.2_c=0.2+erase+normalize_mean=0.5_std=0.5";
  add("n4h32w32c3p32q32seed1stream10:u8/to=f32" + six, Tag::dcgan);
  add("n2h28w28c1p28q28seed1stream10:u8/to=f32" + six, Tag::dcgan);
  for (const char* size : {"n128h64w64c3p64q64", "n32h256w256c3p224q224", "n32h1280w1280c3p1024q1024"})
    for (const char* to : {"f32", "bf16"}) add(std::string(size) + "seed1stream10:u8/to=" + to + six, Tag::bench);
  return cases;
}

Buffer images(const AugmentProblem& p) {
  Buffer x{"x", Role::in, p.dtype, p.source()};
  if (p.dtype != DType::u8) x.fill = Fill::probability;
  return x;
}
// A map and three channels of a matrix for each read and pixel.
double work(const AugmentProblem& p) { return 40.0 * static_cast<double>(p.result()); }

}  // namespace

std::vector<Buffer> AugmentImages::buffers(const Problem& p) {
  return {{"epoch", Role::in, DType::i32, 1, Fill::count},
          {"ids", Role::in, DType::i32, p.n, Fill::index, 100000},
          {"strength", Role::in, DType::f32, p.recipe.steps, Fill::probability},
          images(p),
          {"y", Role::out, p.to, p.result()},
          {"record", Role::out, DType::f32, int64_t{p.n} * p.record_size()}};
}
std::vector<Case<AugmentProblem>> AugmentImages::cases() { return all_cases(); }
double AugmentImages::flops(const Problem& p) { return work(p); }
int AugmentImages::reduction(const Problem&) { return 16; }

std::vector<Buffer> ReplayAugmentation::buffers(const Problem& p) {
  Buffer record{"record", Role::in, DType::f32, int64_t{p.n} * p.record_size(), Fill::index};
  record.limit = static_cast<int64_t>(AugOp::count);  // whatever stands in a record must do no harm
  return {record, images(p), {"y", Role::out, p.to, p.result()}};
}
std::vector<Case<AugmentProblem>> ReplayAugmentation::cases() { return all_cases(); }
double ReplayAugmentation::flops(const Problem& p) { return work(p); }
int ReplayAugmentation::reduction(const Problem&) { return 16; }

static const OpRegistration<AugmentImages> augment_images_op;
static const OpRegistration<ReplayAugmentation> replay_augmentation_op;

}  // namespace duel
