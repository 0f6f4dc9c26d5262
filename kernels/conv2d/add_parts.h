// A weight gradient whose sum over the pixels is split over blocks, and gw = Σ parts, in the order of the parts, which follows it. No
// atomics, the same bits each time.
#pragma once
#include <algorithm>

#include "kernels/conv2d/conv2d.h"
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {

// How the work lies on the grid: a function of the problem alone, so that the order of addition is too.
struct PixelSplit {
  int tiles_m, tiles_n, parts, steps;  // steps: of one part, of `pixels` pixels each
  // Tiles of m × n of the gradient [k, r·s·c]. A part must be worth its block.
  PixelSplit(const Conv2dProblem& p, int m, int n, int pixels, int wanted_blocks, int fewest_steps)
      : PixelSplit((p.n * p.p * p.q + pixels - 1) / pixels, (p.k + m - 1) / m, (p.r * p.s * p.c + n - 1) / n, wanted_blocks, fewest_steps) {
  }
  // all: steps.
  PixelSplit(int all, int tiles_m_, int tiles_n_, int wanted_blocks, int fewest_steps) : tiles_m(tiles_m_), tiles_n(tiles_n_) {
    parts = std::max(1, std::min(wanted_blocks / std::max(tiles_m * tiles_n, 1), all / fewest_steps));
    steps = (all + parts - 1) / parts;
    parts = std::max(1, (all + steps - 1) / std::max(steps, 1));
  }
  dim3 grid() const { return dim3(static_cast<unsigned>(tiles_m) * static_cast<unsigned>(tiles_n), static_cast<unsigned>(parts)); }
};

// Scratch of [parts, count]; one part writes its result where it belongs.
inline size_t parts_bytes(int parts, int64_t count) {
  return parts == 1 ? 0 : sizeof(float) * static_cast<size_t>(parts) * static_cast<size_t>(count);
}

// from: [parts, count]. V: elements that move together, 1 or 4.
template <int V>
__global__ void add_parts_of(int parts, int64_t count, const float* from, float* gw) {
  for (int64_t i = V * (int64_t{blockIdx.x} * blockDim.x + threadIdx.x); i < count; i += V * int64_t{gridDim.x} * blockDim.x) {
    if constexpr (V == 1) {
      float sum = from[i];
      for (int part = 1; part < parts; ++part) sum += from[part * count + i];
      gw[i] = sum;
    } else {
      using Values = Pack<float, V>;
      Values sum = load_stream<Values>(from + i);
      for (int part = 1; part < parts; ++part) {
        const Values more = load_stream<Values>(from + part * count + i);
        for (int e = 0; e < V; ++e) sum.at[e] += more.at[e];
      }
      store_vec(gw + i, sum);
    }
  }
}

inline void add_parts(int parts, int64_t count, const float* from, float* gw, Stream stream) {
  if (count % 4 == 0) launch({.grid = stride_blocks(count / 4, 256), .block = 256}, stream, add_parts_of<4>, parts, count, from, gw);
  else launch({.grid = stride_blocks(count, 256), .block = 256}, stream, add_parts_of<1>, parts, count, from, gw);
}

}  // namespace duel
