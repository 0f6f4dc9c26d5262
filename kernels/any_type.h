// Any type of element, chosen at run time.
#pragma once
#include "kernels/dtype.h"

namespace duel {

// f(TypeTag<T>) with the type that `t` names, integers included; with_floating() (dtype.h) is for the floating ones.
template <class F>
void with_type(DType t, F&& f) {
  switch (t) {
    case DType::f32:
      return f(TypeTag<float>{});
    case DType::f64:
      return f(TypeTag<double>{});
    case DType::bf16:
      return f(TypeTag<bf16>{});
    case DType::i32:
      return f(TypeTag<int32_t>{});
    case DType::u8:
      return f(TypeTag<uint8_t>{});
  }
}

}  // namespace duel
