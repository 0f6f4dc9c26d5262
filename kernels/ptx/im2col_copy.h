// One tap of many windows of a convolution, as one copy from device to shared memory (PTX ISA: cp.async.bulk.tensor, im2col mode; compute
// capability 9.0). As tensor_load() (bulk_copy.h), for a tensor map made of an Im2colTensor (kernels/im2col_map.h).
//
//   tensor_load_im2col(to, map, full, {c, w, h, n}, {s, r});
//
// (w, h) is where the first window's first tap lies, in image n, both may be below 0; the windows after it follow. Of each window that
// comes which lies s columns and r rows further, 0 to 255, channels from c on.
#pragma once
#include "kernels/im2col_map.h"
#include "kernels/ptx/mbarrier.h"
#ifdef DUEL_SIM
#include "kernels/sim/bulk_copy.h"
#endif

namespace duel {

#ifdef DUEL_SIM

DUEL_SIM_INLINE void tensor_load_im2col(void* to, const TensorMap& map, MBarrier& barrier, const int (&at)[4], const int (&tap)[2],
                                        sim::Site site = sim::Site::here()) {
  sim::tensor_load_im2col(to, map, at, tap, &barrier, site);
}

#elif defined(__CUDACC__)

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900

__device__ inline void tensor_load_im2col(void* to, const TensorMap& map, MBarrier& barrier, const int (&at)[4], const int (&tap)[2]) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes [%0], [%1, {%3,%4,%5,%6}], [%2], {%7,%8};" ::"r"(
          static_cast<unsigned>(__cvta_generic_to_shared(to))),
      "l"(&map), "r"(mbarrier_address(barrier)), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]), "h"(static_cast<uint16_t>(tap[0])),
      "h"(static_cast<uint16_t>(tap[1]))
      : "memory");
}

#else  // the row's supports() asks for compute capability 9.0

__device__ inline void tensor_load_im2col(void*, const TensorMap&, MBarrier&, const int (&)[4], const int (&)[2]) { __trap(); }

#endif
#endif

}  // namespace duel
