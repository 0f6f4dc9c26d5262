// What is done to one sample, ready for its pixels, and the doing of it.
#pragma once
#include "augment/pipeline/pipeline_op.h"
#include "augment/recipe/color.h"
#include "augment/warp/sampling.h"

namespace duel {

constexpr int most_nodes = 6;

struct Box {
  int top, left, bottom, right;
  float value;
};
struct Noise {
  AugOp op;
  float amount;
  int slot;
};

struct Applied {
  Map map;
  Taps taps;
  float sharpness;
  int nodes;  // of the elastic grid, each side; 0: none
  float shift[2][most_nodes * most_nodes];
  ColorChain color;
  int boxes, noises;
  Box box[recipe_slots];
  Noise noise[recipe_slots];
  uint32_t epoch;
  uint64_t sample;
};

// A sample's record, whole.
HD inline void draw_record(const AugmentProblem& p, const void* epoch, const void* ids, const void* strength, int64_t i, float* record) {
  const uint32_t when = static_cast<uint32_t>(*static_cast<const int32_t*>(epoch));
  const int32_t id = static_cast<const int32_t*>(ids)[i];
  draw_head(when, id, record);
  for (int slot = 0; slot < p.recipe.steps; ++slot)
    draw_slot(p.recipe, p.key(), when, static_cast<uint32_t>(id), static_cast<const float*>(strength)[slot], slot,
              record + record_head + slot * slot_floats);
}

HD inline int whole(float v) { return static_cast<int>(v > -1e6f ? v < 1e6f ? v : 1e6f : -1e6f); }

// The elastic grid's nodes move by normal amounts (Ronneberger, Fischer & Brox 2015 do so on a 3 × 3 grid).
HD inline void compose_elastic(const DrawKey& key, int slot, const float* v, Applied& a) {
  const int nodes = whole(v[1]);
  a.nodes = nodes < 2 ? 2 : nodes > most_nodes ? most_nodes : nodes;
  for (int i = 0; i < a.nodes * a.nodes; ++i) {
    const PhiloxWords w = philox_words(key.seed, key.stream, a.epoch, a.sample, static_cast<uint64_t>((1 << 20) + slot * 64 + i));
    float x, y;
    normal_pair(w.x, w.y, x, y);
    a.shift[0][i] = mul_rn(v[0], x), a.shift[1][i] = mul_rn(v[0], y);
  }
}

HD inline void compose(const AugmentProblem& p, const float* record, const ImageStatistics* statistics, Applied& a) {
  const DrawKey key = p.key();
  a.epoch = float_bits(record[0]), a.sample = float_bits(record[1]);
  a.map = compose_map(record, p.recipe.steps, key);
  a.taps = p.recipe.antialias ? antialias_taps(a.map) : Taps{};
  compose_color(record, p.recipe.steps, p.c, statistics, a.color);
  a.sharpness = 1, a.nodes = 0, a.boxes = 0, a.noises = 0;
  for (int i = 0; i < p.recipe.steps; ++i) {
    const float* slot = record + record_head + i * slot_floats;
    const float* v = slot + 1;
    const AugOp op = static_cast<AugOp>(static_cast<int>(slot[0]));
    if (op == AugOp::sharpness) a.sharpness = mul_rn(a.sharpness, v[0]);  // two by a policy: the distances multiply
    else if (op == AugOp::elastic) compose_elastic(key, i, v, a);
    else if (is_box(op)) a.box[a.boxes++] = {whole(v[0]), whole(v[1]), whole(v[0]) + whole(v[2]), whole(v[1]) + whole(v[3]), v[4]};
    else if (is_noise(op)) a.noise[a.noises++] = {op, v[0], i};
  }
}

// A cubic B-spline through the grid of nodes that spans the result; nodes beyond the rim are those of the rim.
struct ElasticMove {
  const Applied& a;
  int p, q;
  HD static void basis(float at, int& first, Exact* w) {
    const float whole_part = exact_floor(at);
    const int cell = static_cast<int>(whole_part);
    const Exact t = sub_rn(at, whole_part), s = Exact(1) - t, sixth = Exact(1.f) / Exact(6.f);
    first = cell - 1;
    w[0] = s * s * s * sixth, w[3] = t * t * t * sixth;
    w[1] = (Exact(3) * t * t * t - Exact(6) * t * t + Exact(4)) * sixth;
    w[2] = (Exact(3) * s * s * s - Exact(6) * s * s + Exact(4)) * sixth;
  }
  HD Point operator()(Point at) const {
    if (a.nodes == 0) return at;
    Exact wx[4], wy[4];
    int x0, y0;
    const Exact span = static_cast<float>(a.nodes - 1);
    basis(Exact(at.x) / Exact(static_cast<float>(q)) * span, x0, wx);
    basis(Exact(at.y) / Exact(static_cast<float>(p)) * span, y0, wy);
    Exact x = at.x, y = at.y;
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 4; ++j) {
        const int node = border_index(y0 + i, a.nodes, Border::edge) * a.nodes + border_index(x0 + j, a.nodes, Border::edge);
        x = x + wy[i] * wx[j] * Exact(a.shift[0][node]), y = y + wy[i] * wx[j] * Exact(a.shift[1][node]);
      }
    return {x, y};
  }
};

