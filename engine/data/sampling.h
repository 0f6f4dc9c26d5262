// Which samples training sees, and how often: subsets of a data set, the order it is drawn in, and what each class weighs. All of it is
// lists of sample numbers; subset() and gather() of dataset.h turn them into images. The same numbers on every machine, from the seed.
//
// labels[i] lies in [0, classes). Errors are Error(usage) that lead with [sampling] and name the class.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace duel {

using Labels = std::span<const int32_t>;

std::vector<int64_t> class_counts(Labels labels, int classes);  // throws on a label out of range
// `total` as whole numbers in proportion to `shares` (not negative, not all 0), rounded down, the rest to the largest remainders.
std::vector<int64_t> largest_remainders(const std::vector<double>& shares, int64_t total);

// --- subsets: ascending sample numbers ---------------------------------------------------------------------------------------------------
// counts[c] samples of each class c, drawn without replacement. Nested: with one seed, smaller counts give a part of what larger ones give,
// so that a curve over sizes is about size. Throws where a class has too few.
std::vector<int32_t> take_counts(Labels labels, const std::vector<int64_t>& counts, uint64_t seed);
std::vector<int32_t> take_per_class(Labels labels, int classes, int64_t n, uint64_t seed);
// `total` samples in the classes' own proportions, by largest remainder.
std::vector<int32_t> take_stratified(Labels labels, int classes, int64_t total, uint64_t seed);
// Counts of a long tail, for take_counts: ⌊head·ratio^(−c/(classes − 1))⌋ of class c, so the first class has `ratio` ≥ 1 times as many as
// the last. Cui, Jia, Lin, Song & Belongie, "Class-balanced loss based on effective number of samples" (2019).
std::vector<int64_t> long_tail_counts(int64_t head, int classes, double ratio);

// --- balance by repeating or leaving out -------------------------------------------------------------------------------------------------
// Each sample, and then repeats until each class has target[c] samples (empty: as many as the largest class). No sample is repeated twice
// more often than another of its class. Originals come first, in order.
std::vector<int32_t> oversample(Labels labels, int classes, uint64_t seed, const std::vector<int64_t>& target = {});
// As many of each class as the smallest has.
std::vector<int32_t> undersample(Labels labels, int classes, uint64_t seed);

// --- streams for training ----------------------------------------------------------------------------------------------------------------
// Batches from an order that is made anew each epoch: a Shuffler (batches.h) for any order that is a pure function of the epoch. The last
// `length` mod batch numbers of an epoch are dropped. Two integers resume it.
class IndexStream {
 public:
  using Order = std::function<std::vector<int32_t>(int64_t epoch)>;  // `length` sample numbers
  IndexStream(int64_t length, int32_t batch, Order order);
  std::span<const int32_t> next();  // valid until the next call
  int64_t epoch() const { return epoch_; }
  int64_t position() const { return position_; }
  void seek(int64_t epoch, int64_t position);  // throws Error(data) on a position that no stream of this length and batch can have
  int64_t batches_per_epoch() const { return length_ / batch_; }

 private:
  int64_t length_;
  int32_t batch_;
  Order order_of_;
  int64_t epoch_ = 0, position_ = 0, made_ = -1;  // made_: the epoch that order_ is of
  std::vector<int32_t> order_;
};

// An epoch is as long as the data set and has equally many samples of each class (where the classes do not divide it, some get one more, in
// turn). Within an epoch a class's samples are used equally often too, so a large class shows another part of itself each epoch.
IndexStream balanced_stream(Labels labels, int classes, int32_t batch, uint64_t seed);
// Each number of an epoch, which is as long as the data set, is drawn anew: sample i with probability weights[i]/Σ weights, with
// replacement.
IndexStream weighted_stream(const std::vector<double>& weights, int32_t batch, uint64_t seed);

// --- weights of the classes' losses: their mean over samples is 1 ------------------------------------------------------------------------
// In proportion to 1/count. Throws where a class has no samples, as all of these do.
std::vector<double> inverse_frequency_weights(const std::vector<int64_t>& counts);
// In proportion to (1 − β)/(1 − β^count), the inverse of the effective number of samples; 0 ≤ β < 1, and β → 1 is the inverse frequency.
// Cui et al. (2019), eq. 2.
std::vector<double> effective_number_weights(const std::vector<int64_t>& counts, double beta = 0.999);

}  // namespace duel
