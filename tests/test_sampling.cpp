// Subsets, balance, streams and class weights: counts by hand, nothing twice that should be there once, the same again from the same seed.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "engine/data/sampling.h"
#include "tests/file_support.h"

using namespace duel;
using namespace duel::test;

namespace {

// Class c has counts[c] samples, in a mixed order.
std::vector<int32_t> labels_of(const std::vector<int>& counts) {
  std::vector<int32_t> labels;
  for (size_t c = 0; c < counts.size(); ++c) labels.insert(labels.end(), static_cast<size_t>(counts[c]), static_cast<int32_t>(c));
  for (size_t i = labels.size(); i > 1; --i) std::swap(labels[i - 1], labels[(i * 7919 + 13) % i]);
  return labels;
}
std::vector<int64_t> counts_of(const std::vector<int32_t>& indices, const std::vector<int32_t>& labels, int classes) {
  std::vector<int32_t> own;
  for (int32_t i : indices) own.push_back(labels[static_cast<size_t>(i)]);
  return class_counts(own, classes);
}
bool ascending_and_single(const std::vector<int32_t>& indices) {
  return std::adjacent_find(indices.begin(), indices.end(), std::greater_equal<>()) == indices.end();
}
std::vector<int32_t> epoch_of(IndexStream& stream, int64_t epoch) {
  stream.seek(epoch, 0);
  std::vector<int32_t> all;
  for (int64_t b = 0; b < stream.batches_per_epoch(); ++b) {
    const auto batch = stream.next();
    all.insert(all.end(), batch.begin(), batch.end());
  }
  return all;
}
using Counts = std::vector<int64_t>;

}  // namespace

TEST_CASE("the tail that the papers print for CIFAR-10, and its ends") {
  CHECK(long_tail_counts(5000, 10, 100) == Counts{5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50});
  CHECK(long_tail_counts(5000, 10, 10) == Counts{5000, 3871, 2997, 2320, 1796, 1391, 1077, 834, 645, 500});
  CHECK(long_tail_counts(7, 3, 1) == Counts{7, 7, 7});
  CHECK(long_tail_counts(9, 1, 50) == Counts{9});
  check_refused([] { long_tail_counts(50, 10, 100); }, {"[sampling]", "class 8", "larger head"}, Failure::usage);
  check_refused([] { long_tail_counts(50, 10, 0.5); }, {"[sampling]"}, Failure::usage);
}

TEST_CASE("subsets have the counts that were asked for, no sample twice, and nest") {
  const std::vector<int32_t> labels = labels_of({50, 40, 30});
  const std::vector<int32_t> some = take_counts(labels, {20, 10, 0}, 3), more = take_counts(labels, {30, 40, 5}, 3);
  CHECK(counts_of(some, labels, 3) == Counts{20, 10, 0});
  CHECK(counts_of(more, labels, 3) == Counts{30, 40, 5});
  CHECK(ascending_and_single(some));
  CHECK(std::includes(more.begin(), more.end(), some.begin(), some.end()));
  CHECK(take_counts(labels, {20, 10, 0}, 3) == some);
  CHECK(take_counts(labels, {20, 10, 0}, 4) != some);
  CHECK(counts_of(take_per_class(labels, 3, 7, 1), labels, 3) == Counts{7, 7, 7});
  CHECK(counts_of(take_stratified(labels, 3, 60, 1), labels, 3) == Counts{25, 20, 15});
  CHECK(counts_of(take_stratified(labels, 3, 11, 1), labels, 3) == Counts{4, 4, 3});  // 4.58, 3.67, 2.75: the last two have more left over
  CHECK(take_stratified(labels, 3, 0, 1).empty());
  CHECK(take_stratified(labels, 3, 120, 1).size() == 120);
}

TEST_CASE("each sample of a class is as likely to be taken as another") {
  const std::vector<int32_t> labels = labels_of({10, 3});
  std::vector<int> taken(labels.size());
  for (uint64_t seed = 0; seed < 2000; ++seed)
    for (int32_t i : take_counts(labels, {4, 1}, seed)) ++taken[static_cast<size_t>(i)];
  for (size_t i = 0; i < labels.size(); ++i) {
    const double p = labels[i] == 0 ? 0.4 : 1 / 3.0;
    CHECK(std::abs(taken[i] - 2000 * p) < 5 * std::sqrt(2000 * p * (1 - p)));
  }
}