// Values of a sample's image as it lies in memory.
template <class T>
struct Image {
  using Value = T;
  const T* x;
  int w, c;
  HD T operator()(int row, int column, int ch) const { return x[(int64_t{row} * w + column) * c + ch]; }
};

// A pixel of the source, in [0, 1], whose values `Values` reads.
template <class Values>
struct Source {
  using T = typename Values::Value;
  Values value;
  int h, w;
  bool is_signed;
  float sharpness;
  HD Exact plain(int row, int column, int ch) const {
    const float v = static_cast<float>(value(row, column, ch));
    if constexpr (sizeof(T) == 1) return v;  // bytes are divided once, after the sum
    return is_signed ? (Exact(v) + Exact(1)) * Exact(.5f) : Exact(v);
  }
  HD Exact operator()(int row, int column, int ch) const {
    const Exact own = plain(row, column, ch);
    if (sharpness == 1 || row == 0 || column == 0 || row == h - 1 || column == w - 1) return own;
    Exact sum = Exact(4) * own;  // and once more below
    for (int i = -1; i <= 1; ++i)
      for (int j = -1; j <= 1; ++j) sum = sum + plain(row + i, column + j, ch);
    const Exact smooth = sum / Exact(13.f);
    return smooth + Exact(sharpness) * (own - smooth);
  }
};

// Noise of element `ch` of pixel (i, j), added to v.
HD inline float add_noise(const AugmentProblem& p, const Applied& a, const Noise& noise, int64_t pixel, int ch, float v) {
  const bool by_pixel = noise.op == AugOp::salt_pepper;
  const uint32_t stream = static_cast<uint32_t>(p.stream) | static_cast<uint32_t>(noise.slot + 1) << 16;
  const PhiloxWords w =
      philox_words(static_cast<uint64_t>(p.seed), stream, a.epoch, a.sample, static_cast<uint64_t>(by_pixel ? pixel : pixel * p.c + ch));
  if (by_pixel) {
    const float u = unit_float(w.x);
    return u < noise.amount ? u < mul_rn(.5f, noise.amount) ? 0.f : 1.f : v;
  }
  if (noise.op == AugOp::uniform_noise) return add_rn(v, mul_rn(noise.amount, sub_rn(mul_rn(2.f, unit_float(w.x)), 1.f)));
  float z0, z1;
  normal_pair(w.x, w.y, z0, z1);
  return add_rn(v, mul_rn(noise.amount, z0));
}

// What happens to a value once it is read and coloured.
HD inline float finish(const AugmentProblem& p, const Applied& a, int i, int j, int ch, float v) {
  for (int k = 0; k < a.boxes; ++k) {
    const Box& box = a.box[k];
    if (i >= box.top && i < box.bottom && j >= box.left && j < box.right) v = box.value;
  }
  for (int k = 0; k < a.noises; ++k) v = add_noise(p, a, a.noise[k], int64_t{i} * p.q + j, ch, v);
  if (p.recipe.clamp) v = clamp01(v);
  const int place = ch < 4 ? ch : 3;
  return sub_rn(v, p.recipe.mean[place]) / p.recipe.std[place];
}

// Channels [from, from + channels) of result pixel (i, j) of a sample: three where p.c is three, else one. `out` gets them.
template <class Values>
HD void augment_pixel(const AugmentProblem& p, const Applied& a, const ImageStatistics* statistics, const Values& values, int i, int j,
                      int from, int channels, float* out) {
  constexpr bool bytes = sizeof(typename Values::Value) == 1;
  constexpr float scale = bytes ? 1.f / 255.f : 1.f;
  const Source<Values> source{values, p.h, p.w, p.is_signed, a.sharpness};
  const Sampling sampling{p.recipe.border, p.recipe.interpolation,
                          p.recipe.border == Border::constant ? p.recipe.fill * (bytes ? 255.f : 1.f) : 0.f};
  Exact sum[3];
  each_sample<Exact>(a.map, a.taps, i, j, ElasticMove{a, p.p, p.q}, [&](Point at, Exact weight) {
    each_tap<Exact>(sampling, p.h, p.w, at, weight, [&](int row, int column, Exact w) {
      if (bytes && w.v == 0) return;  // a flip has one pixel to read, not four; floats may be infinite, bytes are not
      for (int k = 0; k < channels; ++k) sum[k] = sum[k] + w * (row < 0 ? Exact(sampling.fill) : source(row, column, from + k));
    });
  });
  for (int k = 0; k < channels; ++k) sum[k] = sum[k] * Exact(scale);
  for (int k = 0; k < a.color.steps; ++k) color_pixel(a.color.step[k], statistics, p.c, sum, from);
  for (int k = 0; k < channels; ++k) out[k] = finish(p, a, i, j, from + k, sum[k]);
}

// Passes over the channels of a pixel: all three at once, since colour mixes them, else one by one.
HD inline int channels_a_pass(int c) { return c == 3 ? 3 : 1; }

}  // namespace duel
