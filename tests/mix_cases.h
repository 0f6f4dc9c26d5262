// Derivative checks of augment/mix.h: test_mix runs them, test_augment counts their ops as checked.
#pragma once
#include <vector>

#include "augment/mix.h"
#include "engine/ops.h"
#include "tests/gradcheck.h"

namespace duel::test {

inline std::vector<GradCase> mix_grad_cases() {
  const auto pairs = [] { return pairs_of({2, 0, 1}, Device::cpu); };  // no inverse of itself
  const auto how = [pairs] {
    return Mixing{pairs(), Tensor::from({3}, {0.75, 0.5, 0.125}, DType::f32, Device::cpu),
                  Tensor::from({3, 4}, {0, 0, 1, 2, 1, 1, 2, 3, 0, 0, 0, 3}, DType::i32, Device::cpu)};
  };
  return {
      {"mix_samples",
       "by x and both weights",
       {values({3, 2, 2}, 1), values({3}, 2), values({3}, 3)},
       [=](const Tensors& t) { return square(mix_samples(t[0], pairs(), t[1], t[2])); }},
      {"mix_samples", "mixup of rows", {values({3, 4}, 4)}, [=](const Tensors& t) { return square(mixup(t[0], how())); }},
      {"mix_samples",
       "pairs that are their own partners",
       {values({2, 3}, 5)},
       [](const Tensors& t) {
         return square(sample_pairing(t[0], pairs_of({0, 1}, Device::cpu)));
       }},
      {"paste_boxes",
       "cutmix of a product",
       {values({3, 2, 3, 2}, 6), values({3, 2, 3, 2}, 7)},
       [=](const Tensors& t) { return mul(cutmix(mul(t[0], t[1]), how()), square(t[1])); }},
      {"paste_boxes",
       "different boxes out and in",
       {values({3, 2, 3, 1}, 8)},
       [=](const Tensors& t) {
         const Tensor erase = Tensor::from({3, 4}, {0, 1, 2, 2, 0, 0, 2, 3, 1, 0, 2, 1}, DType::i32, Device::cpu);
         return square(paste_boxes(t[0], pairs(), erase, how().box));
       }},
      {"mix_samples", "moments exchanged", {values({3, 2, 1, 3}, 9)}, [=](const Tensors& t) { return moex(t[0], pairs()); }},
      {"mix_samples",
       "mixed cross entropy behind mixup",
       {values({3, 4}, 10)},
       [=](const Tensors& t) {
         return mixed_cross_entropy(mixup(t[0], how()), Tensor::from({3}, {0, 3, 1}, DType::i32, Device::cpu), how());
       }},
  };
}

}  // namespace duel::test
