// From a sample's slots to what is done to its pixels: one map, one chain of colour, boxes and noise. Runs on every device, with the same
// bits (exact.h), but for gamma, which is taken pixel by pixel.
#pragma once
#include "augment/recipe/draw.h"

namespace duel {

// source (x, y) = (m0·u + m1·v + m2, m3·u + m4·v + m5) / (m6·u + m7·v + m8), (u, v) a point of the result; all in pixels, centres at +½.
struct Map {
  float m[9];
};

HD inline Map identity_map() { return {{1, 0, 0, 0, 1, 0, 0, 0, 1}}; }
HD inline Map after(const Map& first, const Map& then) {  // then(first(·)): the map `then` applied to what `first` gives
  Map r;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      r.m[3 * i + j] = Exact(then.m[3 * i]) * Exact(first.m[j]) + Exact(then.m[3 * i + 1]) * Exact(first.m[3 + j]) +
                       Exact(then.m[3 * i + 2]) * Exact(first.m[6 + j]);
  return r;
}
// Linear about the middle of h×w.
HD inline Map about_middle(float a, float b, float c, float d, int h, int w) {
  const Exact x = Exact(static_cast<float>(w)) * Exact(.5f), y = Exact(static_cast<float>(h)) * Exact(.5f);
  return {{a, b, x - (Exact(a) * x + Exact(b) * y), c, d, y - (Exact(c) * x + Exact(d) * y), 0, 0, 1}};
}

// The map of the unit square to the quadrilateral with these corners: (0,0), (1,0), (1,1), (0,1) in order. Heckbert, "Fundamentals of
// texture mapping and image warping" (1989), §2.2.3.
HD inline Map square_to_quad(const float* x, const float* y) {
  const Exact sx = Exact(x[0]) - Exact(x[1]) + Exact(x[2]) - Exact(x[3]), sy = Exact(y[0]) - Exact(y[1]) + Exact(y[2]) - Exact(y[3]);
  const Exact dx1 = Exact(x[1]) - Exact(x[2]), dx2 = Exact(x[3]) - Exact(x[2]);
  const Exact dy1 = Exact(y[1]) - Exact(y[2]), dy2 = Exact(y[3]) - Exact(y[2]);
  const Exact det = dx1 * dy2 - dx2 * dy1;
  const Exact g = (sx * dy2 - dx2 * sy) / det, h = (dx1 * sy - sx * dy1) / det;
  return {{Exact(x[1]) - Exact(x[0]) + g * Exact(x[1]), Exact(x[3]) - Exact(x[0]) + h * Exact(x[3]), x[0],
           Exact(y[1]) - Exact(y[0]) + g * Exact(y[1]), Exact(y[3]) - Exact(y[0]) + h * Exact(y[3]), y[0], g, h, 1}};
}

// The inverse of one step's motion, in the frame of the source (h×w).
HD inline Map inverse_motion(AugOp op, const float* v, int h, int w) {
  const float hf = static_cast<float>(h), wf = static_cast<float>(w);
  float sine, cosine;
  switch (op) {
    case AugOp::hflip:
      return {{-1, 0, wf, 0, 1, 0, 0, 0, 1}};
    case AugOp::vflip:
      return {{1, 0, 0, 0, -1, hf, 0, 0, 1}};
    case AugOp::rot90:
    case AugOp::rotate:
      turns_sincos(op == AugOp::rot90 ? mul_rn(v[0], .25f) : v[0] / 360.f, sine, cosine);
      return about_middle(cosine, -sine, sine, cosine, h, w);  // y points down, so counter-clockwise is this one
    case AugOp::scale:
      return about_middle(1.f / v[0], 0, 0, 1.f / v[0], h, w);
    case AugOp::stretch:
      return about_middle(1.f / v[0], 0, 0, v[0], h, w);
    case AugOp::translate: {
      const float x = mul_rn(v[0], wf), y = mul_rn(v[1], hf);
      return {{1, 0, v[2] != 0 ? -exact_round(x) : -x, 0, 1, v[2] != 0 ? -exact_round(y) : -y, 0, 0, 1}};
    }
    case AugOp::shear: {  // both at once: the inverse of [1 tx; ty 1]
      float tangent[2] = {v[0], v[1]};
      for (int i = 0; i < 2; ++i)
        if (v[2] == 0) turns_sincos(v[i] / 360.f, sine, cosine), tangent[i] = sine / cosine;
      const Exact det = Exact(1) - Exact(tangent[0]) * Exact(tangent[1]);
      return about_middle(Exact(1) / det, Exact(-tangent[0]) / det, Exact(-tangent[1]) / det, Exact(1) / det, h, w);
    }
    case AugOp::crop:
      return {{v[3] / wf, 0, v[1], 0, v[2] / hf, v[0], 0, 0, 1}};
    case AugOp::perspective: {  // the image's corners go inwards; the result's frame is mapped back by the inverse homography
      const float x[4] = {mul_rn(v[0], .5f), sub_rn(1.f, mul_rn(v[2], .5f)), sub_rn(1.f, mul_rn(v[4], .5f)), mul_rn(v[6], .5f)};
      const float y[4] = {mul_rn(v[1], .5f), mul_rn(v[3], .5f), sub_rn(1.f, mul_rn(v[5], .5f)), sub_rn(1.f, mul_rn(v[7], .5f))};
      const Map f = square_to_quad(x, y);
      const auto minor = [&](int a, int b, int c, int d) { return Exact(f.m[a]) * Exact(f.m[d]) - Exact(f.m[b]) * Exact(f.m[c]); };
      const Map adjugate{{minor(4, 5, 7, 8), -minor(1, 2, 7, 8), minor(1, 2, 4, 5), -minor(3, 5, 6, 8), minor(0, 2, 6, 8),
                          -minor(0, 2, 3, 5), minor(3, 4, 6, 7), -minor(0, 1, 6, 7), minor(0, 1, 3, 4)}};
      const Map to_unit{{1.f / wf, 0, 0, 0, 1.f / hf, 0, 0, 0, 1}}, to_pixels{{wf, 0, 0, 0, hf, 0, 0, 0, 1}};
      return after(after(to_unit, adjugate), to_pixels);
    }
    default:
      return identity_map();
  }
}

// Result → source. The result's frame p×q shows the whole of the source's h×w; then each step is undone, the last one first.
HD inline Map compose_map(const float* record, int slots, const DrawKey& key) {
  Map map{
      {static_cast<float>(key.w) / static_cast<float>(key.q), 0, 0, 0, static_cast<float>(key.h) / static_cast<float>(key.p), 0, 0, 0, 1}};
  for (int i = slots - 1; i >= 0; --i) {
    const float* slot = record + record_head + i * slot_floats;
    const AugOp op = static_cast<AugOp>(static_cast<int>(slot[0]));
    if (op >= AugOp::hflip && op <= AugOp::perspective) map = after(map, inverse_motion(op, slot + 1, key.h, key.w));
  }
  return map;
}

}  // namespace duel
