// gw = Σ parts, in the order of the parts: what follows a weight gradient whose sum was split over blocks. No atomics, the same bits each
// time.
#pragma once
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {

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
