// What is done to each image of a batch: a list of steps, each with a probability and a distribution for each of its parameters.
//
//   hflip p=.5; rotate -15..15; color b=.2 c=.2; erase; normalize mean=.5 std=.5
//
// A step is a name and words. `a..b` is uniform, `m~s` normal with mean m and standard deviation s, `m~~s` m·2 to the N(0, s²), a lone
// number x what the table says: ±x, 1 ± x for a factor. The first parameter needs no name. For factors of size m~s is m~~s, and a..b alike.
//
// Whatever the order in which steps are listed, an image goes through blur, geometry, then colour, then erasing, then noise, then the
// range; each of these keeps the listed order. All geometry is one map and one resample, adjacent linear colour is one matrix.
//
//   Conventions. Pixel centres lie at +½. Geometry moves the image (scale 1.2 enlarges it), angles are counter-clockwise in degrees, shifts
//   are fractions of the image's sides. Colour is computed in [0, 1] and clamped at the end only. Contrast turns about the image's own
//   mean luma (ITU-R BT.601), which is that of the source image after the colour steps before it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/dtype.h"

namespace duel {

enum class AugOp : int {
  none,  // of a slot whose coin said no
  // geometry
  hflip,
  vflip,
  rot90,        // quarter turns k in {0, 1, 2, 3}
  rotate,       // degrees
  scale,        // factor
  stretch,      // width × s, height ÷ s
  translate,    // x, y, whole (pixels)
  shear,        // x, y in degrees: x moves by tan·(y − centre)
  crop,         // top, left, height, width in pixels of the source: it fills the frame (torchvision's RandomResizedCrop)
  perspective,  // how far each corner moves inwards: x, y of top left, top right, bottom right, bottom left, in half sides
  elastic,      // amplitude in pixels, nodes a side of the grid
  // colour
  brightness,    // × v
  lighten,       // + v
  contrast,      // (x − m)·v + m with m = about, or the mean luma where about < 0
  saturation,    // (x − grey)·v + grey with grey = luma, or the mean of the channels where mean is 1
  hue,           // turns about the grey axis
  luma_flip,     // reflection at the plane through mid-grey that is normal to the grey axis
  tint,          // × r, g, b
  gamma,         // xᵛ
  gray,          // luma
  invert,        // 1 − x
  solarize,      // 1 − x where x ≥ v
  posterize,     // the upper v bits of eight
  equalize,      // flat histogram, channel by channel
  autocontrast,  // darkest to 0, brightest to 1, channel by channel
  sharpness,     // x + (v − 1)(x − the mean of the 3 × 3 pixels around it, its own weight 5), of the source; its rim stays
  blur,          // Gaussian, standard deviation in pixels of the source; before all else
  // erasing: top, left, height, width in pixels of the result, value
  erase,
  cutout,
  // noise
  gaussian_noise,  // standard deviation
  uniform_noise,   // amplitude
  salt_pepper,     // share of pixels
  // policies: a slot becomes one of the steps above, drawn for each sample
  rand_augment,  // magnitude 0 … 30
  trivial_augment,
  count
};

// Of a parameter: a; U(a, b); N(a, b²); and of one drawn on a logarithmic scale, 2 to U(log₂ a, log₂ b), a·2 to N(0, b²).
enum class Form : int { constant, uniform, normal, log_uniform, log_normal };

struct Range {
  float a = 0, b = 0;
  Form form = Form::constant;
  bool operator==(const Range&) const = default;
};

enum class Border : int { zeros, constant, edge, reflect, wrap };
constexpr const char* border_names[] = {"zeros", "constant", "edge", "reflect", "wrap"};
enum class Interpolation : int { nearest, bilinear, bicubic };
constexpr const char* interpolation_names[] = {"nearest", "bilinear", "bicubic"};

constexpr int step_ranges = 3, recipe_slots = 16, slot_values = 8;

struct AugStep {
  AugOp op = AugOp::none;
  float p = 1;  // of being drawn at all
  Range range[step_ranges];
  bool operator==(const AugStep&) const = default;
};

// Plain data: it goes into a kernel as an argument. A slot is what one step of one sample becomes.
struct Recipe {
  int steps = 0;
  AugStep step[recipe_slots];
  Border border = Border::zeros;
  Interpolation interpolation = Interpolation::bilinear;
  float fill = 0;                                       // of Border::constant, in [0, 1]
  bool antialias = true;                                // where the map shrinks the image, the mean of as many samples as it takes
  bool clamp = true;                                    // to [0, 1], after colour and noise
  float mean[4] = {0, 0, 0, 0}, std[4] = {1, 1, 1, 1};  // of the result: (x − mean)/std; a channel beyond the fourth takes the fourth's

  HD bool has(AugOp op) const {
    for (int i = 0; i < steps; ++i)
      if (step[i].op == op) return true;
    return false;
  }
  // Of the source image: contrast about its mean, equalize, autocontrast.
  HD bool needs_statistics() const {
    for (int i = 0; i < steps; ++i)
      if (step[i].op == AugOp::contrast && step[i].range[1].a < 0) return true;
    return has(AugOp::equalize) || has(AugOp::autocontrast) || has(AugOp::rand_augment) || has(AugOp::trivial_augment);
  }
  bool operator==(const Recipe&) const = default;
};

// Throws Error(usage) that leads with [augment], names the piece and says what there is.
Recipe parse_recipe(const std::string& text);
std::string text_of(const Recipe& recipe);       // parse_recipe() of it is the same recipe
std::string describe_steps();                    // the table of steps, for --help
std::vector<std::string> step_names();           // those that a text can name
const char* name_of(AugOp op);                   // "hflip"
std::vector<const char*> value_names(AugOp op);  // of a slot's values, in their order
HD constexpr bool is_geometry(AugOp op) { return op >= AugOp::hflip && op <= AugOp::elastic; }
HD constexpr bool is_color(AugOp op) { return op >= AugOp::brightness && op <= AugOp::sharpness; }
HD constexpr bool is_box(AugOp op) { return op == AugOp::erase || op == AugOp::cutout; }
HD constexpr bool is_noise(AugOp op) { return op == AugOp::gaussian_noise || op == AugOp::uniform_noise || op == AugOp::salt_pepper; }
// A map of pixels that is linear and known without the image.
HD constexpr bool is_linear(AugOp op) {
  if (is_geometry(op)) return op != AugOp::elastic;
  if (is_color(op)) return op <= AugOp::tint || op == AugOp::gray || op == AugOp::invert;
  return is_box(op) || op == AugOp::none;
}

}  // namespace duel
