// Tensor maps of the simulated GPU.
#include "kernels/tensor_map.h"

#include <cstring>

#include "kernels/sim/bulk_flight.h"

namespace duel {
namespace {

TensorMap packed(const sim::Described& described) {
  TensorMap map{};
  std::memcpy(map.opaque, static_cast<const void*>(&described), sizeof described);
  return map;
}

}  // namespace

TensorMap make_tensor_map(const BoxedTensor& tensor) {
  check_boxed_tensor(tensor);
  sim::Described described;
  described.shape = sim::CopyShape::box, described.box = tensor;
  return packed(described);
}

TensorMap make_tensor_map(const Im2colTensor& tensor) {
  check_im2col_tensor(tensor);
  sim::Described described;
  described.shape = sim::CopyShape::columns, described.columns = tensor;
  return packed(described);
}

}  // namespace duel
