// The contents of tensors as they are now, to hold later ones against.
#pragma once
#include "engine/tensor.h"

namespace duel {

inline Tensors clones(const Tensors& list) {
  Tensors copies;
  for (const Tensor& t : list) copies.push_back(t.clone());
  return copies;
}

}  // namespace duel
