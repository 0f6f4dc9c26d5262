// What the CPU's rows of minimal filtering share: when they are worth it, and the products between the passes. dgrad and wgrad are the
// adjoints of fwd, by the transforms' own adjoints. Rows differ in the points that a side's runs may have: up to four, exact on integers,
// or up to six, which save more and round more.
#pragma once
#include <memory>

#include "kernels/conv2d/cpu_winograd_passes.h"
#include "kernels/onednn.h"
#ifdef DUEL_ONEDNN

namespace duel::winograd {

// The taps inside the image, of all windows along one side.
inline int64_t taps_inside(int size, int outputs, int kernel, int stride, int before) {
  int64_t sum = 0;
  for (int o = 0; o < outputs; ++o)
    sum += std::max(0, std::min(kernel, size - (o * stride - before)) - std::clamp(-(o * stride - before), 0, kernel));
  return sum;
}

// What a call costs, in floating-point operations that a matrix product would do meanwhile: what a value of each kind costs was measured on
// one processor (Zen 4) and is a guess elsewhere. Where channels are few, vectors are too, for all that is begun with each row of them.
struct Cost {
  static constexpr double of_product = 2.17, of_tap = 130;
  double products, images, taps;
  Cost(const Conv2dProblem& d, int points) {
    const Tiles tiles(d, 1, points);
    const double of_pixel = 30 + 900. / d.c, of_output = 15 + 450. / d.k;
    const double n = d.n, pixels = static_cast<double>(tiles.pixels.used), outputs = static_cast<double>(tiles.outputs.used);
    products = n * pixels * d.k;
    images = of_product * products + n * (pixels * of_pixel + outputs * of_output);
    taps = static_cast<double>(tiles.taps.used) * of_tap;
  }
  double all() const { return images + taps; }
  // What is small is over in microseconds either way, and is judged by its products alone.
  bool small() const { return all() < 1 << 25; }
};

// Are so many multiplications saved that they outweigh the transforms, and the threads left with nothing to do? By a tenth at least: what a
// call costs is known no better, and what is gained by less is not worth the digits. So windows of 3 × 3 with stride 2, which save four
// tenths of the multiplications, are left alone: they took 0.9 to 1.7 times as long as the plain product.
inline bool worth_it(const Conv2dProblem& d, int most_workers, int points) {
  constexpr double of_weight = 86, margin = 1.1;
  const Cost cost(d, points);
  const double inside =
      static_cast<double>(taps_inside(d.h, d.p, d.r, d.u, d.top)) * static_cast<double>(taps_inside(d.w, d.q, d.s, d.v, d.left));
  const double plain = 2 * d.n * inside * d.k * d.c;
  if (cost.small()) return 2 * cost.products < plain;
  const double idle = std::max(1., static_cast<double>(omp_get_max_threads()) / most_workers);
  return margin * (cost.images * idle + cost.taps) < plain + static_cast<double>(d.w_count()) * of_weight;
}

constexpr int exact_points = 4;
inline bool saves_more(const Conv2dProblem& d, int points) {  // than the exact ones
  const Cost cost(d, points), exact(d, exact_points);
  return cost.small() ? cost.products < exact.products : cost.all() < exact.all();
}

// Channels that fill vectors, and fewer multiplications.
inline bool fits(const Conv2dProblem& d, int most_workers, int points) {
  constexpr int narrowest = vectors::narrowest;
  if (d.dtype != DType::f32 || d.c % narrowest != 0 || d.k % narrowest != 0 || std::max(d.c, d.k) > most_channels) return false;
  if (!Side(d.p, d.r, d.u, points).supported || !Side(d.q, d.s, d.v, points).supported) return false;
  if (points > exact_points && !saves_more(d, points)) return false;
  return worth_it(d, most_workers, points);
}

// Images go through in chunks, equally many for each of the threads that take one.
struct Chunks {
  int threads, images, count;
  Chunks(const Conv2dProblem& d, int wanted_threads, int points) : threads(std::min(wanted_threads, d.n)) {
    const Tiles tiles(d, 1, points);
    constexpr int64_t near = 1 << 20;  // values: what a core's part of the caches holds while the three steps go over it
    const int64_t rows = int64_t{tiles.width(0, 0)} * d.k > 1 << 18 ? 288 : 72;  // of a product, at least: the other factor comes from far
    const int64_t wanted = std::max({near / (tiles.pixels.used + tiles.outputs.used), rows / tiles.rows(0, 0), int64_t{1}}) * threads;
    const int rounds = static_cast<int>((d.n + wanted - 1) / wanted);
    images = (d.n + rounds * threads - 1) / (rounds * threads);
    count = (d.n + images - 1) / images;
  }
  // The same for threads that work on one chunk together.
  static Chunks together(const Conv2dProblem& d, int wanted_threads, int points) {
    Chunks chunks(d, wanted_threads, points);
    chunks.images = std::min(d.n, chunks.images * chunks.threads);
    chunks.count = (d.n + chunks.images - 1) / chunks.images;
    return chunks;
  }
  int rest(const Conv2dProblem& d) const { return d.n - (count - 1) * images; }  // images of the last
};

// A chunk's matrix products, one for each pair of points. shape(rows, width) says which.
struct Products {
  Tiles tiles;
  std::shared_ptr<const onednn::MatmulPlan> plan[most_points][most_points];
  template <class Shape>
  Products(const Conv2dProblem& d, int images, int points, Shape&& shape) : tiles(d, images, points) {
    for (int i = 0; i < most_points; ++i)
      for (int j = 0; j < most_points; ++j)
        if (tiles.rows(i, j)) plan[i][j] = onednn::matmul_plan(shape(tiles.rows(i, j), tiles.width(i, j)));
  }
  template <class F>
  void each(F&& f) const {  // f(i, j, plan)
    for (int i = 0; i < most_points; ++i)
      for (int j = 0; j < most_points; ++j)
        if (plan[i][j]) f(i, j, *plan[i][j]);
  }
  bool complete() const {
    for (int i = 0; i < most_points; ++i)
      for (int j = 0; j < most_points; ++j)
        if (tiles.rows(i, j) && !plan[i][j]) return false;
    return true;
  }
  size_t pad_bytes() const {
    size_t bytes = 0;
    each([&](int, int, const onednn::MatmulPlan& p) { bytes = std::max(bytes, p.scratch_bytes()); });
    return bytes;
  }
};

}  // namespace duel::winograd
#endif