TEST_CASE("largest remainders") {
  CHECK(largest_remainders({1, 1, 1}, 10) == Counts{4, 3, 3});
  CHECK(largest_remainders({0.5, 0, 1.5}, 4) == Counts{1, 0, 3});
  CHECK(largest_remainders({1, 2}, 0) == Counts{0, 0});
  for (int64_t total = 0; total < 500; ++total) {
    const Counts out = largest_remainders({0.1, 0.2, 0.3, 0, 1e-9, 0.7}, total);
    CHECK(std::accumulate(out.begin(), out.end(), int64_t{0}) == total);
    CHECK(out[3] == 0);
    CHECK(std::abs(static_cast<double>(out[2]) - 0.3 / 1.3 * static_cast<double>(total)) < 1);
  }
  check_refused([] { largest_remainders({0, 0}, 3); }, {"[sampling]"}, Failure::usage);
  check_refused([] { largest_remainders({1, -1}, 3); }, {"[sampling]"}, Failure::usage);
}

TEST_CASE("over- and under-sampling balance, and repeat evenly") {
  const std::vector<int32_t> labels = labels_of({50, 8, 20});
  const std::vector<int32_t> over = oversample(labels, 3, 5);
  CHECK(counts_of(over, labels, 3) == Counts{50, 50, 50});
  for (int32_t i = 0; i < 78; ++i) REQUIRE(over[static_cast<size_t>(i)] == i);
  std::map<int32_t, int> times;
  for (int32_t i : over) ++times[i];
  for (const auto& [i, n] : times) {
    const int32_t c = labels[static_cast<size_t>(i)];
    CHECK((c == 0 ? n == 1 : c == 1 ? n == 6 || n == 7 : n == 2 || n == 3));
  }
  CHECK(counts_of(oversample(labels, 3, 5, {50, 9, 21}), labels, 3) == Counts{50, 9, 21});
  CHECK(oversample(labels, 3, 5) == over);
  CHECK(oversample(labels, 3, 6) != over);
  const std::vector<int32_t> under = undersample(labels, 3, 5);
  CHECK(counts_of(under, labels, 3) == Counts{8, 8, 8});
  CHECK(ascending_and_single(under));
}

TEST_CASE("a balanced stream: every class equally often, every sample of a class in turn, and it resumes") {
  const std::vector<int32_t> labels = labels_of({60, 7, 24});  // 91 = 3·30 + 1
  IndexStream stream = balanced_stream(labels, 3, 7, 11);
  CHECK(stream.batches_per_epoch() == 13);
  Counts whole(3);
  std::vector<int> times(labels.size());
  for (int64_t epoch = 0; epoch < 6; ++epoch) {
    const std::vector<int32_t> order = epoch_of(stream, epoch);
    const Counts counts = counts_of(order, labels, 3);
    for (int64_t n : counts) CHECK((n == 30 || n == 31));
    for (size_t c = 0; c < 3; ++c) whole[c] += counts[c];
    for (int32_t i : order) ++times[static_cast<size_t>(i)];
  }
  CHECK(whole == Counts{182, 182, 182});  // who gets the odd one takes turns
  for (size_t i = 0; i < labels.size(); ++i) {
    const int size = labels[i] == 0 ? 60 : labels[i] == 1 ? 7 : 24;
    CHECK((times[i] == 182 / size || times[i] == 182 / size + 1));
  }
  CHECK(epoch_of(stream, 2) != epoch_of(stream, 3));
  const std::vector<int32_t> second = epoch_of(stream, 2);
  IndexStream later = balanced_stream(labels, 3, 7, 11);
  later.seek(2, 21);
  for (int b = 3; b < 13; ++b) {
    const auto batch = later.next();
    CHECK(std::equal(batch.begin(), batch.end(), second.begin() + 7 * b));
  }
  CHECK((later.epoch() == 2 && later.position() == 91));
  later.next();
  CHECK((later.epoch() == 3 && later.position() == 7));
}

