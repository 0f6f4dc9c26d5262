// Rows that round more than most: their transforms have thirds in them, say. The verifier then allows such a row so many times the usual
// error, and holds integers to that too, which other rows of its type must give exactly. A row says so beside its KERNEL_VARIANT:
//
//   ROUNDS_MORE(Conv2dFwd, winograd_6, 4);
//
// Rows that round what they multiply say that; small integers they must still give exactly, since those are not rounded.
//
//   MULTIPLIES_IN_TF32(Conv2dFwd, tf32);
//
// And ops that are several in one and round to their type between these, as those would by themselves. Such an op says in its ref.cpp one
// of
//
//   ROUNDS_BETWEEN(NormedConv2dWgrad);
//   ROUNDS_BETWEEN_AND_FINDS(NormedConv2dFwd, find_statistics, "out_mean", "out_invstd");
//
// In bf16 the verifier then holds the reference to f64, which rounds nowhere, by some of bf16's roundings (tests/row_check.h). The outputs
// named here follow from others as those are stored, and it holds them to what find(problem, args) makes of the row's own: of two right
// rows one may store a value rounded up and the other down, and an f32 mean of one is not that of the other.
//
// Where an input is added to what was rounded, the op says which:
//
//   ADDS_TO_ROUNDED(NormedConv2dFwd, "bias");
//
// Where the two nearly cancel, right rows differ by a digit of the sum that they rounded, which is as large as what was added, and not of
// what is left. In bf16 the verifier allows a rounding of the largest value added.
#pragma once
#include <vector>

#include "kernels/registry.h"

extern "C" void duel_register_rounding(const char* op, const char* variant, int device, double times, bool operands);

namespace duel {

struct Rounding {
  double times = 1;       // the usual error
  bool operands = false;  // only what is multiplied is rounded
};
Rounding rounding_of(const Row& row);

constexpr double tf32_to_f32 = 8192;  // 24 bits of significand in f32, 11 in tf32
constexpr int asked_rank = -2;        // of rows that round more than a user of their type expects: never picked nor timed unless asked for

struct RoundingRegistration {
  RoundingRegistration(const char* op, const char* variant, Device device, const Rounding& r) {
    duel_register_rounding(op, variant, static_cast<int>(device), r.times, r.operands);
  }
};

struct Steps {
  const char* op;
  void (*find)(const void* problem, const void* args);  // nullptr: no output is found of another
  std::vector<const char*> found;
};
const Steps* steps_of(const char* op);  // nullptr where nothing is said

const char* added_to_rounded(const char* op);  // a buffer's name; nullptr where nothing is said

struct StepsRegistration {
  explicit StepsRegistration(Steps);
};
struct AddedRegistration {
  AddedRegistration(const char* op, const char* buffer);
};

#define ROUNDS_MORE(Op, variant, times) \
  static const ::duel::RoundingRegistration duel_rounding_##Op##_##variant(Op::name, #variant, ::duel::row_device, {times, false})
#define MULTIPLIES_IN_TF32(Op, variant)                                                                            \
  static const ::duel::RoundingRegistration duel_rounding_##Op##_##variant(Op::name, #variant, ::duel::row_device, \
                                                                           {::duel::tf32_to_f32, true})
#define ADDS_TO_ROUNDED(Op, buffer) static const ::duel::AddedRegistration duel_added_##Op(Op::name, buffer)
#define ROUNDS_BETWEEN(Op) static const ::duel::StepsRegistration duel_steps_##Op({Op::name, nullptr, {}})
#define ROUNDS_BETWEEN_AND_FINDS(Op, find, ...)                                                                           \
  static const ::duel::StepsRegistration duel_steps_##Op(                                                                 \
      {Op::name,                                                                                                          \
       [](const void* p, const void* a) { find(*static_cast<const Op::Problem*>(p), *static_cast<const Op::Args*>(a)); }, \
       {__VA_ARGS__}})

}  // namespace duel
