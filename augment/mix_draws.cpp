// What augment/mix.h draws: pure functions of (seed, stream, step, sample).
#include <algorithm>
#include <limits>
#include <numeric>

#include "augment/mix.h"
#include "augment/mix/beta.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

// Philox blocks, so that no two draws of a sample share a word. Those of a whole batch stand under sample 0, whatever `first` is.
constexpr uint64_t share_block = 0, centre_block = beta_blocks, partner_block = centre_block + 1, batch_share_block = 2 * beta_blocks,
                   batch_centre_block = batch_share_block + beta_blocks, coin_block = batch_centre_block + 1;

struct Drawer {
  uint64_t seed;
  uint32_t stream, step;
  Drawer(const Rng& rng, int at)
      : seed(static_cast<uint64_t>(rng.seed)), stream(static_cast<uint32_t>(rng.stream)), step(static_cast<uint32_t>(at)) {}
  PhiloxWords words(uint64_t sample, uint64_t block) const { return philox_words(seed, stream, step, sample, block); }
  float beta(uint64_t sample, uint64_t block, double alpha) const {
    return beta_draw(seed, stream, step, sample, block, static_cast<float>(alpha));
  }
};

void check_batch(const char* op, int64_t n) {
  check(n >= 0 && n <= std::numeric_limits<int32_t>::max(), op, "a batch of {}; give 0 to 2³¹ − 1 samples", n);
}

std::vector<float> draw_shares(const char* op, int64_t n, double alpha, Share each, const Drawer& draw, int64_t first) {
  check_batch(op, n);
  check(alpha > 0 && alpha <= 1e4, op, "alpha = {}; give one above 0, up to 10000", alpha);
  std::vector<float> shares(static_cast<size_t>(n));
  const float all = each == Share::batch ? draw.beta(0, batch_share_block, alpha) : 0.f;
  for (int64_t i = 0; i < n; ++i)
    shares[static_cast<size_t>(i)] = each == Share::batch ? all : draw.beta(static_cast<uint64_t>(first + i), share_block, alpha);
  return shares;
}

// A whole number in [0, count), from the upper bits of a word. The bias is count/2³².
int below(uint32_t word, int count) { return static_cast<int>(uint64_t{word} * static_cast<uint64_t>(count) >> 32); }

// Begin and end of `length` pixels about `centre` of an axis of `size`, clipped.
struct Range {
  int begin, end;
};
Range clipped(int centre, int length, int size) {
  const int begin = centre - length / 2;
  return {std::clamp(begin, 0, size), std::clamp(begin + length, 0, size)};
}

}  // namespace

Pairs pairs_of(const std::vector<int32_t>& partner, Device device) {
  const int64_t n = static_cast<int64_t>(partner.size());
  check_batch("pairs_of", n);
  std::vector<int32_t> inverse(partner.size(), -1);
  for (int64_t i = 0; i < n; ++i) {
    const int32_t p = partner[static_cast<size_t>(i)];
    check(p >= 0 && p < n && inverse[static_cast<size_t>(p)] < 0, "pairs_of",
          "partner {} of sample {} is out of range or taken; every sample must be the partner of exactly one", p, i);
    inverse[static_cast<size_t>(p)] = static_cast<int32_t>(i);
  }
  return {Tensor::from_bytes({n}, DType::i32, partner.data(), device), Tensor::from_bytes({n}, DType::i32, inverse.data(), device)};
}

Pairs draw_pairs(int64_t n, const Rng& rng, int step, int64_t first, Device device) {
  check_batch("draw_pairs", n);
  const Drawer draw(rng, step);
  std::vector<uint64_t> keys(static_cast<size_t>(n));  // sorting by independent keys gives every permutation the same chance
  for (int64_t i = 0; i < n; ++i) {
    const PhiloxWords w = draw.words(static_cast<uint64_t>(first + i), partner_block);
    keys[static_cast<size_t>(i)] = uint64_t{w.x} << 32 | w.y;
  }
  std::vector<int32_t> partner(static_cast<size_t>(n));
  std::iota(partner.begin(), partner.end(), 0);
  std::stable_sort(partner.begin(), partner.end(),
                   [&](int32_t i, int32_t j) { return keys[static_cast<size_t>(i)] < keys[static_cast<size_t>(j)]; });
  return pairs_of(partner, device);
}

Mixing draw_mixup(int64_t n, double alpha, Share each, const Rng& rng, int step, int64_t first, Device device) {
  const std::vector<float> shares = draw_shares("draw_mixup", n, alpha, each, Drawer(rng, step), first);
  return {draw_pairs(n, rng, step, first, device), Tensor::from_bytes({n}, DType::f32, shares.data(), device), {}};
}

Mixing draw_cutmix(const Shape& images, double alpha, Share each, const Rng& rng, int step, int64_t first, Device device) {
  check(images.rank() == 4, "draw_cutmix", "wants the shape of images [n,h,w,c], not {}", images);
  for (int axis : {1, 2}) check(images[axis] >= 1 && images[axis] <= (1 << 20), "draw_cutmix", "images of {} have no side to cut", images);
  const int64_t n = images[0];
  const int h = static_cast<int>(images[1]), w = static_cast<int>(images[2]);
  const Drawer draw(rng, step);
  std::vector<float> shares = draw_shares("draw_cutmix", n, alpha, each, draw, first);
  std::vector<int32_t> boxes;
  for (int64_t i = 0; i < n; ++i) {
    float& share = shares[static_cast<size_t>(i)];
    const bool common = each == Share::batch;  // one λ, one box: after clipping another box would have another λ
    const PhiloxWords words = common ? draw.words(0, batch_centre_block) : draw.words(static_cast<uint64_t>(first + i), centre_block);
    const float side = sqrt_rn(sub_rn(1.f, share));
    const Range rows = clipped(below(words.x, h), static_cast<int>(mul_rn(side, static_cast<float>(h))), h);
    const Range columns = clipped(below(words.y, w), static_cast<int>(mul_rn(side, static_cast<float>(w))), w);
    boxes.insert(boxes.end(), {rows.begin, columns.begin, rows.end, columns.end});
    const int64_t area = int64_t{rows.end - rows.begin} * (columns.end - columns.begin);
    share = static_cast<float>(1 - static_cast<double>(area) / (static_cast<double>(h) * w));
  }
  return {draw_pairs(n, rng, step, first, device), Tensor::from_bytes({n}, DType::f32, shares.data(), device),
          Tensor::from_bytes({n, 4}, DType::i32, boxes.data(), device)};
}

bool draw_mixing_coin(double p, const Rng& rng, int step) {
  check(p >= 0 && p <= 1, "draw_mixing_coin", "p = {} is no probability; give one in [0, 1]", p);
  return unit_float(Drawer(rng, step).words(0, coin_block).x) < static_cast<float>(p);
}

bool sample_pairing_on(const PairingSchedule& s, int64_t epoch) {
  check(s.start >= 0 && s.on >= 1 && s.off >= 0 && s.stop > s.start, "sample_pairing_on",
        "from epoch {} to {}, {} on and {} off, is never on; set stop beyond start, and on to 1 at least", s.start, s.stop, s.on, s.off);
  return epoch >= s.start && epoch < s.stop && (epoch - s.start) % (s.on + s.off) < s.on;
}

}  // namespace duel
