// The gradients of D's last layer (one_output.h) in one pass over x: gx = gy·w, an outer product, and gw = Σ gy·a(x) over images.
//
// A block owns 512 bytes of the window of each image, and goes through a part of the images, each warp through every eighth;
// a thread keeps its values' weights, sums and norm. Parts of gw, where one block for all images would leave the card idle, are added in
// their order by whichever block is the last of its columns. Bounded by memory: x read and gx written once.
#pragma once
#include <algorithm>

#include "kernels/last_block.h"
#include "kernels/normed_conv2d/one_output.h"

namespace duel::one_output {

constexpr int warps = threads / 32;
template <class T>
constexpr int columns = 32 * pack_elements<T>;                 // of a block: values of the window
constexpr int wanted_blocks = 264, fewest_images = 2 * warps;  // two a multiprocessor; of a part

// How the images are cut, from the problem alone: so is the order of the sums.
struct Parts {
  int count, images;
};
inline Parts one_part(const Conv2dProblem& d) { return {1, d.n}; }
inline int blocks_across(const Conv2dProblem& d) {
  return static_cast<int>(blocks_for(d.w_count(), d.dtype == DType::bf16 ? columns<bf16> : columns<float>));
}
inline Parts parts_of(const Conv2dProblem& d) {
  const int across = blocks_across(d);
  const int wanted = std::clamp(std::min(wanted_blocks / across, d.n / fewest_images), 1, 64), images = (d.n + wanted - 1) / wanted;
  return {(d.n + images - 1) / images, images};
}

template <class T>
struct Sums {
  static constexpr int fours = pack_elements<T> / 4;
  Four of_warp[warps][fours][32];
};

__device__ inline void add(Four& sum, const Four& more) {
#pragma unroll
  for (int e = 0; e < 4; ++e) sum.at[e] += more.at[e];
}

// gx may be null, and then w is. tickets: one for each column of blocks, where there are parts.
template <class T>
__global__ void __launch_bounds__(threads)
    grads_one_output(int n, int values, int c, int images_of_group, int images_of_part, Before before, const T* x, const T* gy, const T* w,
                     T* gx, float* parts, float* gw, unsigned* tickets) {
  constexpr int together = pack_elements<T>, fours = Sums<T>::fours;
  const int thread = static_cast<int>(threadIdx.x), warp = thread / 32, lane = thread % 32;
  const int column = static_cast<int>(blockIdx.x) * columns<T> + lane * together;
  const bool inside = column < values;
  const int first = static_cast<int>(blockIdx.y) * images_of_part, end = min(n, first + images_of_part);
  Four sums[fours] = {};
  Values<T> weights{};
  if (inside && gx) weights = load_vec<Values<T>>(w + column);
  for (int group = first / images_of_group; inside && group * images_of_group < end; ++group) {
    const NormOfValues<T> norm(before, group, c, column % c);
    const int from = max(first, group * images_of_group), to = min(end, (group + 1) * images_of_group);
#pragma unroll 4
    for (int image = from + warp; image < to; image += warps) {
      const float g = static_cast<float>(gy[image]);
      const auto raw = load_vec<Values<T>>(x + int64_t{image} * values + column);
      Values<T> by_input;
#pragma unroll
      for (int e = 0; e < together; ++e) {
        const float value = static_cast<float>(raw.at[e]);
        float& sum = sums[e / 4].at[e % 4];
        sum = fma_rn(g, norm(value, e), sum);
        by_input.at[e] = norm.through(g * static_cast<float>(weights.at[e]), value);
      }
      if (gx) store_vec(gx + int64_t{image} * values + column, by_input);
    }
  }
  auto& shared = shared_storage<Sums<T>>();
#pragma unroll
  for (int f = 0; f < fours; ++f) store_vec(&shared.of_warp[warp][f][lane], sums[f]);
  __syncthreads();
  if (warp == 0 && inside) {
    float* const to = (gridDim.y == 1 ? gw : parts + int64_t{blockIdx.y} * values) + column;
#pragma unroll
    for (int f = 0; f < fours; ++f) {
      for (int other = 1; other < warps; ++other) add(sums[f], load_vec<Four>(&shared.of_warp[other][f][lane]));
      store_vec(to + 4 * f, sums[f]);
    }
  }
  if (gridDim.y == 1 || !is_last_block(tickets + blockIdx.x, static_cast<int>(gridDim.y))) return;
  if (warp > 0 || !inside) return;
#pragma unroll
  for (int f = 0; f < fours; ++f) {
    const float* const from = parts + column + 4 * f;
    Four sum = load_stream<Four>(from);
    for (unsigned part = 1; part < gridDim.y; ++part) add(sum, load_stream<Four>(from + int64_t{part} * values));
    store_vec(gw + column + 4 * f, sum);
  }
}

// w and gx are null where gw alone is wanted.
template <class Args>
void launch_grads(const NormedConv2dProblem& p, const Args& a, const void* w, void* gx, void* tickets, const Parts& parts, Scratch scratch,
                  Stream stream) {
  const Conv2dProblem& d = p.conv;
  with_element(d.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = dim3(static_cast<unsigned>(blocks_across(d)), static_cast<unsigned>(parts.count)),
            .block = threads,
            .shared_bytes = sizeof(Sums<T>)},
           stream, grads_one_output<T>, d.n, static_cast<int>(d.w_count()), d.c, d.n / p.groups, parts.images, before(p, a),
           static_cast<const T*>(a.x), static_cast<const T*>(a.gy), static_cast<const T*>(w), static_cast<T*>(gx),
           static_cast<float*>(scratch.data), static_cast<float*>(a.gw), static_cast<unsigned*>(tickets));
  });
}

}  // namespace duel::one_output
