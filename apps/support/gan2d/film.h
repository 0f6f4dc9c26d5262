// What a page shows of a training in the plane: at chosen steps the generated points, what D says everywhere, and where G is told to move
// its points.
#pragma once
#include <set>
#include <vector>

#include "apps/support/gan2d/plane_gan.h"

namespace duel {

constexpr int64_t film_points = 512, film_arrows = 96, field_side = 40;

struct FilmFrame {
  int64_t step = 0;
  std::vector<float> points;  // [film_points,2], of one fixed noise
  // What D says at the centres of a square lattice over [−reach, reach]², rows from the top, [field_side,field_side]: 0 generated, 1 real.
  // The probability σ(t) where the loss makes t a logit, t itself with least squares, (t + 1)/2 with hinge, each kept in [0, 1]; a
  // Wasserstein critic has no zero, so there its lowest value in the square is 0 and its highest 1.
  std::vector<float> field;
  // −∂L/∂x of G's loss L of one point x, at the first film_arrows of the points, [film_arrows,2]: the way in which G would move it.
  std::vector<float> arrows;
  double arrow_length = 0;  // their mean length
  PlaneScore score;
};

struct Film {
  double reach = 0;         // of the square that is shown
  std::vector<float> real;  // [film_points,2]
  std::vector<FilmFrame> frames;

  Film() = default;
  explicit Film(const PlaneGan& gan);
  void shoot(const PlaneGan& gan);  // throws Error(numeric) where a generated point is not finite
};

// 0, the last one, and between them about `frames` − 2 whose distances grow: step (i/(frames − 1))²·steps.
std::set<int64_t> film_steps(int64_t steps, int frames);

}  // namespace duel
