// The tensor map of the simulated GPU is the description itself.
#include "kernels/tensor_map.h"

#include <cstring>

namespace duel {

TensorMap make_tensor_map(const BoxedTensor& tensor) {
  static_assert(sizeof(BoxedTensor) <= sizeof(TensorMap::opaque));
  check_boxed_tensor(tensor);
  TensorMap map{};
  std::memcpy(map.opaque, &tensor, sizeof tensor);
  return map;
}

}  // namespace duel
