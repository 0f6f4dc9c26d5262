// avg_pool2d, rung 2: 16 bytes of channels a thread and access instead of one element, and no divisions but the average's. Where results
// are few and windows large, as when a window is the image, the lanes of a warp share a window and add up by shuffles; else the bits are
// those of rung 1. Channels must fill whole packs. Bounded by memory: x read once, where windows overlap again from cache; y written once.
#include "kernels/pool2d/channel_packs.h"

namespace duel {
namespace {

using namespace channel_packs;

bool supports(const Pool2dProblem& p) {
  return (p.dtype == DType::f32 && fits(p, pack_elements<float>)) || (p.dtype == DType::bf16 && fits(p, pack_elements<bf16>));
}

// Lanes to a window: until there are threads enough, each with at least two taps.
int lanes_of(const Pool2dProblem& p, int packs) {
  constexpr int64_t full_card = 132 * 1024;
  int lanes = 1;
  while (packs * lanes < full_card && lanes < 32 && p.r * p.s >= lanes * 4) lanes *= 2;
  return lanes;
}

template <class T>
__global__ void avg_channel_packs(Pool2dProblem d, Image y_packs, int lanes, Divisor across, const T* x, T* y) {
  constexpr int V = pack_elements<T>;
  const int of_warp = 32 / lanes, lane = static_cast<int>(threadIdx.x) % 32, part = lane / of_warp;
  const int64_t warps = int64_t{gridDim.x} * (threads / 32);
  for (int64_t warp = (int64_t{blockIdx.x} * threads + threadIdx.x) / 32; warp * of_warp < y_packs.packs; warp += warps) {
    const int64_t i = warp * of_warp + lane % of_warp;
    const bool is_there = i < y_packs.packs;
    const Place at = y_packs.place(is_there ? static_cast<int>(i) : 0);
    const int first_row = d.first_row(at.row), first_col = d.first_col(at.col);
    float sum[V] = {};
    if (is_there)
      for (int tap = part; tap < d.r * d.s; tap += lanes) {
        const int r = across.quotient(tap), row = first_row + r, col = first_col + tap - r * d.s;
        if (!d.has_row(row) || !d.has_col(col)) continue;
        const auto v = load_vec<Pack<T, V>>(x + x_offset(d, at, row, col));
        for (int e = 0; e < V; ++e) sum[e] += static_cast<float>(v.at[e]);
      }
    for (int by = 16; by >= of_warp; by /= 2)
      for (int e = 0; e < V; ++e) sum[e] += __shfl_xor_sync(0xffffffffu, sum[e], by);
    if (!is_there || part != 0) continue;
    const float over = static_cast<float>(d.divisor(at.row, at.col));
    Pack<T, V> out;
    for (int e = 0; e < V; ++e) out.at[e] = static_cast<T>(sum[e] / over);
    store_vec(y + i * V, out);
  }
}

template <class T>
void run_as(const Pool2dProblem& p, const AvgPool2d::Args& a, Stream stream) {
  const Image packs = y_image(p, pack_elements<T>);
  const int lanes = lanes_of(p, packs.packs);
  launch({.grid = stride_blocks(packs.packs, threads / lanes), .block = threads}, stream, avg_channel_packs<T>, p, packs, lanes,
         Divisor(p.s), static_cast<const T*>(a.x), static_cast<T*>(a.y));
}
void run(const Pool2dProblem& p, const AvgPool2d::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(AvgPool2d, channel_packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
