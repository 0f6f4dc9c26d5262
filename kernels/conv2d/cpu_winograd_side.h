// How minimal filtering cuts up one side of an image: windows into groups of taps, outputs into runs.
//
// A convolution of stride u is a sum over u phases, each of which meets every u-th pixel by every u-th tap. What a phase has of taps is cut
// into groups of one to three, and the outputs into runs of one to five; a group in a run is one F(run, taps) (cpu_winograd_filter.h).
#pragma once
#include <algorithm>
#include <tuple>

#include "kernels/conv2d/cpu_winograd_filter.h"

namespace duel::winograd {

// Some taps of a window, a stride apart: pixels phase + stride·(first … first + taps − 1) of it.
struct Group {
  int phase, first, taps;
  int offset(int stride) const { return phase + first * stride; }  // of the first, from the window's
  bool has(int run, int point) const {                             // in a run of so many outputs
    return point == infinity ? taps > 1 : point < finite_of(run, taps);
  }
};

// Longer runs come first, so that the runs that have a point are the first ones.
struct Side {
  static constexpr int most_groups = 4;
  int outputs, stride;
  Group group[most_groups];
  int groups = 0, taps = 0;          // taps of the longest group
  int count[most_outputs + 1] = {};  // runs, by their length
  int longest = 0;
  bool supported;

  // `points`: the most that a run may have.
  Side(int outputs, int kernel, int stride, int points) : outputs(outputs), stride(stride), supported(kernel > stride && outputs > 1) {
    const auto of_phase = [&](int phase) { return (kernel - phase + stride - 1) / stride; };
    const int most = supported && of_phase(0) > 2 ? 3 : 2;
    for (int phase = 0; phase < std::min(stride, kernel); ++phase)
      for (int first = 0; first < of_phase(phase) && supported;) {
        const int here = std::min(of_phase(phase) - first, most);
        if (groups == most_groups) supported = false;
        else group[groups++] = {phase, first, here}, first += here;
      }
    taps = most;
    if (supported) cut(std::min(points - most + 1, outputs));
  }
  int runs() const {
    int sum = 0;
    for (int length = 1; length <= most_outputs; ++length) sum += count[length];
    return sum;
  }
  struct Run {
    int first, length;  // outputs
  };
  Run run(int index) const {
    int first = 0, length = longest;
    for (; index >= count[length]; --length) first += length * count[length], index -= count[length];
    return {first + index * length, length};
  }

  bool run_has(int length, int point) const { return point == infinity || point < finite_of(length, taps); }
  bool has(int g, int point) const { return group[g].has(longest, point); }
  int with(int point) const {  // runs that have the point
    int sum = 0;
    for (int length = 1; length <= longest; ++length) sum += run_has(length, point) ? count[length] : 0;
    return sum;
  }
  int width(int point) const { return place(groups, point); }  // groups that do
  int place(int g, int point) const {                          // of group g among them
    int before = 0;
    for (int i = 0; i < g; ++i) before += has(i, point);
    return before;
  }

 private:
  // The fewest multiplications, then the shortest longest run, which is the more accurate, then the longest shortest one.
  void cut(int most) {
    int fewest = 0, best[most_outputs + 1] = {}, best_longest = 0;
    for (longest = 1; longest <= most; ++longest) {
      const int needed = cut_by_longest();
      if (best_longest && needed >= fewest) continue;
      fewest = needed, best_longest = longest, std::copy(count, std::end(count), best);
    }
    longest = best_longest, std::copy(best, std::end(best), count);
  }
  // Into runs of up to `longest`, one of these at least: how many multiplications they come to.
  int cut_by_longest() {
    struct Cut {
      int multiplications = 0, shortest = most_outputs, last = 0;
    };
    int of[most_outputs + 1] = {};  // of a run
    for (int length = 1; length <= longest; ++length)
      for (int point = 0; point < most_points; ++point) of[length] += run_has(length, point) ? width(point) : 0;
    constexpr int with_care = 64;  // outputs; before them runs of the longest kind
    const int whole = std::max(1, (outputs - with_care + longest - 1) / longest), rest = std::max(0, outputs - whole * longest);
    Cut best[with_care + 1];
    for (int o = 1; o <= rest; ++o)
      for (int length = 1; length <= std::min(o, longest); ++length) {
        const Cut& before = best[o - length];
        const Cut now{before.multiplications + of[length], std::min(before.shortest, length), length};
        if (length == 1 || std::tuple(now.multiplications, -now.shortest) < std::tuple(best[o].multiplications, -best[o].shortest))
          best[o] = now;
      }
    std::fill(count, std::end(count), 0);
    count[longest] = whole;
    for (int o = rest; o > 0; o -= best[o].last) ++count[best[o].last];
    return whole * of[longest] + best[rest].multiplications;
  }
};

}  // namespace duel::winograd
