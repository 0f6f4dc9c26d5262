// Instructions of compute capability 9.0, one a row, whose answers the test computes.
#pragma once
#include <cstdint>

#include "kernels/tensor_map.h"

namespace duel {

struct HopperProbe {
  struct Problem {
    unsigned threads = 128;
    int number = 0;  // what a row takes it for
  };
  struct Args {
    const void *a, *b;
    void* out;
  };
  static constexpr auto name = "hopper_probe";
};

// Boxes of tensors, by HopperProbe::Problem::number. stride: in bytes, of dimension 1 on.
struct BoxCase {
  DType dtype;
  int rank;
  int64_t size[5], stride[5];
  int box[5], at[5];
  Swizzle swizzle;
};
constexpr BoxCase box_cases[] = {
    {DType::f32, 1, {100}, {}, {64}, {8}, Swizzle::none},
    {DType::f32, 1, {100}, {}, {64}, {60}, Swizzle::none},                                                     // runs over the end
    {DType::f32, 1, {100}, {}, {16}, {-5}, Swizzle::none},                                                     // begins before it
    {DType::bf16, 1, {77}, {}, {32}, {50}, Swizzle::none},                                                     //
    {DType::f32, 2, {20, 9}, {0, 80}, {8, 8}, {4, 0}, Swizzle::bytes32},                                       //
    {DType::f32, 2, {19, 9}, {0, 96}, {16, 8}, {8, 4}, Swizzle::bytes64},                                      // both ends
    {DType::f32, 2, {64, 30}, {0, 256}, {32, 16}, {32, -3}, Swizzle::bytes128},                                //
    {DType::bf16, 2, {72, 20}, {0, 144}, {64, 16}, {16, 2}, Swizzle::bytes128},                                //
    {DType::bf16, 2, {40, 12}, {0, 80}, {16, 12}, {32, 1}, Swizzle::bytes32},                                  //
    {DType::bf16, 2, {33, 7}, {0, 80}, {32, 8}, {1, -1}, Swizzle::bytes64},                                    //
    {DType::bf16, 3, {8, 5, 6}, {0, 16, 80}, {8, 3, 4}, {0, -1, 4}, Swizzle::none},                            // NHWC without n
    {DType::f32, 4, {32, 6, 5, 3}, {0, 128, 768, 3840}, {32, 4, 2, 2}, {0, -1, 4, 2}, Swizzle::bytes128},      //
    {DType::f32, 5, {4, 3, 2, 3, 2}, {0, 32, 96, 192, 576}, {4, 2, 2, 2, 2}, {0, 2, -1, 1, 0}, Swizzle::none}  //
};
// The case's tensor with its elements at `data`.
constexpr BoxedTensor tensor_of(const BoxCase& c, const void* data) {
  BoxedTensor t;
  t.dtype = c.dtype, t.rank = c.rank, t.data = data, t.swizzle = c.swizzle;
  for (int d = 0; d < c.rank; ++d) t.size[d] = c.size[d], t.stride[d] = c.stride[d], t.box[d] = c.box[d];
  return t;
}

}  // namespace duel
