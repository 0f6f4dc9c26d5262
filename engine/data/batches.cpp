#include "engine/data/batches.h"

#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "engine/data/splitmix.h"
#include "engine/io/file.h"
#include "kernels/error.h"

namespace duel {

std::vector<int32_t> permutation(int32_t n, uint64_t seed, int64_t epoch) {
  std::vector<int32_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  SplitMix random(seed, static_cast<uint64_t>(epoch));
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

Shuffler::Shuffler(int32_t n, int32_t batch, uint64_t seed) : n_(n), batch_(batch), seed_(seed) {
  if (batch < 1) fail(Failure::usage, fmt::format("[shuffler] a batch of {}; take at least 1", batch));
  if (batch > n)
    fail(Failure::usage, fmt::format("[shuffler] a batch of {} from {}; take --batch {} or smaller", batch, counted(n, "sample"), n));
}

std::span<const int32_t> Shuffler::next() {
  if (position_ + batch_ > n_) {
    ++epoch_;
    position_ = 0;
  }
  if (shuffled_ != epoch_) {
    order_ = permutation(n_, seed_, epoch_);
    shuffled_ = epoch_;
  }
  const auto batch = std::span(order_).subspan(static_cast<size_t>(position_), static_cast<size_t>(batch_));
  position_ += batch_;
  return batch;
}

void Shuffler::seek(int64_t epoch, int64_t position) {
  if (epoch < 0 || position < 0 || position > n_ || position % batch_ != 0)
    fail(Failure::data,
         fmt::format("[shuffler] cannot go on at epoch {}, sample {} with {} samples in batches of {}: the data set or the batch size "
                     "is not the one of the saved run",
                     epoch, position, n_, batch_));
  epoch_ = epoch;
  position_ = position;
}

}  // namespace duel
