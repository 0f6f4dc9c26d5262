// A row of logits in the registers of a few lanes: as many of a warp's, a power of two, as the row fills, so that a warp has several short
// rows at a time. They read it once, and find its maximum and its sum by shuffles.
#pragma once
#include <type_traits>

#include "kernels/launch.h"
#include "kernels/pointwise/math.h"
#include "kernels/ptx.h"

namespace duel::row_lanes {

constexpr int threads = 256, most_elements = 32;  // of a lane, so 1024 of a row

struct Cut {
  int together;  // elements that move as one: a pack of 16 bytes where a row is whole packs, else one
  int lanes;     // of a row
  int moves;     // of a lane
};
template <class T>
Cut cut_of(int cols) {
  const int together = cols % pack_elements<T> == 0 ? pack_elements<T> : 1, all = cols / together;
  int lanes = 1;
  while (lanes < all && lanes < 32) lanes *= 2;
  return {together, lanes, (all + lanes - 1) / lanes};
}
template <class P>
bool supports(const P& p) {
  return (p.dtype == DType::f32 || p.dtype == DType::bf16) && p.cols <= 32 * most_elements;
}

// What a lane has of a row: `moves` times `together` elements.
template <class T, int together, int moves>
class RowLane {
 public:
  __device__ RowLane(int cols, int lanes) : cols_(cols), lanes_(lanes), lane_(static_cast<int>(threadIdx.x) % lanes) {}

  __device__ void load(const T* row) {
    each_move([&](int m, int column) {
      if constexpr (together == 1) {
        at_[m] = static_cast<float>(row[column]);
      } else {
        const auto v = load_vec<Pack<T, together>>(row + column);
        for (int e = 0; e < together; ++e) at_[m * together + e] = static_cast<float>(v.at[e]);
      }
    });
  }
  __device__ void store(T* row) const {
    each_move([&](int m, int column) {
      if constexpr (together == 1) {
        row[column] = static_cast<T>(at_[m]);
      } else {
        Pack<T, together> v;
        for (int e = 0; e < together; ++e) v.at[e] = static_cast<T>(at_[m * together + e]);
        store_vec(row + column, v);
      }
    });
  }
  // f(value, column) for each element of the row that this lane has.
  template <class F>
  __device__ void each(F&& f) {
    each_move([&](int m, int column) {
      for (int e = 0; e < together; ++e) f(at_[m * together + e], column + e);
    });
  }
  // Over the row's lanes, as warp_reduce(): all of the warp must call it.
  template <class Op>
  __device__ float joined(float value, Op op) const {
    for (int by = lanes_ / 2; by > 0; by /= 2) value = op(value, __shfl_xor_sync(0xffffffffu, value, by));
    return value;
  }
  __device__ bool is_first() const { return lane_ == 0; }

 private:
  template <class F>
  __device__ void each_move(F&& f) const {
#pragma unroll
    for (int m = 0; m < moves; ++m)
      if (const int column = (m * lanes_ + lane_) * together; column < cols_) f(m, column);
  }

  float at_[moves * together] = {};  // 0 beyond the row, where nothing asks for them
  int cols_, lanes_, lane_;
};

// f(row, lane) for the rows of the grid, with the lane's part of the row not loaded yet; row is -1 where there is none, but the lane takes
// part in what its warp does.
template <class T, int together, int moves, class F>
__device__ void each_row(int64_t rows, int cols, int lanes, F&& f) {
  RowLane<T, together, moves> own(cols, lanes);
  const int of_warp = 32 / lanes;
  const int64_t warps = int64_t{gridDim.x} * (threads / 32);
  for (int64_t warp = (int64_t{blockIdx.x} * threads + threadIdx.x) / 32; warp * of_warp < rows; warp += warps) {
    const int64_t row = warp * of_warp + static_cast<int>(threadIdx.x) % 32 / lanes;
    f(row < rows ? row : -1, own);
  }
}

inline LaunchShape shape(int64_t rows, const Cut& cut) { return {.grid = stride_blocks(rows, threads / cut.lanes), .block = threads}; }

// f(together, moves) as constants; a lane's moves are rounded up.
template <class T, class F>
void with_cut(const Cut& cut, F&& f) {
  constexpr int pack = pack_elements<T>;
  const auto with_moves = [&](auto together) {
    constexpr int most = most_elements / decltype(together)::value;
    if (cut.moves == 1) f(together, std::integral_constant<int, 1>{});
    else f(together, std::integral_constant<int, most>{});
  };
  if (cut.together == pack) with_moves(std::integral_constant<int, pack>{});
  else with_moves(std::integral_constant<int, 1>{});
}

}  // namespace duel::row_lanes
