// Exercise of docs/lessons/wasserstein.md: the gradient penalty's derivative by a critic's weights, a derivative of a derivative.
//
//   g++ -std=c++20 docs/lessons/exercises/wasserstein.cpp -o /tmp/exercise && /tmp/exercise
//
// says whether gradient() is right. It holds it against slopes of penalty(), measured by two evaluations close to each other, so the answer
// is nowhere in this file.
#include <cmath>
#include <cstdio>
#include <vector>

struct Vec {
  double x = 0, y = 0;
};
double dot(Vec a, Vec b) { return a.x * b.x + a.y * b.y; }
double length(Vec a) { return std::sqrt(dot(a, a)); }

// D(x) = Σ v[j]·leaky_relu(a[j]·x)
struct Critic {
  std::vector<Vec> a;
  std::vector<double> v;
};
double leaky_slope(double at) { return at > 0 ? 1 : 0.2; }

// ∇D(x), by the point.
Vec slope(const Critic& d, Vec x) {
  Vec sum;
  for (size_t j = 0; j < d.v.size(); ++j) {
    const double c = d.v[j] * leaky_slope(dot(d.a[j], x));
    sum.x += c * d.a[j].x, sum.y += c * d.a[j].y;
  }
  return sum;
}

// The mean of (‖∇D(x)‖ − 1)² over the points.
double penalty(const Critic& d, const std::vector<Vec>& points) {
  double sum = 0;
  for (Vec x : points) sum += (length(slope(d, x)) - 1) * (length(slope(d, x)) - 1);
  return sum / static_cast<double>(points.size());
}

// Yours: the derivative of penalty(d, points) by every a[j] and every v[j], in the shape of a critic.
Critic gradient(const Critic& d, const std::vector<Vec>& points) {
  return {std::vector<Vec>(d.a.size()), std::vector<double>(d.v.size())};  // write it here
}

int main() {
  const double step = 1e-6;
  struct Case {
    Critic d;
    std::vector<Vec> points;
  };
  for (const Case& one : {Case{{{{0.6, 0.8}}, {2}}, {{1, 1}}},  // the page's
                          {{{{0.6, 0.8}}, {2}}, {{1, 1}, {-1, -1}}},
                          {{{{0.6, 0.8}, {-1, 0.5}}, {-0.5, 0.3}}, {{2, 1}}},
                          {{{{1, 0.3}, {-0.4, 0.9}, {0.2, -1.1}}, {0.7, -0.5, 1.2}}, {{1, 2}, {-1, 0.5}, {0.3, -2}, {-2, -1}}}}) {
    const Critic told = gradient(one.d, one.points);
    if (told.a.size() != one.d.a.size() || told.v.size() != one.d.v.size()) {
      std::printf("wrong: a critic of %zu units, but derivatives for %zu and %zu\n", one.d.v.size(), told.a.size(), told.v.size());
      return 1;
    }
    const auto right = [&](const char* what, size_t j, double value, auto&& place) {
      Critic above = one.d, below = one.d;
      place(above) += step, place(below) -= step;
      const double measured = (penalty(above, one.points) - penalty(below, one.points)) / (2 * step);
      if (std::fabs(value - measured) < 1e-6) return true;
      std::printf(
          "wrong: %zu units, %zu points: the penalty's derivative by %s of unit %zu is measured as %.6f, and gradient() says %.6f\n",
          one.d.v.size(), one.points.size(), what, j, measured, value);
      return false;
    };
    for (size_t j = 0; j < one.d.v.size(); ++j) {
      if (!right("v", j, told.v[j], [&](Critic& d) -> double& { return d.v[j]; })) return 1;
      if (!right("a's x", j, told.a[j].x, [&](Critic& d) -> double& { return d.a[j].x; })) return 1;
      if (!right("a's y", j, told.a[j].y, [&](Critic& d) -> double& { return d.a[j].y; })) return 1;
    }
  }
  std::printf("right\n");
}
