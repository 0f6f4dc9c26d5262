#include "engine/data/sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "engine/data/batches.h"
#include "engine/data/splitmix.h"
#include "kernels/error.h"

namespace duel {
namespace {

void check(bool fine, const std::string& message) {
  if (!fine) fail(Failure::usage, "[sampling] " + message);
}

// Sample numbers of each class, ascending.
std::vector<std::vector<int32_t>> members(Labels labels, int classes) {
  class_counts(labels, classes);  // refuses labels out of range
  std::vector<std::vector<int32_t>> of(static_cast<size_t>(classes));
  for (size_t i = 0; i < labels.size(); ++i) of[static_cast<size_t>(labels[i])].push_back(static_cast<int32_t>(i));
  return of;
}

// The members of class c in an order drawn from (seed, class, round).
std::vector<int32_t> shuffled(const std::vector<int32_t>& of, uint64_t seed, size_t c, uint64_t round = 0) {
  std::vector<int32_t> order;
  const uint64_t own = SplitMix(seed, c, round).next();
  for (int32_t i : permutation(static_cast<int32_t>(of.size()), own, 0)) order.push_back(of[static_cast<size_t>(i)]);
  return order;
}

// Numbers [from, from + count) of the endless sequence of a class: its members in one drawn order after another.
void append_cycled(std::vector<int32_t>& to, const std::vector<int32_t>& of, int64_t from, int64_t count, uint64_t seed, size_t c) {
  const int64_t size = static_cast<int64_t>(of.size());
  std::vector<int32_t> order;
  for (int64_t i = from, round = -1; i < from + count; ++i) {
    if (i / size != round) round = i / size, order = shuffled(of, seed, c, static_cast<uint64_t>(round));
    to.push_back(order[static_cast<size_t>(i % size)]);
  }
}

std::vector<double> with_mean_one(const std::vector<int64_t>& counts, std::vector<double> weights) {
  double sum = 0, samples = 0;
  for (size_t c = 0; c < counts.size(); ++c) {
    sum += weights[c] * static_cast<double>(counts[c]);
    samples += static_cast<double>(counts[c]);
  }
  for (double& w : weights) w *= samples / sum;
  return weights;
}

void check_all_there(const std::vector<int64_t>& counts) {
  check(!counts.empty(), "there are no classes");
  for (size_t c = 0; c < counts.size(); ++c)
    check(counts[c] >= 1, fmt::format("class {} has no samples to weigh or repeat; leave it out of the classes, or add samples", c));
}

}  // namespace

std::vector<int64_t> class_counts(Labels labels, int classes) {
  check(classes >= 1, fmt::format("{} classes; give 1 at least", classes));
  check(labels.size() <= static_cast<size_t>(std::numeric_limits<int32_t>::max()),
        fmt::format("{} samples; at most 2³¹ − 1 can be numbered", labels.size()));
  std::vector<int64_t> counts(static_cast<size_t>(classes));
  for (size_t i = 0; i < labels.size(); ++i) {
    check(labels[i] >= 0 && labels[i] < classes, fmt::format("label {} of sample {} is outside [0, {})", labels[i], i, classes));
    ++counts[static_cast<size_t>(labels[i])];
  }
  return counts;
}

std::vector<int64_t> largest_remainders(const std::vector<double>& shares, int64_t total) {
  double sum = 0;
  for (double share : shares) {
    check(share >= 0 && std::isfinite(share), fmt::format("a share of {}; shares are finite and not below 0", share));
    sum += share;
  }
  check(sum > 0 && total >= 0, fmt::format("{} samples cannot be shared out by shares whose sum is {}", total, sum));
  std::vector<int64_t> whole;
  std::vector<std::pair<double, size_t>> rest;  // negated remainder: the largest first, of equal ones the first
  int64_t left = total;
  for (size_t i = 0; i < shares.size(); ++i) {
    const double exact = static_cast<double>(total) * shares[i] / sum;
    whole.push_back(static_cast<int64_t>(std::floor(exact)));
    left -= whole.back();
    rest.emplace_back(std::floor(exact) - exact, i);
  }
  std::sort(rest.begin(), rest.end());
  for (size_t i = 0; left > 0; ++i, --left) ++whole[rest[i % rest.size()].second];
  for (size_t i = rest.size(); left < 0;)  // rounding has lifted a share to the next whole number: those come last
    if (int64_t& last = whole[rest[--i].second]; last > 0) --last, ++left;
  return whole;
}

std::vector<int32_t> take_counts(Labels labels, const std::vector<int64_t>& counts, uint64_t seed) {
  const auto of = members(labels, static_cast<int>(counts.size()));
  std::vector<int32_t> taken;
  for (size_t c = 0; c < of.size(); ++c) {
    check(counts[c] >= 0 && counts[c] <= static_cast<int64_t>(of[c].size()),
          fmt::format("{} samples of class {} were asked for, which has {}; ask for that many at most", counts[c], c, of[c].size()));
    const std::vector<int32_t> order = shuffled(of[c], seed, c);
    taken.insert(taken.end(), order.begin(), order.begin() + counts[c]);
  }
  std::sort(taken.begin(), taken.end());
  return taken;
}

std::vector<int32_t> take_per_class(Labels labels, int classes, int64_t n, uint64_t seed) {
  check(classes >= 1, fmt::format("{} classes; give 1 at least", classes));
  return take_counts(labels, std::vector<int64_t>(static_cast<size_t>(classes), n), seed);
}

std::vector<int32_t> take_stratified(Labels labels, int classes, int64_t total, uint64_t seed) {
  const std::vector<int64_t> counts = class_counts(labels, classes);
  check(total >= 0 && total <= static_cast<int64_t>(labels.size()),
        fmt::format("{} of {} samples were asked for; ask for that many at most", total, labels.size()));
  if (total == 0) return {};
  return take_counts(labels, largest_remainders(std::vector<double>(counts.begin(), counts.end()), total), seed);
}

std::vector<int64_t> long_tail_counts(int64_t head, int classes, double ratio) {
  check(head >= 1 && classes >= 1 && ratio >= 1 && std::isfinite(ratio),
        fmt::format("a tail of {} classes from {} samples down by {}; give 1 or more of each", classes, head, ratio));
  std::vector<int64_t> counts;
  for (int c = 0; c < classes; ++c) {
    const double exact = static_cast<double>(head) * std::pow(ratio, classes > 1 ? -static_cast<double>(c) / (classes - 1) : 0.0);
    counts.push_back(static_cast<int64_t>(std::floor(exact + 1e-6)));  // pow() may fall just short of a whole number
    check(counts.back() >= 1,
          fmt::format("class {} of the tail would have {:.3g} samples; take a larger head or a smaller ratio", c, exact));
  }
  return counts;
}

std::vector<int32_t> oversample(Labels labels, int classes, uint64_t seed, const std::vector<int64_t>& target) {
  const auto of = members(labels, classes);
  const std::vector<int64_t> counts = class_counts(labels, classes);
  check(target.empty() || target.size() == counts.size(),
        fmt::format("{} targets for {} classes; give one a class", target.size(), classes));
  const int64_t largest = *std::max_element(counts.begin(), counts.end());
  std::vector<int32_t> order(labels.size());
  std::iota(order.begin(), order.end(), 0);
  for (size_t c = 0; c < of.size(); ++c) {
    const int64_t more = (target.empty() ? largest : target[c]) - counts[c];
    check(more >= 0, fmt::format("class {} has {} samples and a target of {}; over-sampling only adds", c, counts[c],
                                 target.empty() ? largest : target[c]));
    if (more == 0) continue;
    check(counts[c] >= 1, fmt::format("class {} has no samples to repeat; leave it out of the classes, or add samples", c));
    append_cycled(order, of[c], 0, more, seed, c);
  }
  return order;
}

std::vector<int32_t> undersample(Labels labels, int classes, uint64_t seed) {
  const std::vector<int64_t> counts = class_counts(labels, classes);
  check_all_there(counts);
  return take_per_class(labels, classes, *std::min_element(counts.begin(), counts.end()), seed);
}

IndexStream::IndexStream(int64_t length, int32_t batch, Order order) : length_(length), batch_(batch), order_of_(std::move(order)) {
  check(batch >= 1 && batch <= length, fmt::format("batches of {} from {} samples; take 1 to {}", batch, length, length));
}

std::span<const int32_t> IndexStream::next() {
  if (position_ + batch_ > length_) ++epoch_, position_ = 0;
  if (made_ != epoch_) {
    order_ = order_of_(epoch_);
    if (static_cast<int64_t>(order_.size()) != length_)
      fail(Failure::internal, fmt::format("[sampling] an order of {} samples for an epoch of {}", order_.size(), length_));
    made_ = epoch_;
  }
  const auto batch = std::span(order_).subspan(static_cast<size_t>(position_), static_cast<size_t>(batch_));
  position_ += batch_;
  return batch;
}

void IndexStream::seek(int64_t epoch, int64_t position) {
  if (epoch < 0 || position < 0 || position > length_ || position % batch_ != 0)
    fail(Failure::data, fmt::format("[sampling] cannot go on at epoch {}, sample {} with {} samples in batches of {}: the data set or the "
                                    "batch size is not the one of the saved run",
                                    epoch, position, length_, batch_));
  epoch_ = epoch, position_ = position;
}

IndexStream balanced_stream(Labels labels, int classes, int32_t batch, uint64_t seed) {
  check_all_there(class_counts(labels, classes));
  const int64_t n = static_cast<int64_t>(labels.size());
  return {n, batch, [of = members(labels, classes), n, classes, seed](int64_t epoch) {
            std::vector<int32_t> drawn;
            for (int64_t c = 0; c < classes; ++c) {
              // Of the endless sequence 0, 1, …, classes − 1, 0, … of classes an epoch is n numbers, so this is how many came before it.
              const auto before = [&](int64_t numbers) { return numbers / classes + (c < numbers % classes); };
              const int64_t from = before(epoch * n), to = before((epoch + 1) * n);
              append_cycled(drawn, of[static_cast<size_t>(c)], from, to - from, seed, static_cast<size_t>(c));
            }
            std::vector<int32_t> order;
            for (int32_t i : permutation(static_cast<int32_t>(n), seed, epoch)) order.push_back(drawn[static_cast<size_t>(i)]);
            return order;
          }};
}

IndexStream weighted_stream(const std::vector<double>& weights, int32_t batch, uint64_t seed) {
  std::vector<double> upto;  // running sums
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    check(weights[i] >= 0 && std::isfinite(weights[i]),
          fmt::format("weight {} of sample {}; weights are finite and not below 0", weights[i], i));
    upto.push_back(sum += weights[i]);
  }
  check(sum > 0 && std::isfinite(sum),
        fmt::format("the weights of {} samples sum to {}; nothing can be drawn by them", weights.size(), sum));
  const int64_t n = static_cast<int64_t>(weights.size());
  return {n, batch, [upto = std::move(upto), n, seed](int64_t epoch) {
            SplitMix random(seed, static_cast<uint64_t>(epoch));
            std::vector<int32_t> order;
            for (int64_t i = 0; i < n; ++i) {
              const double at = static_cast<double>(random.next() >> 12) * 0x1p-52 * upto.back();  // 52 bits: stays below the sum
              order.push_back(static_cast<int32_t>(std::upper_bound(upto.begin(), upto.end(), at) - upto.begin()));  // of no weight 0
            }
            return order;
          }};
}

std::vector<double> inverse_frequency_weights(const std::vector<int64_t>& counts) {
  check_all_there(counts);
  std::vector<double> weights;
  for (int64_t count : counts) weights.push_back(1 / static_cast<double>(count));
  return with_mean_one(counts, weights);
}

std::vector<double> effective_number_weights(const std::vector<int64_t>& counts, double beta) {
  check_all_there(counts);
  check(beta >= 0 && beta < 1, fmt::format("beta = {}; give one in [0, 1), .999 say", beta));
  std::vector<double> weights;
  for (int64_t count : counts) weights.push_back((1 - beta) / -std::expm1(static_cast<double>(count) * std::log(beta)));
  return with_mean_one(counts, weights);
}

}  // namespace duel
