// A sample's colour steps as a chain: matrices, multiplied together where they meet, and what is not linear. Contrast turns about the mean
// and autocontrast stretches from the darkest to the brightest value, which go through the chain before it as a pixel would: exact for
// linear chains, of the ends for channels that are not mixed. equalize is that of the source, and the steps before it make no difference.
#pragma once
#include "augment/recipe/draw.h"

namespace duel {

// Of a source image, in [0, 1], channel by channel (one beyond the fourth shares the fourth's place).
struct ImageStatistics {
  float mean[4], low[4], high[4];
  float equalized[4][256];  // of u8 images
  bool bytes;               // it has tables
};

enum class ColorKind : int { affine, gamma, solarize, posterize, equalize };
struct ColorStep {
  ColorKind kind;
  float m[12];  // affine: three channels [3, 3 + offset], row by row; else a scale and an offset for each of the first four
};
struct ColorChain {
  int steps;
  ColorStep step[recipe_slots];
};

HD inline float luma_of(const float* v, int c) {
  if (c == 3) return Exact(.299f) * Exact(v[0]) + Exact(.587f) * Exact(v[1]) + Exact(.114f) * Exact(v[2]);
  Exact sum = 0;
  for (int i = 0; i < (c < 4 ? c : 4); ++i) sum = sum + Exact(v[i]);
  return sum / Exact(static_cast<float>(c < 4 ? c : 4));
}

template <class A>
HD A clamp01(A v) {
  return v > A(0) ? v < A(1) ? v : A(1) : A(0);  // NaN becomes 0
}

// One step on one pixel: v[0 … c) for three channels, else one channel at a time, the ch-th.
template <class A>
HD void color_pixel(const ColorStep& s, const ImageStatistics* statistics, int c, A* v, int ch) {
  if (s.kind == ColorKind::affine) {
    if (c == 3) {
      const A r = v[0], g = v[1], b = v[2];
      for (int i = 0; i < 3; ++i) v[i] = A(s.m[4 * i]) * r + A(s.m[4 * i + 1]) * g + A(s.m[4 * i + 2]) * b + A(s.m[4 * i + 3]);
    } else {
      const int i = ch < 4 ? ch : 3;
      v[0] = A(s.m[2 * i]) * v[0] + A(s.m[2 * i + 1]);
    }
    return;
  }
  for (int i = 0; i < (c == 3 ? 3 : 1); ++i) {
    const int place = c == 3 ? i : ch < 4 ? ch : 3;
    if (s.kind == ColorKind::solarize) {
      v[i] = v[i] >= A(s.m[0]) ? A(1) - v[i] : v[i];
      continue;
    }
    const A x = clamp01(v[i]);
    if (s.kind == ColorKind::gamma) {
      v[i] = A(powf(static_cast<float>(x), s.m[0]));
    } else if (s.kind == ColorKind::posterize) {  // of the byte that x is, or is nearest to
      const int keep = s.m[0] < 1 ? 1 : s.m[0] > 8 ? 8 : static_cast<int>(s.m[0]), byte = static_cast<int>(x * A(255.f) + A(.5f));
      v[i] = A((byte >> (8 - keep)) << (8 - keep)) * A(1.f / 255.f);
    } else {
      const A at = x * A(255.f);
      const int below = static_cast<int>(at) < 254 ? static_cast<int>(at) : 254;
      const A t = at - A(static_cast<float>(below));
      const float* table = statistics->equalized[place];
      v[i] = A(table[below]) + t * (A(table[below + 1]) - A(table[below]));
    }
  }
}

// What an affine step is: rows over RGB, or scale and offset alike for all channels.
HD inline void set_affine(ColorStep& s, int c, const float (&rows)[12]) {
  s.kind = ColorKind::affine;
  for (int i = 0; i < 12; ++i) s.m[i] = rows[i];
  if (c != 3)
    for (int i = 0; i < 4; ++i) s.m[2 * i] = rows[0], s.m[2 * i + 1] = rows[3];
}
HD inline void set_scale(ColorStep& s, int c, float scale, float offset) {
  set_affine(s, c, {scale, 0, 0, offset, 0, scale, 0, offset, 0, 0, scale, offset});
}

HD inline void append(ColorChain& chain, const ColorStep& s, int c) {
  if (s.kind != ColorKind::affine || chain.steps == 0 || chain.step[chain.steps - 1].kind != ColorKind::affine) {
    chain.step[chain.steps++] = s;
    return;
  }
  float* a = chain.step[chain.steps - 1].m;  // s(a(·))
  if (c != 3) {
    for (int i = 0; i < 4; ++i) {
      a[2 * i + 1] = Exact(s.m[2 * i]) * Exact(a[2 * i + 1]) + Exact(s.m[2 * i + 1]);
      a[2 * i] = mul_rn(s.m[2 * i], a[2 * i]);
    }
    return;
  }
  float r[12];
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 4; ++j) {
      const Exact sum = Exact(s.m[4 * i]) * Exact(a[j]) + Exact(s.m[4 * i + 1]) * Exact(a[4 + j]) + Exact(s.m[4 * i + 2]) * Exact(a[8 + j]);
      r[4 * i + j] = j == 3 ? sum + Exact(s.m[4 * i + 3]) : sum;
    }
  for (int i = 0; i < 12; ++i) a[i] = r[i];
}

