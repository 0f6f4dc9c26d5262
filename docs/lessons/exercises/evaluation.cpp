// Exercise of docs/lessons/evaluation.md: the Fréchet distance of two sets of numbers.
//
//   g++ -std=c++20 docs/lessons/exercises/evaluation.cpp -o /tmp/exercise && /tmp/exercise
//
// says whether frechet() is right. The distance has another meaning: what it costs to move one bell curve onto the other, each grain by the
// square of its way. That cost is added up here grain by grain, so the formula is nowhere in this file.
#include <cmath>
#include <cstdio>
#include <vector>

// Yours: the Fréchet distance between `a` and `b`, each taken for a Gaussian; the variance divides by n − 1.
double frechet(const std::vector<double>& a, const std::vector<double>& b) {
  return 0;  // write it here
}

// The point that a share u of a bell curve of mean 0 and deviation 1 lies below, found by bisection.
double below(double u) {
  double low = -10, high = 10;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < u ? low : high) = middle;
  }
  return (low + high) / 2;
}

struct Bell {
  double mean = 0, deviation = 0;
};
Bell bell(const std::vector<double>& x) {  // the variance from all pairs of samples, not from the mean
  const double n = static_cast<double>(x.size());
  Bell b;
  double squares = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    b.mean += x[i] / n;
    for (size_t j = 0; j < i; ++j) squares += (x[i] - x[j]) * (x[i] - x[j]);
  }
  b.deviation = std::sqrt(squares / (n * (n - 1)));
  return b;
}

double moved_grain_by_grain(const Bell& a, const Bell& b) {
  const int grains = 4000;
  double cost = 0;
  for (int i = 0; i < grains; ++i) {
    const double at = below((i + 0.5) / grains), way = a.mean + a.deviation * at - b.mean - b.deviation * at;
    cost += way * way / grains;
  }
  return cost;
}

int main() {
  const std::vector<double> real{0, 2, 4}, made{3, 4, 5}, same{7, 7, 7}, wide{-6, 1, 2, 8, 10}, two{0.5, 0.25};
  const struct {
    const char* name;
    std::vector<double> a, b;
  } cases[] = {{"(0, 2, 4) and (3, 4, 5)", real, made}, {"(3, 4, 5) and (0, 2, 4)", made, real},   {"a set and itself", wide, wide},
               {"(0, 2, 4) and (7, 7, 7)", real, same}, {"sets of 5 and of 2 numbers", wide, two}, {"the same two, exchanged", two, wide},
               {"(0, 2, 4) and a wide set", real, wide}};
  for (const auto& one : cases) {
    const double told = frechet(one.a, one.b), cost = moved_grain_by_grain(bell(one.a), bell(one.b));
    if (!(std::fabs(told - cost) < 0.01 * (0.01 + cost))) {
      std::printf("wrong: between %s frechet() is %g, which is too %s\n", one.name, told, told > cost ? "large" : "small");
      return 1;
    }
  }
  std::printf("right\n");
}
