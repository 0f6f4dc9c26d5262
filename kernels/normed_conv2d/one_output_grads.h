// The gradients of D's last layer (one_output.h) in one pass over x: gx = gy·w, an outer product, and gw = Σ gy·a(x) over images.
//
// A block owns 32 × 4 values of the window, 512 bytes of each image, and goes through a part of the images, each warp through every eighth;
// a thread keeps its values' weights, sums and norm. Parts of gw, where one block for all images would leave the card idle, are added in
// their order by whichever block is the last of its columns. Bounded by memory: x read and gx written once.
#pragma once
#include <algorithm>

#include "kernels/last_block.h"
#include "kernels/normed_conv2d/one_output.h"

namespace duel::one_output {

constexpr int warps = threads / 32, columns = 32 * 4;          // of a block: values of the window
constexpr int wanted_blocks = 264, fewest_images = 2 * warps;  // two a multiprocessor; of a part

// How the images are cut, from the problem alone: so is the order of the sums.
struct Parts {
  int count, images;
};
inline Parts one_part(const Conv2dProblem& d) { return {1, d.n}; }
inline Parts parts_of(const Conv2dProblem& d) {
  const int across = static_cast<int>(blocks_for(d.w_count(), columns));
  const int wanted = std::clamp(std::min(wanted_blocks / across, d.n / fewest_images), 1, 64), images = (d.n + wanted - 1) / wanted;
  return {(d.n + images - 1) / images, images};
}

struct Sums {
  Four of_warp[warps][32];
};

__device__ inline void add(Four& sum, const Four& more) {
#pragma unroll
  for (int e = 0; e < 4; ++e) sum.at[e] += more.at[e];
}

// gx may be null, and then w is. tickets: one for each column of blocks, where there are parts.
inline __global__ void __launch_bounds__(threads)
    grads_one_output(int n, int values, int c, int images_of_group, int images_of_part, Before before, const float* x, const float* gy,
                     const float* w, float* gx, float* parts, float* gw, unsigned* tickets) {
  const int thread = static_cast<int>(threadIdx.x), warp = thread / 32;
  const int column = static_cast<int>(blockIdx.x) * columns + thread % 32 * 4;
  const bool inside = column < values;
  const int first = static_cast<int>(blockIdx.y) * images_of_part, end = min(n, first + images_of_part);
  Four sums{}, weights{};
  if (inside && gx) weights = load_vec<Four>(w + column);
  for (int group = first / images_of_group; inside && group * images_of_group < end; ++group) {
    const NormOfFour norm(before, group, c, column % c);
    const int from = max(first, group * images_of_group), to = min(end, (group + 1) * images_of_group);
#pragma unroll 4
    for (int image = from + warp; image < to; image += warps) {
      const float g = gy[image];
      const auto raw = load_vec<Four>(x + int64_t{image} * values + column);
      Four by_input;
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        sums.at[e] = fma_rn(g, norm(raw.at[e], e), sums.at[e]);
        by_input.at[e] = g * weights.at[e] * norm.derivative(raw.at[e]);
      }
      if (gx) store_vec(gx + int64_t{image} * values + column, by_input);
    }
  }
  auto& shared = shared_storage<Sums>();
  store_vec(&shared.of_warp[warp][thread % 32], sums);
  __syncthreads();
  if (warp == 0 && inside) {
    for (int other = 1; other < warps; ++other) add(sums, load_vec<Four>(&shared.of_warp[other][thread]));
    store_vec((gridDim.y == 1 ? gw : parts + int64_t{blockIdx.y} * values) + column, sums);
  }
  if (gridDim.y == 1 || !is_last_block(tickets + blockIdx.x, static_cast<int>(gridDim.y))) return;
  if (warp > 0 || !inside) return;
  sums = load_stream<Four>(parts + column);
  for (unsigned part = 1; part < gridDim.y; ++part) add(sums, load_stream<Four>(parts + int64_t{part} * values + column));
  store_vec(gw + column, sums);
}

// w and gx are null where gw alone is wanted.
template <class Args>
void launch_grads(const NormedConv2dProblem& p, const Args& a, const void* w, void* gx, void* tickets, const Parts& parts, Scratch scratch,
                  Stream stream) {
  const Conv2dProblem& d = p.conv;
  launch(
      {.grid = dim3(blocks_for(d.w_count(), columns), static_cast<unsigned>(parts.count)), .block = threads, .shared_bytes = sizeof(Sums)},
      stream, grads_one_output, d.n, static_cast<int>(d.w_count()), d.c, d.n / p.groups, parts.images, before(p, a),
      static_cast<const float*>(a.x), static_cast<const float*>(a.gy), static_cast<const float*>(w), static_cast<float*>(gx),
      static_cast<float*>(scratch.data), static_cast<float*>(a.gw), static_cast<unsigned*>(tickets));
}

}  // namespace duel::one_output
