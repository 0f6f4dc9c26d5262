// Karras, Aila, Laine & Lehtinen, "Progressive growing of GANs" (2018), section 3: D sees how much the samples of a batch differ, so a G
// that always makes the same image is found out.
#pragma once
#include "engine/ops.h"

namespace duel {

// x [n,h,w,c] → [n,h,w,c + 1]: one more channel, which holds one number everywhere: the standard deviation of each value over the batch,
// averaged over all values. `groups` batches of one size, one behind the other, have a number each. With one sample the number is 0 (up
// to the 1e-8 under the root).
Tensor with_minibatch_stddev(const Tensor& x, int groups = 1);

}  // namespace duel
