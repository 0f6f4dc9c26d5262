// conv2d_wgrad as a job (kernels/conv2d/implicit_wgrad.h) that adds up its own parts: the block that is the last to finish its part of a
// tile adds the tile's parts, in their order, whichever block that is. The same bits each time, and those of a kernel that follows.
#pragma once
#include "kernels/conv2d/implicit_wgrad.h"
#include "kernels/conv2d_grads/conv2d_grads.h"
#include "kernels/last_block.h"

namespace duel {

template <class Product, class OnLoadX = AsLoaded, class OnLoadGy = AsLoaded>
struct SummedWgrad : implicit_wgrad::Job<Product, OnLoadX, OnLoadGy> {
  using Job = implicit_wgrad::Job<Product, OnLoadX, OnLoadGy>;
  float* gw;
  unsigned* tickets;  // one a tile

  SummedWgrad(const Conv2dProblem& p, const Conv2dWgrad::Args& a, Scratch scratch, void* all_tickets, const OnLoadX& load_x = {},
              const OnLoadGy& load_gy = {})
      : Job(p, a, scratch, load_x, load_gy), gw(static_cast<float*>(a.gw)), tickets(static_cast<unsigned*>(all_tickets)) {}

  __device__ void operator()(typename Job::Storage& shared, int block) const {
    Job::operator()(shared, block);
    const PixelSplit& split = this->split;
    if (split.parts == 1) return;
    const int tile = block % (split.tiles_m * split.tiles_n);
    if (!is_last_block(tickets + tile, split.parts)) return;
    constexpr int fours = Product::n / 4;
    const int m0 = tile % split.tiles_m * Product::m, n0 = tile / split.tiles_m * Product::n;
    const int width = this->d.r * this->d.s * this->d.c;
    for (int i = static_cast<int>(threadIdx.x); i < Product::m * fours; i += Job::threads) {
      const int row = m0 + i / fours, col = n0 + i % fours * 4;
      if (row >= this->d.k || col >= width) continue;
      const float* from = this->parts + row * width + col;
      auto sum = load_stream<Pack<float, 4>>(from);
#pragma unroll 4
      for (int part = 1; part < split.parts; ++part) {
        const auto more = load_stream<Pack<float, 4>>(from + part * this->d.w_count());
        for (int e = 0; e < 4; ++e) sum.at[e] += more.at[e];
      }
      store_vec(gw + row * width + col, sum);
    }
  }
};

}  // namespace duel
