#include "augment/mix.h"

#include <limits>

#include "augment/mix/element.h"
#include "augment/mix/mix.h"
#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"
#include "kernels/layout/layout.h"

namespace duel {
namespace {

constexpr int64_t i32_most = std::numeric_limits<int32_t>::max();

void check_mixable(const char* op, const Tensor& x) {
  check(x && x.shape().rank() >= 1 && mixes(x.dtype()), op, "wants samples [n, …] in f32, f64, bf16 or u8, not {}", x);
  for (int64_t size : x.shape().dims()) check(size <= i32_most, op, "an axis of {} is longer than 2³¹ − 1; cut it", x);
}

void check_beside(const char* op, const char* what, const Tensor& x, const Tensor& t, DType dtype, const Shape& shape) {
  check(t && t.dtype() == dtype && t.shape() == shape && t.device() == x.device(), op, "wants {} {}{} where x is ({}), not {}", what,
        name_of(dtype), shape, x, t);
}

// On the CPU also that the two undo each other; elsewhere reading them back would stall the device, and pairs_of() has checked them.
void check_pairs(const char* op, const Tensor& x, const Pairs& pairs) {
  const int64_t n = x.shape()[0];
  check_beside(op, "partners", x, pairs.partner, DType::i32, {n});
  check_beside(op, "their inverse", x, pairs.inverse, DType::i32, {n});
  if (x.device() != Device::cpu) return;
  const int32_t *partner = static_cast<const int32_t*>(pairs.partner.data()), *inverse = static_cast<const int32_t*>(pairs.inverse.data());
  for (int64_t i = 0; i < n; ++i)
    check(partner[i] >= 0 && partner[i] < n && inverse[partner[i]] == i, op,
          "partner {} of sample {} is not undone by the inverse; make the pairs with pairs_of()", partner[i], i);
}

// rows[index[i]] of i32 rows [n] or [n,4], which have no derivative.
Tensor gather_i32(const Tensor& rows, const Tensor& index) {
  Tensor y(rows.shape(), DType::i32, rows.device());
  const int64_t n = rows.shape()[0];
  if (n)
    dispatch<GatherRows>({.rows = n, .cols = rows.count() / n, .count = n, .dtype = DType::i32}, {rows.data(), index.data(), y.data()},
                         rows.device());
  return y;
}

Tensor weights(const Tensor& x, double value) { return Tensor::full({x.shape()[0]}, value, accumulator_of(x.dtype()), x.device()); }
Tensor of_partners(const Tensor& x, const Pairs& pairs) { return mix_samples(x, pairs, weights(x, 0), weights(x, 1)); }

// Σ over a sample of a·b: [n], in the accumulator's dtype.
Tensor dot_per_sample(const Tensor& a, const Tensor& b) {
  const DType t = accumulator_of(a.dtype());
  return reshape(sum_per_sample(mul(cast(a, t), cast(b, t))), {a.shape()[0]});
}

Tensor share_for(const char* op, const Tensor& x, const Mixing& how, DType dtype) {
  check_beside(op, "shares", x, how.share, DType::f32, {x.shape()[0]});
  return cast(how.share, dtype);
}

}  // namespace

Tensor mix_samples(const Tensor& x, const Pairs& pairs, const Tensor& a, const Tensor& b) {
  check_mixable("mix_samples", x);
  check_pairs("mix_samples", x, pairs);
  const int64_t n = x.shape()[0];
  for (const Tensor& w : {a, b}) check_beside("mix_samples", "weights", x, w, accumulator_of(x.dtype()), {n});
  Tensor y(x.shape(), x.dtype(), x.device());
  dispatch<MixSamples>({.n = n, .inner = n ? x.count() / n : 0, .dtype = x.dtype()},
                       {x.data(), pairs.partner.data(), a.data(), b.data(), y.data()}, x.device());
  if (!is_floating(x.dtype())) return y;  // integers have no derivative
  return record("mix_samples", y, {x, a, b}, [x, pairs, a, b, n](const Tensor&, const Tensor& g, Needs needs) {
    Tensors gradients(3);
    if (needs[0]) gradients[0] = mix_samples(g, pairs.turned(), a, reshape(gather_rows(reshape(b, {n, 1}), pairs.inverse), {n}));
    if (needs[1]) gradients[1] = dot_per_sample(g, x);
    if (needs[2]) gradients[2] = dot_per_sample(g, of_partners(x, pairs));
    return gradients;
  });
}

Tensor paste_boxes(const Tensor& x, const Pairs& pairs, const Tensor& erase, const Tensor& paste) {
  check_mixable("paste_boxes", x);
  check(x.shape().rank() == 4, "paste_boxes", "wants images [n,h,w,c], not {}; reshape() them", x);
  check_pairs("paste_boxes", x, pairs);
  const auto size = [&](int axis) { return static_cast<int>(x.shape()[axis]); };
  for (const Tensor& box : {erase, paste}) check_beside("paste_boxes", "boxes", x, box, DType::i32, {size(0), 4});
  Tensor y(x.shape(), x.dtype(), x.device());
  dispatch<PasteBoxes>({.n = size(0), .h = size(1), .w = size(2), .c = size(3), .dtype = x.dtype()},
                       {x.data(), pairs.partner.data(), erase.data(), paste.data(), y.data()}, x.device());
  if (!is_floating(x.dtype())) return y;
  return record("paste_boxes", y, {x}, [pairs, erase, paste](const Tensor&, const Tensor& g, Needs) {
    return Tensors{paste_boxes(g, pairs.turned(), erase, gather_i32(paste, pairs.inverse))};
  });
}

Tensor mixup(const Tensor& x, const Mixing& how) {
  check_mixable("mixup", x);
  const Tensor share = share_for("mixup", x, how, accumulator_of(x.dtype()));
  return mix_samples(x, how.pairs, share, affine(share, -1, 1));
}

Tensor cutmix(const Tensor& x, const Mixing& how) {
  check(static_cast<bool>(how.box), "cutmix", "there are no boxes; draw with draw_cutmix()");
  return paste_boxes(x, how.pairs, how.box, how.box);
}

Tensor sample_pairing(const Tensor& x, const Pairs& pairs) {
  check_mixable("sample_pairing", x);
  return mix_samples(x, pairs, weights(x, 0.5), weights(x, 0.5));
}

Tensor moex(const Tensor& x, const Pairs& pairs, double eps) {
  check_floating("moex", x);
  check(x.shape().rank() >= 2 && x.shape()[-1] >= 2, "moex",
        "wants features [n, …, c] of two channels or more, not {}: one has no moments to exchange", x);
  check(eps > 0, "moex", "eps = {} is not above 0, and a position of equal channels would divide by it", eps);
  const int64_t n = x.shape()[0], c = x.shape()[-1], positions = x.count() / c;
  if (positions == 0) return x;
  const Tensor rows = reshape(cast(x, accumulator_of(x.dtype())), {positions, c});
  const auto theirs = [&](const Tensor& moment) {  // [positions, 1], of the partner
    return reshape(of_partners(reshape(moment, {n, positions / n}), pairs), {positions, 1});
  };
  const Tensor mu = mean_per_sample(rows), centred = rows - mu;
  const Tensor sigma = sqrt(mean_per_sample(square(centred)) + eps);
  return cast(reshape(centred / sigma * theirs(sigma) + theirs(mu), x.shape()), x.dtype());
}

Mixing fixed_share(const Pairs& pairs, double share) {
  check(pairs.partner && pairs.partner.shape().rank() == 1, "fixed_share", "the pairs are undefined; make them with draw_pairs()");
  check(share >= 0 && share <= 1, "fixed_share", "a share of {}; give one in [0, 1]", share);
  return {pairs, Tensor::full(pairs.partner.shape(), share, DType::f32, pairs.partner.device()), {}};
}

Tensor mixed_cross_entropy(const Tensor& logits, const Tensor& labels, const Mixing& how) {
  check_floating("mixed_cross_entropy", logits);
  check(logits.shape().rank() == 2, "mixed_cross_entropy", "wants logits [n,c], not {}", logits);
  check_beside("mixed_cross_entropy", "labels", logits, labels, DType::i32, {logits.shape()[0]});
  check_pairs("mixed_cross_entropy", logits, how.pairs);
  const Tensor own = cross_entropy(logits, labels), other = cross_entropy(logits, gather_i32(labels, how.pairs.partner));
  const Tensor share = share_for("mixed_cross_entropy", logits, how, own.dtype());
  return share * own + affine(share, -1, 1) * other;
}

}  // namespace duel
