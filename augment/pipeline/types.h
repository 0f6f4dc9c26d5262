// The element types of a problem.
#pragma once
#include "augment/pipeline/pipeline_op.h"

namespace duel {

inline bool augment_types(const AugmentProblem& p) { return p.dtype == DType::u8 || p.dtype == DType::bf16 || p.dtype == DType::f32; }

// Calls f(TypeTag<X>{}, TypeTag<Y>{}) with the element types of x and y.
template <class F>
void with_augment_types(const AugmentProblem& p, F&& f) {
  const auto with_y = [&](auto x) {
    if (p.to == DType::bf16) f(x, TypeTag<bf16>{});
    else f(x, TypeTag<float>{});
  };
  if (p.dtype == DType::u8) with_y(TypeTag<uint8_t>{});
  else if (p.dtype == DType::bf16) with_y(TypeTag<bf16>{});
  else with_y(TypeTag<float>{});
}

}  // namespace duel
