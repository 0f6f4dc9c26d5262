#include "engine/data/shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/data/splitmix.h"
#include "kernels/error.h"

namespace duel {
namespace {

struct Colour {
  float r, g, b;
};
struct Point {
  float x, y;
};

float luma(const Colour& c) { return .299f * c.r + .587f * c.g + .114f * c.b; }

struct Hsv {
  float hue, saturation, value;
};  // hue in turns
Colour from_hsv(const Hsv& hsv) {
  const auto [hue, saturation, value] = hsv;
  const float h6 = (hue - std::floor(hue)) * 6.f;
  const auto channel = [h6, saturation = saturation, value = value](float offset) {
    float k = offset + h6;
    if (k >= 6.f) k -= 6.f;
    return value - value * saturation * std::clamp(std::min(k, 4.f - k), 0.f, 1.f);
  };
  return {channel(5.f), channel(3.f), channel(1.f)};
}

// A direction with every angle equally likely, from √ alone: sine and cosine differ in their last bit between C libraries.
Point direction(SplitMix& random) {
  for (;;) {
    const float x = random.between(-1.f, 1.f), y = random.between(-1.f, 1.f), square = x * x + y * y;
    if (square > 1.f || square < 1e-4f) continue;
    const float length = std::sqrt(square);
    return {x / length, y / length};
  }
}

float length(float x, float y) { return std::sqrt(x * x + y * y); }
float box(float x, float y, float a, float b) { return std::max(std::fabs(x) - a, std::fabs(y) - b); }
float triangle(float x, float y, float inner) { return std::max(y, .8660254f * std::fabs(x) - .5f * y) - inner; }

// Distance to the border of a shape of radius 1 about the origin, negative inside.
float distance_to(int shape, float x, float y) {
  switch (shape) {
    case 0:
      return length(x, y) - .9f;
    case 1:
      return box(x, y, .75f, .75f);
    case 2:
      return triangle(x, y, .5f);
    case 3:
      return std::min(box(x, y, .9f, .3f), box(x, y, .3f, .9f));
    case 4:
      return std::fabs(length(x, y) - .7f) - .22f;
    case 5:
      return std::min(triangle(x, y, .5f), triangle(x, -y, .5f));
    case 6:
      return std::max(length(x, y + .35f) - .95f, -(y + .35f));
    case 7:
      return std::max(length(x, y) - .95f, .75f - length(x - .5f, y));
    case 8:
      return std::max(box(x, y, .8f, .8f), -box(x, y, .45f, .45f));
    default:
      return box(x, y, .95f, .28f);
  }
}

void draw(int shape, const ShapesOptions& options, SplitMix random, uint8_t* pixels) {
  // Radius and centre in units of the image's half side; the shape stays inside.
  const float radius = random.between(.4f, .75f);
  const float cx = random.between(radius - .95f, .95f - radius), cy = random.between(radius - .95f, .95f - radius);
  const Point turn = direction(random), slope = direction(random);
  const float hue_of_class = static_cast<float>(shape) / shape_classes;
  const float hue = options.correlated ? hue_of_class + random.between(-.02f, .02f) : random.unit();
  // In braces numbers are drawn from left to right; among a function's arguments each compiler has an order of its own.
  const Colour colour = from_hsv(Hsv{hue, random.between(.5f, 1.f), random.between(.5f, 1.f)});
  const bool tells = options.telling_background > 0 && random.unit() < static_cast<float>(options.telling_background);
  // Two ends of a gradient, plain half of the time; drawn again until the shape stands out from both in grey as well.
  const bool plain = random.below(2) == 0;
  Colour ends[2];
  for (Colour& end : ends) {
    // What stands out from anything: black or white, or with a hue to tell the darkest or palest of it.
    end = luma(colour) > .5f ? from_hsv({hue_of_class, .6f, tells ? .35f : 0.f}) : from_hsv({hue_of_class, tells ? .3f : 0.f, 1.f});
    for (int attempt = 0; attempt < 16; ++attempt) {
      const Colour drawn =
          tells ? from_hsv(Hsv{hue_of_class + random.between(-.02f, .02f), random.between(.3f, .6f), random.between(.35f, 1.f)})
                : from_hsv(Hsv{random.unit(), random.between(0.f, .6f), random.unit()});
      if (std::fabs(luma(drawn) - luma(colour)) < .3f) continue;
      end = drawn;
      break;
    }
  }
  // A gradient across the shape's own brightness would hide it half-way.
  if (plain || (luma(ends[0]) > luma(colour)) != (luma(ends[1]) > luma(colour))) ends[1] = ends[0];

  const float half = static_cast<float>(options.size) / 2.f;
  for (int i = 0; i < options.size; ++i)
    for (int j = 0; j < options.size; ++j) {
      const float x = (static_cast<float>(j) + .5f) / half - 1.f, y = (static_cast<float>(i) + .5f) / half - 1.f;
      const float u = ((x - cx) * turn.x + (y - cy) * turn.y) / radius, v = ((y - cy) * turn.x - (x - cx) * turn.y) / radius;
      const float cover = std::clamp(.5f - distance_to(shape, u, v) * radius * half, 0.f, 1.f);  // of the pixel, by its distance in pixels
      const float t = std::clamp(.5f + .35f * (x * slope.x + y * slope.y), 0.f, 1.f);
      const auto mix = [&](float from, float to, float top) {
        const float below = from + (to - from) * t;
        return static_cast<uint8_t>((below + (top - below) * cover) * 255.f + .5f);
      };
      const uint8_t r = mix(ends[0].r, ends[1].r, colour.r), g = mix(ends[0].g, ends[1].g, colour.g),
                    b = mix(ends[0].b, ends[1].b, colour.b);
      if (options.channels == 3) {
        pixels[0] = r;
        pixels[1] = g;
        pixels[2] = b;
      } else {
        pixels[0] = static_cast<uint8_t>((r * 77 + g * 150 + b * 29) >> 8);
      }
      pixels += options.channels;
    }
}

}  // namespace

Dataset make_shapes(const ShapesOptions& options) {
  if (options.n < 1 || options.size < 8 || options.size > 1024 || (options.channels != 1 && options.channels != 3))
    fail(Failure::usage,
         fmt::format("[make_shapes] {} pictures of {} × {} × {}; at least 1 picture, sizes 8 to 1024 and 1 or 3 channels can be drawn",
                     options.n, options.size, options.size, options.channels));
  if (!(options.telling_background >= 0 && options.telling_background <= 1))
    fail(Failure::usage,
         fmt::format("[make_shapes] a telling background in {} of the pictures; 0 to 1 is a share", options.telling_background));
  const char* name = options.correlated ? "shapes:correlated" : options.telling_background > 0 ? "shapes:misleading" : "shapes";
  Dataset data{name, options.n, options.size, options.size, options.channels, {}, {}, {}};
  data.classes.assign(std::begin(shape_names), std::end(shape_names));
  data.images.resize(static_cast<size_t>(data.n) * data.sample_bytes());
  data.labels.resize(static_cast<size_t>(data.n));
#pragma omp parallel for schedule(static)
  for (int i = 0; i < data.n; ++i) {
    data.labels[static_cast<size_t>(i)] = i % shape_classes;
    draw(i % shape_classes, options, SplitMix(options.seed, static_cast<uint64_t>(i)),
         data.images.data() + static_cast<size_t>(i) * data.sample_bytes());
  }
  return data;
}

}  // namespace duel
