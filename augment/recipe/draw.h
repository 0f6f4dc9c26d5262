// What a sample's slots become: a pure function of (recipe, seed, epoch, sample), word by word of Philox, so it does not depend on device,
// batch or order. A slot's words are its own, so steps do not disturb each other's draws: word 0 its coin, 2 + 2j and 3 + 2j its parameter
// j, 16 and up what else it needs.
#pragma once
#include "augment/recipe/exact.h"
#include "augment/recipe/recipe.h"

namespace duel {

// A sample's parameters, as they can be read back, written to a file and replayed: [epoch, sample] as bits, then a slot of
// 1 + slot_values floats a step: the op that it became (AugOp as a number, 0 for none) and its values (value_names()).
constexpr int slot_floats = 1 + slot_values, record_head = 2;
HD constexpr int record_floats(int steps) { return record_head + steps * slot_floats; }
constexpr int most_record_floats = record_floats(recipe_slots);

// Who draws: which random numbers, and the images' sizes, on which some steps depend.
struct DrawKey {
  uint64_t seed = 0;
  uint32_t stream = 0;
  int h = 1, w = 1, p = 1, q = 1;  // source and result
};

struct SlotWords {
  uint64_t seed;
  uint32_t stream, epoch;
  uint64_t sample;
  int slot;
  HD uint32_t operator()(int k) const {
    const PhiloxWords w = philox_words(seed, stream, epoch, sample, static_cast<uint64_t>(slot * 64 + k / 4));
    return k % 4 == 0 ? w.x : k % 4 == 1 ? w.y : k % 4 == 2 ? w.z : w.w;
  }
  HD float unit(int k) const { return unit_float((*this)(k)); }
  HD int below(int k, int n) const {  // 0 … n − 1
    return static_cast<int>((uint64_t{(*this)(k)} * static_cast<uint64_t>(n)) >> 32);
  }
  HD float normal(int k) const {
    float z0, z1;
    normal_pair((*this)(k), (*this)(k + 1), z0, z1);
    return z0;
  }
};

HD inline float draw_range(const Range& r, const SlotWords& words, int parameter) {
  const int k = 2 + 2 * parameter;
  if (r.form == Form::constant) return r.a;
  if (r.form == Form::uniform) return add_rn(r.a, mul_rn(sub_rn(r.b, r.a), words.unit(k)));
  if (r.form == Form::normal) return add_rn(r.a, mul_rn(r.b, words.normal(k)));
  const float a = portable_log2(r.a);
  return portable_exp2(
      add_rn(a, r.form == Form::log_uniform ? mul_rn(sub_rn(portable_log2(r.b), a), words.unit(k)) : mul_rn(r.b, words.normal(k))));
}

// A box of share `scale` of h×w and of aspect `ratio` (width / height), whole pixels, anywhere inside; ten tries, as in torchvision, then
// the largest box in the middle whose aspect is within the range (crop), or none (erase).
HD inline bool draw_box(const AugStep& step, const SlotWords& words, int h, int w, float* box) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    SlotWords own = words;
    own.slot = words.slot * 16 + 1024 + attempt;  // words of its own, beyond those of any slot
    const Exact area = Exact(draw_range(step.range[0], own, 0)) * Exact(static_cast<float>(h)) * Exact(static_cast<float>(w));
    const float ratio = draw_range(step.range[1], own, 1);
    const int width = static_cast<int>(exact_round(sqrt_rn(area * Exact(ratio))));
    const int height = static_cast<int>(exact_round(sqrt_rn(area / Exact(ratio))));
    if (width < 1 || height < 1 || width > w || height > h) continue;
    box[0] = static_cast<float>(own.below(16, h - height + 1)), box[1] = static_cast<float>(own.below(17, w - width + 1));
    box[2] = static_cast<float>(height), box[3] = static_cast<float>(width);
    return true;
  }
  return false;
}

HD inline void middle_box(const AugStep& step, int h, int w, float* box) {
  const Range& r = step.range[1];
  const float low = r.a, high = r.form == Form::uniform || r.form == Form::log_uniform ? r.b : r.a;
  const float aspect = static_cast<float>(w) / static_cast<float>(h);
  int height = h, width = w;
  if (aspect < low) height = static_cast<int>(exact_round(static_cast<float>(w) / low));
  else if (aspect > high) width = static_cast<int>(exact_round(mul_rn(static_cast<float>(h), high)));
  height = height < 1 ? 1 : height > h ? h : height, width = width < 1 ? 1 : width > w ? w : width;
  box[0] = static_cast<float>((h - height) / 2), box[1] = static_cast<float>((w - width) / 2);
  box[2] = static_cast<float>(height), box[3] = static_cast<float>(width);
}

