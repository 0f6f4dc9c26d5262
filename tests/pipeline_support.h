// Images, records and recipes for the tests of augment/pipeline.h.
#pragma once
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "augment/draw/draw_op.h"
#include "augment/pipeline.h"
#include "engine/ops.h"

namespace duel::test {

inline const Rng rng{7, RandomStream::augment};

inline Tensor epoch(int value, Device device = Device::cpu) { return step_counter(value, device); }
inline Tensor ids(int64_t from, int64_t to, Device device = Device::cpu) {
  std::vector<double> numbers;
  for (int64_t i = from; i < to; ++i) numbers.push_back(static_cast<double>(i));
  return Tensor::from({to - from}, numbers, DType::i32, device);
}
inline Tensor noise(const Shape& shape, DType dtype, Device device = Device::cpu) {
  const Tensor u = Rng{3, RandomStream::test}.uniform(shape, step_counter(1, Device::cpu), 0, dtype == DType::u8 ? 255.99 : 1);
  if (dtype != DType::u8) return cast(u, dtype).to(device);
  std::vector<double> bytes = u.values();
  for (double& v : bytes) v = std::floor(v);
  return Tensor::from(shape, bytes, DType::u8, device);
}

// A record of one sample with these slots: the op and its values.
using Slots = std::vector<std::pair<AugOp, std::vector<float>>>;
inline Tensor record_of(const Slots& slots) {
  std::vector<float> record(static_cast<size_t>(record_floats(static_cast<int>(slots.size()))));
  for (size_t i = 0; i < slots.size(); ++i) {
    float* slot = &record[record_head + i * slot_floats];
    slot[0] = static_cast<float>(static_cast<int>(slots[i].first));
    for (size_t k = 0; k < slots[i].second.size(); ++k) slot[1 + k] = slots[i].second[k];
  }
  return Tensor::from_bytes({1, static_cast<int64_t>(record.size())}, DType::f32, record.data(), Device::cpu);
}
// A recipe of as many steps, whose draws do not matter.
inline Recipe recipe_of(const Slots& slots, const std::string& more) {
  std::string text;
  for (const auto& [op, values] : slots) text += std::string(name_of(op)) + ";";
  return parse_recipe(text + more);
}
inline Tensor applied(const Tensor& x, const Slots& slots, const std::string& more = "", const AugmentOptions& options = {}) {
  return replay(x, recipe_of(slots, more), rng, record_of(slots), options);
}

}  // namespace duel::test
