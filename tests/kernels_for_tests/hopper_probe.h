// Instructions of compute capability 9.0, one a row, whose answers the test computes.
#pragma once
#include <cstdint>

#include "kernels/im2col_map.h"

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

// im2col copies, likewise. at: the first window's image, row and column of windows; tap: columns, rows.
struct ColumnCase {
  DType dtype;
  int64_t size[4];  // c, w, h, n
  int lower[2], upper[2], step[2], channels, pixels;
  int channel, at[3], tap[2];
  Swizzle swizzle;
};
constexpr ColumnCase column_cases[] = {
    {DType::bf16, {16, 5, 4, 2}, {0, 0}, {0, 0}, {1, 1}, 8, 20, 0, {0, 0, 0}, {0, 0}, Swizzle::none},       // an image as it lies
    {DType::bf16, {16, 5, 4, 2}, {0, 0}, {0, 0}, {1, 1}, 16, 20, 0, {0, 2, 3}, {0, 0}, Swizzle::bytes32},   // over into the next
    {DType::f32, {8, 9, 7, 3}, {-1, -1}, {-1, -1}, {1, 1}, 8, 64, 0, {1, 3, 4}, {0, 0}, Swizzle::bytes32},  // 3 × 3, padding 1: the corner
    {DType::f32, {8, 9, 7, 3}, {-1, -1}, {-1, -1}, {1, 1}, 8, 64, 0, {1, 3, 4}, {2, 1}, Swizzle::bytes32},  // another tap
    {DType::bf16, {64, 8, 8, 2}, {-1, -1}, {-2, -2}, {2, 2}, 64, 32, 0, {0, 0, 0}, {3, 0}, Swizzle::bytes128},  // 4 × 4, stride 2
    {DType::bf16, {64, 8, 8, 2}, {-1, -1}, {-2, -2}, {2, 2}, 64, 32, 0, {1, 2, 1}, {0, 3}, Swizzle::bytes128},  // and past the last image
    {DType::bf16, {40, 7, 6, 2}, {-2, -1}, {1, -1}, {3, 2}, 32, 24, 32, {0, 1, 0}, {1, 2}, Swizzle::bytes64},   // channels end within
    {DType::bf16, {24, 3, 3, 4}, {-2, -2}, {2, 2}, {1, 1}, 16, 48, 8, {0, 4, 1}, {0, 1}, Swizzle::bytes32},     // windows off the image
    {DType::f32, {4, 6, 5, 2}, {3, -4}, {9, 0}, {4, 8}, 4, 16, 0, {0, 0, 1}, {2, 5}, Swizzle::none},            // uneven sides
    {DType::bf16, {64, 4, 4, 3}, {0, 0}, {-3, -3}, {1, 1}, 64, 8, 0, {0, 0, 0}, {2, 3}, Swizzle::bytes128},     // one window an image
};
// The case's images with their elements at `data`.
constexpr Im2colTensor tensor_of(const ColumnCase& c, const void* data) {
  Im2colTensor t;
  t.dtype = c.dtype, t.data = data, t.swizzle = c.swizzle, t.channels = c.channels, t.pixels = c.pixels;
  for (int d = 0; d < 4; ++d) {
    t.size[d] = c.size[d];
    t.stride[d] = d ? t.stride[d - 1] * t.size[d - 1] : static_cast<int64_t>(size_of(c.dtype));
  }
  for (int d = 0; d < 2; ++d) t.lower[d] = c.lower[d], t.upper[d] = c.upper[d], t.step[d] = c.step[d];
  return t;
}

}  // namespace duel