// Rotation by a turn about the grey axis (Rodrigues' formula): keeps r + g + b, and grey pixels.
HD inline void set_hue(ColorStep& s, float turns) {
  float sine, cosine;
  turns_sincos(turns, sine, cosine);
  const Exact third = Exact(1.f) / Exact(3.f), a = Exact(cosine) + third * (Exact(1) - Exact(cosine));
  const Exact side = third * (Exact(1) - Exact(cosine)), turn = Exact(0.577350269189626f) * Exact(sine);
  const float b = side - turn, d = side + turn;
  set_affine(s, 3, {a, b, d, 0, d, a, b, 0, b, d, a, 0});
}

// False where the step does nothing to these channels.
HD inline bool color_step(AugOp op, const float* v, int c, const ImageStatistics* statistics, const float* mean, const float* low,
                          const float* high, ColorStep& s) {
  switch (op) {
    case AugOp::brightness:
      return set_scale(s, c, v[0], 0), true;
    case AugOp::lighten:
      return set_scale(s, c, 1, v[0]), true;
    case AugOp::contrast: {
      if (v[1] < 0 && !statistics) return false;
      const float about = v[1] < 0 ? luma_of(mean, c) : v[1];
      return set_scale(s, c, v[0], Exact(about) * (Exact(1) - Exact(v[0]))), true;
    }
    case AugOp::invert:
      return set_scale(s, c, -1, 1), true;
    case AugOp::saturation:
    case AugOp::gray: {
      if (c != 3) return false;
      const float keep = op == AugOp::gray ? 0 : v[0];
      const Exact rest = Exact(1) - Exact(keep);
      const bool mean = op == AugOp::saturation && v[1] != 0;
      const Exact third = Exact(1) / Exact(3);
      const float l[3] = {rest * (mean ? third : Exact(.299f)), rest * (mean ? third : Exact(.587f)), rest * (mean ? third : Exact(.114f))};
      return set_affine(s, c, {add_rn(l[0], keep), l[1], l[2], 0, l[0], add_rn(l[1], keep), l[2], 0, l[0], l[1], add_rn(l[2], keep), 0}),
             true;
    }
    case AugOp::hue:
      if (c != 3) return false;
      return set_hue(s, v[0]), true;
    case AugOp::luma_flip: {  // about mid-grey: x − 2·mean(x) + 1; for grey images an inversion
      const float d = 1.f / 3.f, e = -2.f / 3.f;
      if (c != 3) return set_scale(s, c, -1, 1), true;
      return set_affine(s, c, {d, e, e, 1, e, d, e, 1, e, e, d, 1}), true;
    }
    case AugOp::tint:
      if (c != 3) return false;
      return set_affine(s, c, {v[0], 0, 0, 0, 0, v[1], 0, 0, 0, 0, v[2], 0}), true;
    case AugOp::autocontrast:
      if (!statistics) return false;
      set_scale(s, c, 1, 0);
      for (int i = 0; i < (c < 4 ? c : 4); ++i) {
        const float span = sub_rn(high[i], low[i]);
        if (!(span > 0)) continue;  // one shade: left alone
        const int scale = c == 3 ? 5 * i : 2 * i, offset = c == 3 ? 4 * i + 3 : 2 * i + 1;
        s.m[scale] = 1.f / span, s.m[offset] = -low[i] / span;
      }
      return true;
    case AugOp::gamma:
    case AugOp::solarize:
    case AugOp::posterize:
      s.kind = op == AugOp::gamma ? ColorKind::gamma : op == AugOp::solarize ? ColorKind::solarize : ColorKind::posterize;
      s.m[0] = v[0];
      return true;
    case AugOp::equalize:
      s.kind = ColorKind::equalize;
      return statistics && statistics->bytes;
    default:
      return false;
  }
}

// Without statistics, steps that need them do nothing: of a recipe that has such steps they are there.
HD inline void compose_color(const float* record, int slots, int c, const ImageStatistics* statistics, ColorChain& chain) {
  chain.steps = 0;
  const int places = c < 4 ? c : 4;
  float mean[4] = {0, 0, 0, 0}, low[4] = {0, 0, 0, 0}, high[4] = {1, 1, 1, 1};
  if (statistics)
    for (int i = 0; i < places; ++i) mean[i] = statistics->mean[i], low[i] = statistics->low[i], high[i] = statistics->high[i];
  const auto through = [&](const ColorStep& s, float* v) {
    Exact pixel[4] = {v[0], v[1], v[2], v[3]};
    if (c == 3) color_pixel(s, statistics, c, pixel, 0);
    else
      for (int ch = 0; ch < places; ++ch) color_pixel(s, statistics, c, pixel + ch, ch);
    for (int k = 0; k < places; ++k) v[k] = pixel[k];
  };
  for (int i = 0; i < slots; ++i) {
    const float* slot = record + record_head + i * slot_floats;
    ColorStep s;
    if (!color_step(static_cast<AugOp>(static_cast<int>(slot[0])), slot + 1, c, statistics, mean, low, high, s)) continue;
    if (s.kind == ColorKind::equalize) {  // a flat histogram comes out whatever rising steps went before: they are left out
      chain.steps = 0;
      for (int k = 0; k < places; ++k) mean[k] = statistics->mean[k], low[k] = statistics->low[k], high[k] = statistics->high[k];
    }
    through(s, mean), through(s, low), through(s, high);
    for (int k = 0; k < places; ++k)
      if (low[k] > high[k]) {  // a falling step, such as invert
        const float darkest = high[k];
        high[k] = low[k], low[k] = darkest;
      }
    append(chain, s, c);
  }
}

}  // namespace duel
