#include "bench/prediction.h"

#include <algorithm>
#include <cmath>

namespace duel::bench {
namespace {

double product(const unsigned (&sides)[3]) { return double{1} * sides[0] * sides[1] * sides[2]; }

}  // namespace

const LaunchFacts& heaviest(const std::vector<LaunchFacts>& launches) {
  const auto registers = [](const LaunchFacts& l) { return product(l.grid) * product(l.block) * l.registers; };
  return *std::max_element(launches.begin(), launches.end(),
                           [&](const LaunchFacts& a, const LaunchFacts& b) { return registers(a) < registers(b); });
}

double occupancy(const LaunchFacts& l) {
  return l.resident_blocks * 32 * std::ceil(product(l.block) / 32) / l.most_threads;  // threads come in warps
}

double waves(const LaunchFacts& l) { return product(l.grid) / (double{1} * l.multiprocessors * std::max(1, l.resident_blocks)); }

double stretch(const LaunchFacts& l) {
  // A wave that is not full need not leave a multiprocessor idle: then only those without a block count.
  const double rounds = waves(l) >= 1 ? waves(l) : product(l.grid) / l.multiprocessors;
  return std::ceil(rounds) / rounds;
}

std::optional<double> predicted(const OpInfo& op, const ErasedCase& problem, const Row& row, const std::vector<LaunchFacts>& launches,
                                const Ceilings& c) {
  if (launches.empty() || !(c.copy > 0) || !(c.launch > 0)) return std::nullopt;
  double seconds = minimum_bytes(op, problem.problem.get()) / c.copy;
  if (op.multiply_adds) {
    const auto rate = c.matrix.find(precision_of(row, problem.text));
    if (rate == c.matrix.end()) return std::nullopt;
    seconds = std::max(seconds, op.flops(problem.problem.get()) / rate->second.flops);
  }
  return seconds * stretch(heaviest(launches)) + static_cast<double>(launches.size()) * c.launch;
}

}  // namespace duel::bench
