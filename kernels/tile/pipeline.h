// The steps of a matrix product over k, through `stages` pairs of tiles in shared memory: fill(step) begins copies into the tiles of
// step % stages (cp.async), multiply(step) reads them.
//
// With one stage a block waits for its copies, multiplies, and waits again before it fills the same tiles. With more, the copies of later
// steps are on their way while one is multiplied, and one barrier a step is enough.
#pragma once
#include "kernels/tile/shared_tile.h"

namespace duel {

template <int stages, class Fill, class Multiply>
__device__ void pipeline(int steps, Fill fill, Multiply multiply) {
  if constexpr (stages == 1) {
    for (int step = 0; step < steps; ++step) {
      fill(step);
      copy_async_commit();
      copy_async_wait<0>();
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
      __syncthreads();  // everyone's part of this step has landed, and everyone has done with the stage that is filled next
      if (step + stages - 1 < steps) fill(step + stages - 1);
      copy_async_commit();
      multiply(step);
    }
  }
}

// The same for a Product (block_product.h, register_product.h). a(step, row, chunk) and b(step, row, chunk) → Chunk of that step's tiles.
template <class Product, class A, class B>
__device__ void multiply_steps(typename Product::Storage& shared, int steps, A a, B b, typename Product::Sums& sums) {
  const auto fill = [&](int step) {
    auto& stage = shared.stage[step % Product::stages];
    fill_async<Product::threads>(stage.a, [&](int row, int chunk) { return a(step, row, chunk); });
    fill_async<Product::threads>(stage.b, [&](int row, int chunk) { return b(step, row, chunk); });
  };
  pipeline<Product::stages>(steps, fill, [&](int step) { Product::multiply(shared.stage[step % Product::stages], sums); });
}

}  // namespace duel
