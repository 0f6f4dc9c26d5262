// Moving an element needs its size, not its type.
#pragma once
#include <cstdint>

#include "kernels/dtype.h"

namespace duel {

// Calls f(TypeTag<W>{}) with the unsigned integer W that is as large as an element.
template <class F>
void with_word(DType t, F&& f) {
  if (size_of(t) == 1) f(TypeTag<uint8_t>{});
  else if (size_of(t) == 2) f(TypeTag<uint16_t>{});
  else if (size_of(t) == 4) f(TypeTag<uint32_t>{});
  else f(TypeTag<uint64_t>{});
}

}  // namespace duel
