// Exercise of docs/lessons/cgan.md: the best D that never sees the label.
//
//   g++ -std=c++20 docs/lessons/exercises/cgan.cpp -o /tmp/exercise && /tmp/exercise
//
// says whether best_d() is right. It asks whether any nudge to any of D's answers makes D better off, so the answer is nowhere in this
// file.
#include <cmath>
#include <cstdio>
#include <vector>

using Table = std::vector<std::vector<double>>;  // [x][y]: how often picture x comes with label y; all of it adds up to 1

// What D earns, equation 1 of the game: E log D(x) over real pairs, plus E log(1 − D(x)) over made ones. D has one answer for each x.
double value(const Table& real, const Table& made, const std::vector<double>& d) {
  double sum = 0;
  for (size_t x = 0; x < d.size(); ++x)
    for (size_t y = 0; y < real[x].size(); ++y) {
      if (real[x][y] > 0) sum += real[x][y] * std::log(d[x]);
      if (made[x][y] > 0) sum += made[x][y] * std::log(1 - d[x]);
    }
  return sum;
}

// Yours: for each x, the D(x) that makes value() largest. Each x comes at least sometimes, real or made.
std::vector<double> best_d(const Table& real, const Table& made) {
  return std::vector<double>(real.size(), 0.5);  // write it here
}

int main() {
  const Table obeyed{{0.5, 0}, {0, 0.5}}, ignored{{0.25, 0.25}, {0.25, 0.25}}, uneven{{0.1, 0.2}, {0.3, 0}, {0.15, 0.25}},
      lopsided{{0.05, 0.05}, {0.2, 0.4}, {0.1, 0.2}}, never{{0.6, 0.4}, {0, 0}}, rarely{{0.3, 0.3}, {0.4, 0}};
  const struct {
    const char* name;
    Table real, made;
  } games[] = {{"G ignores the label", obeyed, ignored},
               {"G makes other pictures", uneven, lopsided},
               {"a picture G never makes", rarely, never},
               {"a picture that is never real", never, rarely}};
  for (const auto& game : games) {
    const std::vector<double> d = best_d(game.real, game.made);
    if (d.size() != game.real.size()) {
      std::printf("wrong: %zu pictures, but %zu answers of D\n", game.real.size(), d.size());
      return 1;
    }
    const double earned = value(game.real, game.made, d);
    for (size_t x = 0; x < d.size(); ++x) {
      if (!(d[x] >= 0 && d[x] <= 1)) {
        std::printf("wrong: %s, picture %zu: %g is no probability\n", game.name, x, d[x]);
        return 1;
      }
      for (double nudge : {-0.01, 0.01}) {
        std::vector<double> other = d;
        other[x] = std::fmin(std::fmax(d[x] + nudge, 0), 1);
        if (other[x] == d[x]) continue;
        if (!(value(game.real, game.made, other) < earned)) {
          std::printf("wrong: %s, picture %zu: D would earn more by saying %s\n", game.name, x, nudge < 0 ? "less" : "more");
          return 1;
        }
      }
    }
  }
  std::printf("right\n");
}
