#include "augment/smote.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/data/batches.h"
#include "engine/data/sampling.h"
#include "engine/neighbours.h"
#include "engine/ops.h"
#include "engine/ops/check.h"
#include "engine/rng.h"
#include "kernels/random/philox.h"

namespace duel {
namespace {

std::vector<float> on_host(const Tensor& x) {
  std::vector<float> rows(static_cast<size_t>(x.count()));
  cast(x.detach(), DType::f32).copy_out(rows.data());
  return rows;
}

std::vector<float> rows_at(const std::vector<float>& rows, std::span<const int32_t> index, int64_t d) {
  std::vector<float> out;
  out.reserve(index.size() * static_cast<size_t>(d));
  for (int32_t i : index) out.insert(out.end(), rows.begin() + i * d, rows.begin() + (i + 1) * d);
  return out;
}

// Of the `count` samples nearest to each member, how many are of other classes.
std::vector<int> strangers(const std::vector<float>& all, std::span<const int32_t> labels, const std::vector<int32_t>& members, int64_t d,
                           int count) {
  check(static_cast<int64_t>(labels.size()) > count, "smote",
        "looks at the {} samples nearest to a sample, but there are only {} others; look at fewer", count, labels.size() - 1);
  const Neighbours found = nearest(rows_at(all, members, d), all, d, count + 1);  // one more, for the sample itself is among them
  std::vector<int> others;
  for (size_t i = 0; i < members.size(); ++i) {
    int seen = 0, strange = 0;
    for (int32_t j : found.of(static_cast<int64_t>(i)))
      if (j != members[i] && seen < count) ++seen, strange += labels[static_cast<size_t>(j)] != labels[static_cast<size_t>(members[i])];
    others.push_back(strange);
  }
  return others;
}

// `total` shared out evenly over the chosen members; who gets one more is drawn.
std::vector<int64_t> evenly(const std::vector<size_t>& chosen, size_t members, int64_t total, int64_t seed, int label) {
  std::vector<int64_t> quota(members);
  const int64_t n = static_cast<int64_t>(chosen.size());
  const std::vector<int32_t> order = permutation(static_cast<int32_t>(n), static_cast<uint64_t>(seed), label);
  for (int64_t i = 0; i < n; ++i) quota[chosen[static_cast<size_t>(order[static_cast<size_t>(i)])]] = total / n + (i < total % n);
  return quota;
}

// How many new samples start at each member.
std::vector<int64_t> quotas(const SmoteOptions& o, const std::vector<float>& all, std::span<const int32_t> labels,
                            const std::vector<int32_t>& members, int64_t d, int label, int64_t total) {
  std::vector<size_t> chosen(members.size());
  std::iota(chosen.begin(), chosen.end(), size_t{0});
  if (o.kind == Oversampling::smote) return evenly(chosen, members.size(), total, o.seed, label);
  const int count = o.kind == Oversampling::borderline ? o.surroundings : o.neighbours;
  const std::vector<int> others = strangers(all, labels, members, d, count);
  if (o.kind == Oversampling::borderline) {
    std::erase_if(chosen, [&](size_t i) { return 2 * others[i] < count || others[i] == count; });
    check(!chosen.empty(), "smote",
          "no sample of class {} is in danger: none has half or more, but not all, of its {} nearest samples in other classes; "
          "use plain SMOTE, or other surroundings",
          label, count);
    return evenly(chosen, members.size(), total, o.seed, label);
  }
  const double sum = std::accumulate(others.begin(), others.end(), 0.0);
  check(sum > 0, "smote", "no sample of class {} has another class among its {} nearest, so ADASYN has nothing to go by; use plain SMOTE",
        label, count);
  return largest_remainders(std::vector<double>(others.begin(), others.end()), total);
}

void check_class(const SmoteOptions& o, int label, int64_t count, int64_t target) {
  check(target >= count, "smote",
        "class {} has {} samples and a target of {}, but over-sampling only adds; raise the target, or undersample() before", label, count,
        target);
  if (target == count) return;
  check(count >= 2, "smote",
        "class {} has {} sample{}, and a line takes two; add real samples, or repeat it with oversample(), or set its target to {}", label,
        count, count == 1 ? "" : "s", count);
  check(count > o.neighbours, "smote",
        "class {} has {} samples, too few for {} neighbours besides a sample itself; set neighbours to {} or less, or its target "
        "to {}",
        label, count, o.neighbours, count - 1, count);
}

}  // namespace

Oversampled smote(const Tensor& x, std::span<const int32_t> labels, int classes, const SmoteOptions& o) {
  check_floating("smote", x);
  check(x.shape().rank() == 2 && x.shape()[0] == static_cast<int64_t>(labels.size()) && x.shape()[1] >= 1, "smote",
        "wants rows [n,d] and a label each, not {} and {} labels; reshape() images", x, labels.size());
  check(o.neighbours >= 1 && o.surroundings >= 1, "smote", "looks at {} and {} neighbours; give 1 at least", o.neighbours, o.surroundings);
  const int64_t d = x.shape()[1];
  Oversampled made;
  made.before = class_counts(labels, classes);
  made.after = o.target;
  if (o.target.empty()) made.after.assign(made.before.size(), *std::max_element(made.before.begin(), made.before.end()));
  check(made.after.size() == made.before.size(), "smote", "{} targets for {} classes; give one a class, or none", made.after.size(),
        classes);
  for (int c = 0; c < classes; ++c) check_class(o, c, made.before[static_cast<size_t>(c)], made.after[static_cast<size_t>(c)]);

  const std::vector<float> all = on_host(x);
  for (int c = 0; c < classes; ++c) {
    const int64_t total = made.after[static_cast<size_t>(c)] - made.before[static_cast<size_t>(c)];
    if (total == 0) continue;
    std::vector<int32_t> members;
    for (size_t i = 0; i < labels.size(); ++i)
      if (labels[i] == c) members.push_back(static_cast<int32_t>(i));
    const std::vector<int64_t> quota = quotas(o, all, labels, members, d, c, total);
    const Neighbours near = nearest_others(rows_at(all, members, d), d, o.neighbours);
    uint64_t number = 0;  // of the new sample in its class
    for (size_t i = 0; i < members.size(); ++i)
      for (int64_t j = 0; j < quota[i]; ++j, ++number) {
        const PhiloxWords w = philox_words(static_cast<uint64_t>(o.seed), static_cast<uint32_t>(RandomStream::oversampling),
                                           static_cast<uint32_t>(c), number, 0);
        const size_t which = static_cast<size_t>(uint64_t{w.x} * static_cast<uint64_t>(o.neighbours) >> 32);
        made.base.push_back(members[i]);
        made.neighbour.push_back(members[static_cast<size_t>(near.of(static_cast<int64_t>(i))[which])]);
        made.u.push_back(unit_float(w.y));
        made.labels.push_back(c);
      }
  }
  const int64_t count = static_cast<int64_t>(made.u.size());
  if (count == 0) {
    made.x = Tensor(Shape{0, d}, x.dtype(), x.device());
    return made;
  }
  const auto index = [&](const std::vector<int32_t>& rows) { return Tensor::from_bytes({count}, DType::i32, rows.data(), x.device()); };
  const Tensor from = gather_rows(x, index(made.base)), to = gather_rows(x, index(made.neighbour));
  made.x = from + (to - from) * cast(Tensor::from_bytes({count, 1}, DType::f32, made.u.data(), x.device()), x.dtype());
  return made;
}

OversampledImages smote(const Dataset& data, const SmoteOptions& options) {
  const int64_t d = static_cast<int64_t>(data.sample_bytes());
  const Tensor pixels = cast(Tensor::from_bytes({data.n, d}, DType::u8, data.images.data()), DType::f32);
  const Oversampled made = smote(pixels, data.labels, static_cast<int>(data.classes.size()), options);
  OversampledImages out{data, made.before, made.after, made.base, made.neighbour, made.u};
  std::vector<float> rows(static_cast<size_t>(made.x.count()));
  made.x.copy_out(rows.data());
  for (float v : rows) out.data.images.push_back(static_cast<uint8_t>(std::lround(std::clamp(v, 0.f, 255.f))));
  out.data.labels.insert(out.data.labels.end(), made.labels.begin(), made.labels.end());
  out.data.n = data.n + static_cast<int>(made.labels.size());
  return out;
}

}  // namespace duel
