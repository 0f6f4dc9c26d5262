// The arithmetic of docs/lessons/evaluation.md by apps/support/metrics/, on a few numbers each.
#include <omp.h>

#include <cmath>
#include <cstdio>
#include <numbers>
#include <random>

#include "apps/support/metrics/frechet.h"
#include "apps/support/metrics/prdc.h"

using namespace duel;

namespace {

using Values = std::vector<float>;

double fcd(const Values& made, const Values& real, int64_t d = 1) { return frechet(moments(made, d), moments(real, d)); }
Values through(const Values& x, float (*phi)(float)) {
  Values y;
  for (float v : x) y.push_back(phi(v));
  return y;
}

void by_hand() {
  const Values real = {0, 2, 4}, made = {3, 4, 5};
  for (const auto& [name, set] : {std::pair{"real", real}, {"made", made}}) {
    const Moments m = moments(set, 1);
    std::printf("%s (%g, %g, %g): mean %g, standard deviation %g\n", name, set[0], set[1], set[2], m.mean[0], std::sqrt(m.covariance[0]));
  }
  std::printf("FCD = (4 - 2)^2 + (1 - 2)^2 = %.4f\n", fcd(made, real));
  const auto twice = [](float v) { return 2 * v; };
  const auto above_nine = [](float v) { return v > 9 ? 1.f : 0.f; };
  std::printf("the same to an extractor that says 2x: %.4f\n", fcd(through(made, twice), through(real, twice)));
  std::printf("to one that says whether x is above 9: %.4f\n", fcd(through(made, above_nine), through(real, above_nine)));
}

// Both sides from one distribution: the true distance is 0.
void bias() {
  std::printf("\nFCD of two samples of one N(0, 1), the mean of 200 pairs\n       n   1 feature  16 features\n");
  std::mt19937 bits(1);
  const auto draw = [&](int64_t count) {
    Values x;
    for (int64_t i = 0; i < count; ++i) {
      const double u = (bits() + 1.0) / 4294967297.0, v = bits() / 4294967296.0;
      x.push_back(static_cast<float>(std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v)));
    }
    return x;
  };
  for (int64_t n : {20, 200, 2000}) {
    double mean[2] = {};
    for (int pair = 0; pair < 200; ++pair)
      for (int64_t k : {0, 1}) mean[k] += fcd(draw(n * (k ? 16 : 1)), draw(n * (k ? 16 : 1)), k ? 16 : 1) / 200;
    std::printf("%8ld   %9.3f  %11.3f\n", static_cast<long>(n), mean[0], mean[1]);
  }
}

void balls(const char* what, const Values& real, const Values& made) {
  const Prdc p = prdc(real, made, 1, 1);
  std::printf("%s: precision %.2f, recall %.2f, density %.2f, coverage %.2f\n", what, p.precision, p.recall, p.density, p.coverage);
}

}  // namespace

int main() {
  omp_set_num_threads(1);
  by_hand();
  bias();
  std::printf("\none nearest neighbour; real points 0, 1, 2, 10\n");
  balls("made 0.5, 1.5, 1.6, 20", {0, 1, 2, 10}, {0.5, 1.5, 1.6, 20});
  balls("made 0.5, 1.5, 1.6, 3", {0, 1, 2, 10}, {0.5, 1.5, 1.6, 3});
  balls("made 4, 5, 6, 7", {0, 1, 2, 10}, {4, 5, 6, 7});
  balls("a copy of each", {0, 1, 2, 10}, {0, 1, 2, 10});
  std::printf("FCD of the copy: %.4f\n", fcd({0, 1, 2, 10}, {0, 1, 2, 10}));
}
