// The order in which training sees its samples: a pure function of (seed, epoch), so that two integers resume it exactly.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace duel {

// A permutation of 0 … n−1 (Fisher–Yates). The same on every machine.
std::vector<int32_t> permutation(int32_t n, uint64_t seed, int64_t epoch);

// Batches of `batch` of n samples, each epoch in its own order. The last n mod batch samples of an epoch's order are dropped; the order
// differs each epoch, so no sample is dropped for good. Throws Error(usage) when a batch is larger than the data set.
class Shuffler {
 public:
  Shuffler(int32_t n, int32_t batch, uint64_t seed);

  // Sample numbers of the next batch. Valid until the next call.
  std::span<const int32_t> next();

  // The whole state: which epoch, and how many of its samples have been given out. seek() to them gives what next() would have given.
  int64_t epoch() const { return epoch_; }
  int64_t position() const { return position_; }
  void seek(int64_t epoch, int64_t position);  // throws Error(data) on a position that no run of this size and batch can have

  int64_t batches_per_epoch() const { return n_ / batch_; }

 private:
  int32_t n_, batch_;
  uint64_t seed_;
  int64_t epoch_ = 0, position_ = 0, shuffled_ = -1;  // shuffled_: the epoch that order_ is of
  std::vector<int32_t> order_;
};

}  // namespace duel
