// The table of steps: what each is called, its parameters, what they are when nothing is said, and what they may be.
#pragma once
#include <limits>

#include "augment/recipe/recipe.h"

namespace duel {

enum class Lone { exactly, around };  // what one number x means: x, or from middle − x to middle + x
struct Parameter {
  const char* name = nullptr;
  Range standard;
  Lone lone = Lone::exactly;
  float middle = 0, least = -1e6f, most = 1e6f;
};
struct StepInfo {
  AugOp op;
  const char* name;
  float p;
  const char* about;
  Parameter parameter[step_ranges];
};

constexpr Range fixed(float a) { return {a, 0, Form::constant}; }
constexpr Range between(float a, float b) { return {a, b, Form::uniform}; }
constexpr Range log_between(float a, float b) { return {a, b, Form::log_uniform}; }
constexpr Parameter around(const char* name, float middle, float by, float least = -1e6f, float most = 1e6f) {
  return {name, between(middle - by, middle + by), Lone::around, middle, least, most};
}
constexpr Parameter factor(const char* name, float by) { return around(name, 1, by, 0); }
constexpr Parameter size_factor(const char* name, float a, float b) { return {name, log_between(a, b), Lone::around, 1, 1e-3f, 1e3f}; }
constexpr Parameter share(const char* name, Range standard) { return {name, standard, Lone::exactly, 0, 0, 1}; }

constexpr StepInfo step_table[] = {
    {AugOp::hflip, "hflip", .5f, "left and right exchanged", {}},
    {AugOp::vflip, "vflip", .5f, "top and bottom exchanged", {}},
    {AugOp::rot90, "rot90", 1, "by 0, 1, 2 or 3 quarter turns", {}},
    {AugOp::rotate, "rotate", 1, "counter-clockwise, degrees", {around("angle", 0, 15)}},
    {AugOp::scale, "scale", 1, "larger above 1", {size_factor("by", .8f, 1.25f)}},
    {AugOp::stretch, "stretch", 1, "width times, height divided by", {size_factor("by", .8f, 1.25f)}},
    {AugOp::translate,
     "translate",
     1,
     "shares of the sides; whole=1: whole pixels",
     {around("x", 0, .1f), around("y", 0, .1f), share("whole", fixed(0))}},
    {AugOp::shear, "shear", 1, "degrees", {around("x", 0, 10, -80, 80), {"y", fixed(0), Lone::around, 0, -80, 80}}},
    {AugOp::crop,
     "crop",
     1,
     "a box of this share of the area and this width/height fills the frame",
     {{"scale", between(.08f, 1), Lone::exactly, 0, 1e-4f, 1}, {"ratio", log_between(.75f, 4.f / 3.f), Lone::exactly, 0, .01f, 100}}},
    {AugOp::perspective, "perspective", .5f, "corners inwards by up to this share of half a side", {share("by", fixed(.5f))}},
    {AugOp::elastic,
     "elastic",
     .5f,
     "standard deviation of a grid node's shift in pixels, nodes a side",
     {{"by", fixed(2), Lone::exactly, 0, 0, 1e4f}, {"nodes", fixed(4), Lone::exactly, 0, 2, 6}}},
    {AugOp::brightness, "brightness", 1, "times", {factor("by", .2f)}},
    {AugOp::lighten, "lighten", 1, "plus", {around("by", 0, .1f)}},
    {AugOp::contrast,
     "contrast",
     1,
     "distance from the mean luma, or from the value `about`, times",
     {factor("by", .2f), {"about", fixed(-1), Lone::exactly, 0, -1, 1}}},
    {AugOp::saturation,
     "saturation",
     1,
     "distance from the luma, or with mean=1 from the mean channel, times",
     {factor("by", .2f), share("mean", fixed(0))}},
    {AugOp::hue, "hue", 1, "turns about the grey axis", {around("by", 0, .05f, -1, 1)}},
    {AugOp::luma_flip, "luma-flip", .5f, "light for dark, hue kept", {}},
    {AugOp::tint, "tint", 1, "channels times", {factor("r", .1f), factor("g", .1f), factor("b", .1f)}},
    {AugOp::gamma, "gamma", 1, "to the power", {size_factor("by", .7f, 1.4f)}},
    {AugOp::gray, "gray", .1f, "luma only", {}},
    {AugOp::invert, "invert", .5f, "the negative", {}},
    {AugOp::solarize, "solarize", .5f, "the negative of what is at least", {share("from", fixed(.5f))}},
    {AugOp::posterize, "posterize", .5f, "upper bits kept", {{"bits", between(4, 8), Lone::exactly, 0, 1, 8}}},
    {AugOp::equalize, "equalize", .5f, "flat histogram (bytes only)", {}},
    {AugOp::autocontrast, "autocontrast", .5f, "darkest to 0, brightest to 1", {}},
    {AugOp::sharpness, "sharpness", 1, "distance from the smoothed image times", {factor("by", .5f)}},
    {AugOp::blur, "blur", .5f, "Gaussian, standard deviation in pixels", {{"by", between(.1f, 2), Lone::exactly, 0, .01f, 5}}},
    {AugOp::erase,
     "erase",
     .5f,
     "a box of this share of the area and this width/height",
     {{"scale", between(.02f, .33f), Lone::exactly, 0, 1e-4f, 1},
      {"ratio", log_between(.3f, 3.3f), Lone::exactly, 0, .01f, 100},
      share("value", fixed(0))}},
    {AugOp::cutout,
     "cutout",
     1,
     "a box of this share of each side, which may overhang",
     {share("size", fixed(.5f)), share("value", fixed(0))}},
    {AugOp::gaussian_noise, "gaussian-noise", 1, "standard deviation", {{"by", fixed(.05f), Lone::exactly, 0, 0, 10}}},
    {AugOp::uniform_noise, "uniform-noise", 1, "largest deviation", {{"by", fixed(.05f), Lone::exactly, 0, 0, 10}}},
    {AugOp::salt_pepper, "salt-pepper", 1, "share of pixels", {share("by", fixed(.02f))}},
    {AugOp::rand_augment, "randaugment", 1, "n of fourteen steps at this magnitude of 30", {{"m", fixed(9), Lone::exactly, 0, 0, 30}}},
    {AugOp::trivial_augment, "trivialaugment", 1, "one of fourteen steps at any magnitude", {}},
};

}  // namespace duel
