// Which of several blocks is done last: it can go on with what the others have written, in the same launch.
#pragma once
#include "kernels/launch.h"

namespace duel {

// True in all threads of the block that is the last of `blocks` to come here; what they wrote before they came can be read behind it. All
// threads of a block take part. The ticket is zero before, and zero again when all have come.
__device__ inline bool is_last_block(unsigned* ticket, int blocks) {
  const auto last = static_cast<unsigned>(blocks - 1);
  bool is_last = false;
  __syncthreads();  // thread 0 speaks for the block
  if (threadIdx.x == 0) {
    __threadfence();
    is_last = atomicInc(ticket, last) == last;
    __threadfence();
  }
  return __syncthreads_or(is_last) != 0;
}

}  // namespace duel
