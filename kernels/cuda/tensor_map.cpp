// Tensor maps by the driver, which is reached through the runtime: nothing links libcuda.
#include <cuda.h>
#include <cuda_runtime.h>

#include <cstring>

#include "kernels/cuda/entry_point.h"
#include "kernels/im2col_map.h"
#include "kernels/launch.h"

namespace duel {
namespace {

constexpr CUtensorMapSwizzle swizzles[] = {CU_TENSOR_MAP_SWIZZLE_NONE, CU_TENSOR_MAP_SWIZZLE_32B, CU_TENSOR_MAP_SWIZZLE_64B,
                                           CU_TENSOR_MAP_SWIZZLE_128B};
CUtensorMapDataType type_of(DType dtype) {
  return dtype == DType::f32 ? CU_TENSOR_MAP_DATA_TYPE_FLOAT32 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
}

TensorMap taken(CUresult result, const CUtensorMap& encoded) {
  static_assert(sizeof(CUtensorMap) == sizeof(TensorMap));
  if (result != CUDA_SUCCESS)
    fail(Failure::device, "[cuda] the driver refuses a tensor map (CUresult " + std::to_string(static_cast<int>(result)) + ")");
  TensorMap map;
  std::memcpy(map.opaque, &encoded, sizeof encoded);
  return map;
}

}  // namespace

TensorMap make_tensor_map(const BoxedTensor& t) {
  static const auto encode = entry_point<decltype(&cuTensorMapEncodeTiled)>("cuTensorMapEncodeTiled", "tensor maps");
  check_boxed_tensor(t);
  cuuint64_t size[5], stride[5];
  cuuint32_t box[5], step[5];
  for (int d = 0; d < t.rank; ++d) {
    size[d] = static_cast<cuuint64_t>(t.size[d]);
    if (d) stride[d - 1] = static_cast<cuuint64_t>(t.stride[d]);
    box[d] = static_cast<cuuint32_t>(t.box[d]);
    step[d] = 1;
  }
  CUtensorMap encoded;
  const CUresult result = encode(&encoded, type_of(t.dtype), static_cast<cuuint32_t>(t.rank), const_cast<void*>(t.data), size, stride, box,
                                 step, CU_TENSOR_MAP_INTERLEAVE_NONE, swizzles[static_cast<int>(t.swizzle)],
                                 CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  return taken(result, encoded);
}

TensorMap make_tensor_map(const Im2colTensor& t) {
  static const auto encode = entry_point<decltype(&cuTensorMapEncodeIm2col)>("cuTensorMapEncodeIm2col", "tensor maps");
  check_im2col_tensor(t);
  cuuint64_t size[4], stride[3];
  for (int d = 0; d < 4; ++d) {
    size[d] = static_cast<cuuint64_t>(t.size[d]);
    if (d) stride[d - 1] = static_cast<cuuint64_t>(t.stride[d]);
  }
  const cuuint32_t step[4] = {1, static_cast<cuuint32_t>(t.step[0]), static_cast<cuuint32_t>(t.step[1]), 1};
  CUtensorMap encoded;
  const CUresult result =
      encode(&encoded, type_of(t.dtype), 4, const_cast<void*>(t.data), size, stride, t.lower, t.upper, static_cast<cuuint32_t>(t.channels),
             static_cast<cuuint32_t>(t.pixels), step, CU_TENSOR_MAP_INTERLEAVE_NONE, swizzles[static_cast<int>(t.swizzle)],
             CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  return taken(result, encoded);
}

}  // namespace duel
