// Exercise of docs/lessons/batch_norm.md: the backward pass of batch norm.
//
//   g++ -std=c++20 docs/lessons/exercises/batch_norm.cpp -o /tmp/exercise && /tmp/exercise
//
// says whether backward() is right. It holds it against slopes that are measured by two evaluations close to each other, so the answer is
// nowhere in this file.
#include <cmath>
#include <cstdio>
#include <vector>

using Row = std::vector<double>;

double mean(const Row& v) {
  double sum = 0;
  for (double one : v) sum += one;
  return sum / static_cast<double>(v.size());
}

// y = γ·x̂ + β, x̂ = (x − mean)/√(var + ε), with the batch's biased variance. One channel.
Row forward(const Row& x, double gamma, double beta, double eps) {
  const double m = mean(x);
  Row squares;
  for (double v : x) squares.push_back((v - m) * (v - m));
  const double std = std::sqrt(mean(squares) + eps);
  Row y;
  for (double v : x) y.push_back(gamma * (v - m) / std + beta);
  return y;
}

struct Gradients {
  Row x;  // the loss's derivative by each x
  double gamma = 0, beta = 0;
};

// Yours: g is the loss's derivative by each y.
Gradients backward(const Row& x, const Row& g, double gamma, double eps) {
  return {Row(x.size()), 0, 0};  // write it here
}

int main() {
  struct Batch {
    Row x, g;
    double gamma, beta, eps;
  };
  const double step = 1e-5;
  for (const Batch& b : {Batch{{1, 3, 3, 9}, {1, 0, 0, 0}, 3, 1, 0},
                         {{1, 3, 3, 9}, {2, -1, 0.5, 1}, 3, 1, 0},
                         {{-1, 0.5, 2, 0.25, 4, -3}, {1, 2, -3, 0.5, 1, 1}, -0.7, 0.2, 0.5}}) {
    const auto loss = [&](const Row& x, double gamma, double beta) {
      const Row y = forward(x, gamma, beta, b.eps);
      double sum = 0;
      for (size_t i = 0; i < y.size(); ++i) sum += b.g[i] * y[i];
      return sum;
    };
    const auto wrong = [&](const char* what, double told, double slope) {
      if (std::fabs(told - slope) < 1e-6) return false;
      std::printf("wrong: a batch of %zu, ε = %g: the derivative by %s is measured as %.6f, and backward() says %.6f\n", b.x.size(), b.eps,
                  what, slope, told);
      return true;
    };
    const Gradients told = backward(b.x, b.g, b.gamma, b.eps);
    if (told.x.size() != b.x.size()) {
      std::printf("wrong: %zu values, but %zu derivatives\n", b.x.size(), told.x.size());
      return 1;
    }
    if (wrong("γ", told.gamma, loss(b.x, b.gamma + 1, b.beta) - loss(b.x, b.gamma, b.beta))) return 1;
    if (wrong("β", told.beta, loss(b.x, b.gamma, b.beta + 1) - loss(b.x, b.gamma, b.beta))) return 1;
    for (size_t i = 0; i < b.x.size(); ++i) {
      Row above = b.x, below = b.x;
      above[i] += step, below[i] -= step;
      char name[32];
      std::snprintf(name, sizeof name, "x[%zu]", i);
      if (wrong(name, told.x[i], (loss(above, b.gamma, b.beta) - loss(below, b.gamma, b.beta)) / (2 * step))) return 1;
    }
  }
  std::printf("right\n");
}
