// Exercise of docs/lessons/adversarial_game.md: G's loss and its derivative by D's output.
//
//   g++ -std=c++20 docs/lessons/exercises/adversarial_game.cpp -o /tmp/exercise && /tmp/exercise
//
// says whether gradient() is right. It holds your function against the slope of loss(), measured by two evaluations close to each other, so
// the answer is nowhere in this file.
#include <cmath>
#include <cstdio>
#include <vector>

double sigmoid(double t) { return 1 / (1 + std::exp(-t)); }

// G's loss on D's outputs for n generated points, non-saturating: the mean of −log σ(t).
double loss(const std::vector<double>& t) {
  double sum = 0;
  for (double one : t) sum += -std::log(sigmoid(one));
  return sum / static_cast<double>(t.size());
}

// Yours: ∂ loss(t) / ∂ t[i], for each i.
std::vector<double> gradient(const std::vector<double>& t) {
  return std::vector<double>(t.size(), 0.0);  // write it here
}

int main() {
  const double step = 1e-5;
  for (std::vector<double> t : {std::vector<double>{0.0}, {-1.19, -1.18}, {3.0, -6.0, 0.5, 0.0, 9.0}}) {
    const std::vector<double> told = gradient(t);
    if (told.size() != t.size()) {
      std::printf("wrong: %zu outputs of D, but %zu derivatives\n", t.size(), told.size());
      return 1;
    }
    for (size_t i = 0; i < t.size(); ++i) {
      const double at = t[i];
      t[i] = at + step;
      const double above = loss(t);
      t[i] = at - step;
      const double below = loss(t);
      t[i] = at;
      const double slope = (above - below) / (2 * step);
      if (!(std::fabs(told[i] - slope) < 1e-6)) {
        const char* how = told[i] * slope < 0 ? "the wrong sign" : std::fabs(told[i]) > std::fabs(slope) ? "too large" : "too small";
        std::printf("wrong: at t = %g, one of %zu points, gradient() is %s\n", at, t.size(), how);
        return 1;
      }
    }
  }
  std::printf("right\n");
}
