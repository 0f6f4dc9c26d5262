// Rows that round more than most: their transforms have thirds in them, say. The verifier then allows such a row so many times the usual
// error, and holds integers to that too, which other rows of its type must give exactly. A row says so beside its KERNEL_VARIANT:
//
//   ROUNDS_MORE(Conv2dFwd, winograd_6, 4);
#pragma once
#include "kernels/registry.h"

extern "C" void duel_register_rounding(const char* op, const char* variant, int device, double times);

namespace duel {

double rounding_of(const Row& row);  // 1 where nothing is said

struct RoundingRegistration {
  RoundingRegistration(const char* op, const char* variant, Device device, double times) {
    duel_register_rounding(op, variant, static_cast<int>(device), times);
  }
};

#define ROUNDS_MORE(Op, variant, times) \
  static const ::duel::RoundingRegistration duel_rounding_##Op##_##variant { Op::name, #variant, ::duel::row_device, times }

}  // namespace duel
