// What every op of augment/ asks of its images.
#pragma once
#include <limits>

#include "engine/ops/check.h"

namespace duel {

inline void check_images(const char* op, const Tensor& x) {
  check(static_cast<bool>(x), op, "the images are undefined");
  check(x.shape().rank() == 4, op, "wants images [n,h,w,c], not {}; reshape() them", x);
  for (int64_t size : x.shape().dims())
    check(size <= std::numeric_limits<int>::max(), op, "an axis of {} is longer than 2³¹ − 1; cut it", x);
}

}  // namespace duel
