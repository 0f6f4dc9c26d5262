// The arithmetic of docs/lessons/augmentation.md by the functions of augment/.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "augment/ada.h"
#include "augment/mix.h"
#include "augment/smote.h"
#include "engine/ops.h"

using namespace duel;

namespace {

constexpr Device cpu = Device::cpu;

// What a recipe that leaves nothing to chance makes of a 4 × 4 image: its map from result to source.
Tensor map_of(const char* recipe, const Shape& images) {
  const Tensor zero = step_counter(0, cpu);
  return draw_augmentation(images, parse_recipe(recipe), {1, RandomStream::augment}, zero, zero).maps;
}

void one_matrix() {
  const Tensor map = map_of("rotate 90..90; translate x=.25...25 y=0", {1, 4, 4, 1});
  const Homography m = homographies(map)[0];
  std::printf("a quarter turn, then a shift by one pixel of four: from the result to the source\n");
  for (size_t i = 0; i < 9; i += 3) std::printf("  %5.2f %5.2f %5.2f\n", m[i] + 0, m[i + 1] + 0, m[i + 2] + 0);
  const auto [x, y] = follow(m, 3.5, 0.5);
  std::printf("the source's corner (3.5, 0.5) comes to (%.2f, %.2f)\n", x, y);

  std::vector<double> board(64);
  for (size_t i = 0; i < 64; ++i) board[i] = (i / 8 + i) % 2 ? 1 : 0;
  const Tensor image = Tensor::from({1, 8, 8, 1}, board, DType::f32, cpu);
  const auto off = [&](const Tensor& y) {  // in the middle, where no border is read
    double most = 0;
    for (size_t i = 2; i < 6; ++i)
      for (size_t j = 2; j < 6; ++j) most = std::max(most, std::abs(y.values()[8 * i + j] - board[8 * i + j]));
    return most;
  };
  const auto turn = [&](const Tensor& x, const char* recipe) { return warp(x, map_of(recipe, {1, 8, 8, 1})); };
  std::printf("a chessboard turned by 30 degrees and back: pixels off by up to %.2f with one resample, %.2f with two\n",
              off(turn(image, "rotate 30..30; rotate -30..-30")), off(turn(turn(image, "rotate 30..30"), "rotate -30..-30")));
}

void between_samples() {
  const Tensor x = Tensor::from({2, 2}, {0.9, 0.2, 0.1, 0.6}, DType::f64, cpu),
               logits = Tensor::from({2, 2}, {1, -1, 0, 0}, DType::f64, cpu);
  const int32_t y[] = {0, 1};
  const Tensor labels = Tensor::from_bytes({2}, DType::i32, y, cpu);
  const Mixing how = fixed_share(pairs_of({1, 0}, cpu), 0.7);
  std::printf("mixup: .7*(.9, .2) + .3*(.1, .6) = (%.2f, %.2f)", mixup(x, how).values()[0], mixup(x, how).values()[1]);
  std::printf(", loss of logits (1, -1): %.4f\n", mixed_cross_entropy(logits, labels, how).values()[0]);
  const std::vector<double> rows = {3, 6, 1, 2, 20, 20, 21, 20, 20, 21};
  const std::vector<int32_t> of = {0, 0, 1, 1, 1};
  const Oversampled made = smote(Tensor::from({5, 2}, rows, DType::f64, cpu), of, 2, {.neighbours = 1, .target = {4, 3}, .seed = 1});
  for (size_t i = 0; i < 2; ++i) {
    const double bx = rows[2 * static_cast<size_t>(made.base[i])], by = rows[2 * static_cast<size_t>(made.base[i]) + 1], u = made.u[i];
    const std::vector<double> v = made.x.values();
    std::printf("SMOTE: (%g, %g) + %.3f*(its neighbour - it) = (%.3f, %.3f)\n", bx, by, u, v[2 * i], v[2 * i + 1]);
  }
}

void controller() {
  AdaController ada(0.6, 64, cpu);  // batches of 64: p moves every 256 images
  for (int step = 1; step <= 4; ++step) {
    std::vector<double> said(64, 1);
    std::fill(said.begin(), said.begin() + 8, -1);  // D takes 56 of 64 for real
    ada.hear(Tensor::from({64, 1, 1, 1}, said, DType::f32, cpu));
  }
  std::printf("ADA: mean sign (56 - 8)/64 = 0.75 above 0.6, so p goes from 0 to %.6f\n", ada.p().item());
}

}  // namespace

int main() {
  one_matrix();
  between_samples();
  controller();
}
