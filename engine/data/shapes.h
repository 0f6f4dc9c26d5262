// Synthetic pictures with a known truth: one shape on a plain or graded background; the class is the shape.
#pragma once
#include <cstdint>

#include "engine/data/dataset.h"

namespace duel {

constexpr const char* shape_names[] = {"circle", "square", "triangle", "cross", "ring", "star", "half-disc", "crescent", "frame", "bar"};
constexpr int shape_classes = 10;

struct ShapesOptions {
  int n = 20000, size = 32, channels = 3;
  uint64_t seed = 1;
  // Otherwise colours are independent of the class:
  bool correlated = false;        // each class's shapes have a hue of their own, so that colour alone tells it
  double telling_background = 0;  // share of pictures whose background has their class's hue
};

// Sample i has class i mod 10 and draws colours, size, position, turn and background from (seed, i): the same picture whatever n is, with
// the same bits on every machine (only + − × ÷ √ are used). Edges are antialiased. Of different seeds, splits of one distribution.
Dataset make_shapes(const ShapesOptions& options);

}  // namespace duel