TEST_CASE("a weighted stream draws by the weights, never a sample of weight 0") {
  const std::vector<double> weights{0, 1, 2, 5, 0};
  IndexStream stream = weighted_stream(weights, 5, 3);
  std::vector<int> times(5);
  for (int64_t epoch = 0; epoch < 4000; ++epoch)
    for (int32_t i : epoch_of(stream, epoch)) ++times[static_cast<size_t>(i)];
  for (size_t i = 0; i < 5; ++i) {
    const double p = weights[i] / 8, expected = 20000 * p;
    CHECK(std::abs(times[i] - expected) <= 5 * std::sqrt(expected * (1 - p)));
  }
  CHECK(epoch_of(stream, 9) == epoch_of(stream, 9));
  CHECK(weighted_stream(weights, 5, 4).next()[0] >= 1);
}

TEST_CASE("class weights: their mean over samples is 1") {
  const Counts counts{4000, 100, 25};
  const double total = 4125;
  for (const std::vector<double>& w : {inverse_frequency_weights(counts), effective_number_weights(counts, 0.999)}) {
    double sum = 0;
    for (size_t c = 0; c < 3; ++c) sum += w[c] * static_cast<double>(counts[c]);
    CHECK(sum / total == doctest::Approx(1));
  }
  const std::vector<double> inverse = inverse_frequency_weights(counts), effective = effective_number_weights(counts, 0.99);
  CHECK(inverse[1] == doctest::Approx(total / (3 * 100)));
  CHECK(inverse[2] / inverse[0] == doctest::Approx(160));
  CHECK(effective[2] / effective[0] == doctest::Approx((1 - std::pow(0.99, 4000)) / (1 - std::pow(0.99, 25))));
  CHECK(effective_number_weights(counts, 0) == std::vector<double>{1, 1, 1});
  CHECK(effective_number_weights(counts, 1 - 1e-12)[2] == doctest::Approx(inverse[2]).epsilon(1e-6));
}

TEST_CASE("what cannot be sampled is refused, naming the class") {
  const std::vector<int32_t> labels = labels_of({5, 2}), none;
  check_refused([&] { class_counts(labels, 1); }, {"[sampling]", "label 1"}, Failure::usage);
  check_refused([&] { class_counts(labels, 0); }, {"[sampling]"}, Failure::usage);
  check_refused([&] { take_counts(labels, {2, 3}, 1); }, {"[sampling]", "3 samples of class 1", "has 2"}, Failure::usage);
  check_refused([&] { take_counts(labels, {-1, 0}, 1); }, {"[sampling]"}, Failure::usage);
  check_refused([&] { take_stratified(labels, 2, 8, 1); }, {"[sampling]", "8 of 7"}, Failure::usage);
  check_refused([&] { oversample(labels, 3, 1); }, {"[sampling]", "class 2 has no samples"}, Failure::usage);
  check_refused([&] { oversample(labels, 2, 1, {4, 2}); }, {"[sampling]", "class 0 has 5"}, Failure::usage);
  check_refused([&] { oversample(labels, 2, 1, {6}); }, {"[sampling]", "one a class"}, Failure::usage);
  check_refused([&] { undersample(labels, 3, 1); }, {"[sampling]", "class 2"}, Failure::usage);
  check_refused([&] { balanced_stream(labels, 3, 2, 1); }, {"[sampling]", "class 2"}, Failure::usage);
  check_refused([&] { balanced_stream(labels, 2, 8, 1); }, {"[sampling]", "1 to 7"}, Failure::usage);
  check_refused([&] { balanced_stream(labels, 2, 2, 1).seek(0, 3); }, {"[sampling]"}, Failure::data);
  check_refused([&] { weighted_stream({0, 0}, 1, 1); }, {"[sampling]"}, Failure::usage);
  check_refused([&] { weighted_stream({1, std::nan("")}, 1, 1); }, {"[sampling]"}, Failure::usage);
  check_refused([&] { inverse_frequency_weights({3, 0}); }, {"[sampling]", "class 1"}, Failure::usage);
  check_refused([&] { effective_number_weights({3, 1}, 1); }, {"[sampling]", "beta = 1"}, Failure::usage);
}
