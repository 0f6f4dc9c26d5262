// The steps of a matrix product over k, through `stages` pairs of tiles in shared memory: fill(step) begins copies into the tiles of
// step % stages (cp.async), multiply(step) reads them. In between each thread may work on what it has itself copied: landed(step).
//
// With one stage a block waits for its copies, multiplies, and waits again before it fills the same tiles. With more, the copies of later
// steps are on their way while one is multiplied, and one barrier a step is enough.
#pragma once
#include <type_traits>

#include "kernels/tile/shared_tile.h"

namespace duel {

template <int stages, class Fill, class Landed, class Multiply>
__device__ void pipeline(int steps, Fill fill, Landed landed, Multiply multiply) {
  if constexpr (stages == 1) {
    for (int step = 0; step < steps; ++step) {
      fill(step);
      copy_async_commit();
      copy_async_wait<0>();
      landed(step);
      __syncthreads();  // everyone's part of this step has landed
      multiply(step);
      __syncthreads();  // everyone has done with it
    }
  } else {
    for (int step = 0; step < stages - 1; ++step) {
      if (step < steps) fill(step);
      copy_async_commit();
    }
    for (int step = 0; step < steps; ++step) {
      copy_async_wait<stages - 2>();
      landed(step);
      __syncthreads();  // everyone's part of this step has landed, and everyone has done with the stage that is filled next
      if (step + stages - 1 < steps) fill(step + stages - 1);
      copy_async_commit();
      multiply(step);
    }
  }
}

template <int stages, class Fill, class Multiply>
__device__ void pipeline(int steps, Fill fill, Multiply multiply) {
  pipeline<stages>(
      steps, fill, [](int) {}, multiply);
}

// What a Touch (below) is where operands are multiplied as they lie in memory.
struct Untouched {};

// The chunks that a thread has copied into the tiles of one operand and that hold something: a bit each, eight bits a stage.
template <class Product, class Tile>
class OwnChunks {
 public:
  template <class Source>
  __device__ void fill(Tile& tile, int stage, Source source) {
    inside_ = (inside_ & ~(0xffu << 8 * stage)) | fill_async<Product::threads>(tile, source) << 8 * stage;
  }
  // f(row, chunk, where it lies).
  template <class F>
  __device__ void each(Tile& tile, int stage, F f) const {
    static_assert(Tile::rows * Tile::chunks <= 8 * Product::threads && Product::stages <= 4);
#pragma unroll
    for (int i = static_cast<int>(threadIdx.x), l = 0; i < Tile::rows * Tile::chunks; i += Product::threads, ++l)
      if (inside_ >> (8 * stage + l) & 1) f(i / Tile::chunks, i % Tile::chunks, tile.at(i / Tile::chunks, i % Tile::chunks));
  }

 private:
  unsigned inside_ = 0;
};

// The steps of a Product (block_product.h, register_product.h). a(step, row, chunk) and b(step, row, chunk) → Chunk of that step's tiles.
// touch_a(step) and touch_b(step) → f, once a step and thread; f(row, chunk, at) may change the chunk that has come to `at` before it is
// multiplied; those outside, which are zeros, it is not shown.
template <class Product, class A, class B, class TouchA = Untouched, class TouchB = Untouched>
__device__ void multiply_steps(typename Product::Storage& shared, int steps, A a, B b, typename Product::Sums& sums, TouchA touch_a = {},
                               TouchB touch_b = {}) {
  [[maybe_unused]] OwnChunks<Product, decltype(shared.stage[0].a)> own_a;
  [[maybe_unused]] OwnChunks<Product, decltype(shared.stage[0].b)> own_b;
  const auto fill = [&](int step) {
    const int at = step % Product::stages;
    const auto from_a = [&](int row, int chunk) { return a(step, row, chunk); };
    const auto from_b = [&](int row, int chunk) { return b(step, row, chunk); };
    if constexpr (std::is_same_v<TouchA, Untouched>) fill_async<Product::threads>(shared.stage[at].a, from_a);
    else own_a.fill(shared.stage[at].a, at, from_a);
    if constexpr (std::is_same_v<TouchB, Untouched>) fill_async<Product::threads>(shared.stage[at].b, from_b);
    else own_b.fill(shared.stage[at].b, at, from_b);
  };
  const auto landed = [&](int step) {
    const int at = step % Product::stages;
    if constexpr (!std::is_same_v<TouchA, Untouched>) own_a.each(shared.stage[at].a, at, touch_a(step));
    if constexpr (!std::is_same_v<TouchB, Untouched>) own_b.each(shared.stage[at].b, at, touch_b(step));
  };
  pipeline<Product::stages>(steps, fill, landed, [&](int step) { Product::multiply(shared.stage[step % Product::stages], sums); });
}

}  // namespace duel