// One of RandAugment's (Cubuk, Zoph, Shlens & Le 2020) or TrivialAugment's (Müller & Hutter 2021, "wide") fourteen operations at a
// magnitude in [0, 1]; the operations and their largest magnitudes are torchvision's.
HD inline AugOp draw_policy(bool wide, float magnitude, const SlotWords& words, const DrawKey& key, float* v) {
  const float sign = words(17) & 1u ? -1.f : 1.f;
  const auto of = [&](float most) { return mul_rn(mul_rn(magnitude, most), sign); };
  const float factor = add_rn(1.f, of(wide ? .99f : .9f));
  const auto shift = [&](int side) {  // whole pixels, cut towards none
    const float pixels = wide ? of(32.f) : mul_rn(of(150.f / 331.f), static_cast<float>(side));
    return static_cast<float>(static_cast<int>(pixels)) / static_cast<float>(side);
  };
  switch (words.below(16, 14)) {
    case 1:
    case 2: {
      const float slope = of(wide ? .99f : .3f);  // the tangent; kept as an angle, which inverts to within rounding
      const int axis = words.below(16, 14) - 1;
      v[axis] = slope, v[2] = 1;  // v[2]: the values are tangents
      return AugOp::shear;
    }
    case 3:
      v[0] = shift(key.w), v[2] = 1;
      return AugOp::translate;
    case 4:
      v[1] = shift(key.h), v[2] = 1;
      return AugOp::translate;
    case 5:
      v[0] = of(wide ? 135.f : 30.f);
      return AugOp::rotate;
    case 6:
      v[0] = factor;
      return AugOp::brightness;
    case 7:
      v[0] = factor;
      return AugOp::saturation;
    case 8:
      v[0] = factor, v[1] = -1;
      return AugOp::contrast;
    case 9:
      v[0] = factor;
      return AugOp::sharpness;
    case 10:
      v[0] = sub_rn(8.f, exact_round(mul_rn(magnitude, wide ? 6.f : 4.f)));
      return AugOp::posterize;
    case 11:
      v[0] = sub_rn(1.f, magnitude);
      return AugOp::solarize;
    case 12:
      return AugOp::autocontrast;
    case 13:
      return AugOp::equalize;
    default:
      return AugOp::none;
  }
}

HD inline AugOp draw_values(const AugStep& step, const SlotWords& words, const DrawKey& key, float* v) {
  switch (step.op) {
    case AugOp::rot90:
      v[0] = static_cast<float>(words.below(2, 4));
      return step.op;
    case AugOp::crop:
      if (!draw_box(step, words, key.h, key.w, v)) middle_box(step, key.h, key.w, v);
      return step.op;
    case AugOp::perspective:  // each corner inwards, by up to the drawn share
      for (int i = 0; i < 8; ++i) v[i] = mul_rn(draw_range(step.range[0], words, 0), words.unit(16 + i));
      return step.op;
    case AugOp::erase:
      if (!draw_box(step, words, key.p, key.q, v)) return AugOp::none;
      v[4] = draw_range(step.range[2], words, 2);
      return step.op;
    case AugOp::cutout: {  // its centre is anywhere in the image, so it may overhang (DeVries & Taylor 2017)
      const float share = draw_range(step.range[0], words, 0);
      const int height = static_cast<int>(exact_floor(mul_rn(share, static_cast<float>(key.p))));
      const int width = static_cast<int>(exact_floor(mul_rn(share, static_cast<float>(key.q))));
      v[0] = static_cast<float>(words.below(16, key.p) - height / 2), v[1] = static_cast<float>(words.below(17, key.q) - width / 2);
      v[2] = static_cast<float>(height), v[3] = static_cast<float>(width);
      v[4] = draw_range(step.range[1], words, 1);
      return step.op;
    }
    case AugOp::translate:
      for (int i = 0; i < step_ranges; ++i) v[i] = draw_range(step.range[i], words, i);
      for (int i = 0; i < 2 && v[2] != 0; ++i)  // whole pixels, each number of them as likely as the next
        if (step.range[i].form == Form::uniform) {
          const Exact side = static_cast<float>(i == 0 ? key.w : key.h);
          const int low = static_cast<int>(-exact_floor(-(Exact(step.range[i].a) * side)));  // towards the middle of the range
          const int high = static_cast<int>(exact_floor(Exact(step.range[i].b) * side));
          v[i] = high < low ? 0.f : static_cast<float>(low + words.below(2 + 2 * i, high - low + 1)) / side.v;
        }
      return step.op;
    case AugOp::posterize:
      v[0] = exact_round(draw_range(step.range[0], words, 0));
      return step.op;
    case AugOp::rand_augment:
      return draw_policy(false, mul_rn(draw_range(step.range[0], words, 0), 1.f / 30.f), words, key, v);
    case AugOp::trivial_augment:
      return draw_policy(true, mul_rn(static_cast<float>(words.below(2, 31)), 1.f / 30.f), words, key, v);
    default:
      for (int i = 0; i < step_ranges; ++i) v[i] = draw_range(step.range[i], words, i);
      return step.op;
  }
}

// Draws slot `i` of a sample. `strength` scales the step's probability (of ADA; else 1).
HD inline void draw_slot(const Recipe& recipe, const DrawKey& key, uint32_t epoch, uint64_t sample, float strength, int i, float* slot) {
  const SlotWords words{key.seed, key.stream, epoch, sample, i};
  const AugStep& step = recipe.step[i];
  for (int j = 0; j < slot_floats; ++j) slot[j] = 0;
  if (!(words.unit(0) < mul_rn(step.p, strength))) return;
  slot[0] = static_cast<float>(static_cast<int>(draw_values(step, words, key, slot + 1)));
}

HD inline void draw_head(uint32_t epoch, int32_t sample, float* record) {
  record[0] = bits_float(epoch), record[1] = bits_float(static_cast<uint32_t>(sample));
}

}  // namespace duel
