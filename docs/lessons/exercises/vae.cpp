// Exercise of docs/lessons/vae.md: the derivative of −ELBO through the draw of z.
//
//   g++ -std=c++20 docs/lessons/exercises/vae.cpp -o /tmp/exercise && /tmp/exercise
//
// says whether gradient() is right. It holds your function against the slope of loss(), measured by two evaluations close to each other
// with the same ε, so the answer is nowhere in this file.
#include <cmath>
#include <cstdio>
#include <vector>

double sigmoid(double t) { return 1 / (1 + std::exp(-t)); }

// A picture x of some pixels in [0, 1], and a decoder that says the logit weight[j]·z + bias[j] of pixel j.
struct Picture {
  std::vector<double> x, weight, bias;
};

// −ELBO, one latent variable, for a draw ε: cross entropy summed over pixels, plus KL to N(0, 1).
double loss(const Picture& picture, double mean, double log_variance, double epsilon) {
  const double z = mean + std::exp(log_variance / 2) * epsilon;
  double sum = -0.5 * (1 + log_variance - mean * mean - std::exp(log_variance));
  for (size_t j = 0; j < picture.x.size(); ++j) {
    const double p = sigmoid(picture.weight[j] * z + picture.bias[j]);
    sum += -picture.x[j] * std::log(p) - (1 - picture.x[j]) * std::log(1 - p);
  }
  return sum;
}

struct Gradient {
  double by_mean, by_log_variance;
};

// Yours: ∂ loss / ∂ mean and ∂ loss / ∂ log_variance.
Gradient gradient(const Picture& picture, double mean, double log_variance, double epsilon) {
  return {0, 0};  // write it here
}

bool agrees(const char* name, double told, double slope, size_t pixels, double epsilon) {
  if (std::fabs(told - slope) < 1e-6) return true;
  const char* how = told * slope < 0 ? "has the wrong sign" : std::fabs(told) > std::fabs(slope) ? "is too large" : "is too small";
  std::printf("wrong: by %s, with %zu pixels and epsilon %g, gradient() %s\n", name, pixels, epsilon, how);
  return false;
}

int main() {
  const double step = 1e-5;
  const Picture one{{0.8}, {2}, {-0.6}}, blind{{0.3, 1}, {0, 0}, {0.5, -1}}, three{{1, 0, 0.25}, {1.5, -2, 0.4}, {0.2, 0.1, -1}};
  for (const Picture& picture : {one, blind, three})
    for (double mean : {0.5, -1.2})
      for (double log_variance : {-1.386294361, 0.7})
        for (double epsilon : {0.6, 0.0, -1.7}) {
          const Gradient told = gradient(picture, mean, log_variance, epsilon);
          const auto at = [&](double m, double l) { return loss(picture, mean + m, log_variance + l, epsilon); };
          const double by_mean = (at(step, 0) - at(-step, 0)) / (2 * step), by_log = (at(0, step) - at(0, -step)) / (2 * step);
          if (!agrees("the mean", told.by_mean, by_mean, picture.x.size(), epsilon)) return 1;
          if (!agrees("the log variance", told.by_log_variance, by_log, picture.x.size(), epsilon)) return 1;
        }
  std::printf("right\n");
}
