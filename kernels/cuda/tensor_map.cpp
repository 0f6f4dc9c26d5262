// Tensor maps by the driver, which is reached through the runtime: nothing links libcuda.
#include "kernels/tensor_map.h"

#include <cuda.h>
#include <cuda_runtime.h>

#include <cstring>

#include "kernels/launch.h"

namespace duel {
namespace {

using Encode = CUresult (*)(CUtensorMap*, CUtensorMapDataType, cuuint32_t, void*, const cuuint64_t*, const cuuint64_t*, const cuuint32_t*,
                            const cuuint32_t*, CUtensorMapInterleave, CUtensorMapSwizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill);

Encode encode() {
  static const Encode found = [] {
    void* function = nullptr;
    cudaDriverEntryPointQueryResult result{};
#if CUDART_VERSION >= 12050
    CUDA_CHECK(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000, cudaEnableDefault, &result));
#else
    CUDA_CHECK(cudaGetDriverEntryPoint("cuTensorMapEncodeTiled", &function, cudaEnableDefault, &result));
#endif
    if (result != cudaDriverEntryPointSuccess || !function)
      fail(Failure::device, "[cuda] this driver has no tensor maps (cuTensorMapEncodeTiled): it must support CUDA 12");
    return reinterpret_cast<Encode>(function);
  }();
  return found;
}

}  // namespace

TensorMap make_tensor_map(const BoxedTensor& t) {
  static_assert(sizeof(CUtensorMap) == sizeof(TensorMap));
  check_boxed_tensor(t);
  cuuint64_t size[5], stride[5];
  cuuint32_t box[5], step[5];
  for (int d = 0; d < t.rank; ++d) {
    size[d] = static_cast<cuuint64_t>(t.size[d]);
    if (d) stride[d - 1] = static_cast<cuuint64_t>(t.stride[d]);
    box[d] = static_cast<cuuint32_t>(t.box[d]);
    step[d] = 1;
  }
  constexpr CUtensorMapSwizzle swizzles[] = {CU_TENSOR_MAP_SWIZZLE_NONE, CU_TENSOR_MAP_SWIZZLE_32B, CU_TENSOR_MAP_SWIZZLE_64B,
                                             CU_TENSOR_MAP_SWIZZLE_128B};
  CUtensorMap encoded;
  const CUresult result =
      encode()(&encoded, t.dtype == DType::f32 ? CU_TENSOR_MAP_DATA_TYPE_FLOAT32 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
               static_cast<cuuint32_t>(t.rank), const_cast<void*>(t.data), size, stride, box, step, CU_TENSOR_MAP_INTERLEAVE_NONE,
               swizzles[static_cast<int>(t.swizzle)], CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (result != CUDA_SUCCESS)
    fail(Failure::device, "[cuda] the driver refuses a tensor map (CUresult " + std::to_string(static_cast<int>(result)) + ")");
  TensorMap map;
  std::memcpy(map.opaque, &encoded, sizeof encoded);
  return map;
}

}  // namespace duel
