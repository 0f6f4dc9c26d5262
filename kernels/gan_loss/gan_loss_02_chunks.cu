// gan_loss, rung 2: blocks for all of the card instead of one, and 16 bytes a thread and access; still one launch. A block has a chunk of a
// group's outputs, and leaves its sums in scratch; behind the grid's barrier the first block adds those. For 4096 outputs or more, as of a
// discriminator that judges patches: fewer are read sooner by one block than several can meet. Bounded by that barrier, and for very many
// outputs by memory: t read once, gt written once. Sums have a fixed order: a thread's, a block's, then the chunks', all in f64.
#include <algorithm>

#include "kernels/cooperative_launch.h"
#include "kernels/gan_loss/functions.h"
#include "kernels/ptx.h"
#include "kernels/ptx/grid.h"

namespace duel {
namespace {

constexpr int threads = 256, warps = threads / 32;
constexpr int sums = 4;  // of a group: cost, σ, what is right, outputs

int pack_of(const GanLossProblem& p) { return p.dtype == DType::f64 ? pack_elements<double> : pack_elements<float>; }

bool supports(const GanLossProblem& p) {
  constexpr int64_t least = 4096;
  constexpr int most_groups = 32;  // the first block goes through them one by one
  return (p.dtype == DType::f32 || p.dtype == DType::f64) && p.count() >= least && p.groups <= most_groups && p.rows % pack_of(p) == 0;
}

// How the problem lies on the grid, which hangs on the problem alone: so the order of addition does too.
struct Cut {
  int64_t chunk_rows;
  int chunks;  // of a group
};
Cut cut_of(const GanLossProblem& p) {
  constexpr int64_t wanted_blocks = 2 * 132;  // two a multiprocessor of the largest cards
  const int64_t step = int64_t{threads} * pack_of(p), chunks = std::max<int64_t>(1, wanted_blocks / p.groups);
  const int64_t each = std::max<int64_t>(1, (p.rows + chunks * step - 1) / (chunks * step)) * step;
  return {each, static_cast<int>((p.rows + each - 1) / each)};
}
size_t scratch_bytes(const GanLossProblem& p) { return sizeof(double) * sums * static_cast<size_t>(p.groups * cut_of(p).chunks); }

struct Shared {
  double of_warp[warps][sums];
};

// The sums of one chunk of a group, and the gradient of its outputs.
template <class T>
__device__ GanSums judge(const GanLossProblem& p, const Cut& cut, int group, int chunk, const T* t, const T* y, T* gt) {
  constexpr int V = pack_elements<T>;
  const T each = T(1) / static_cast<T>(p.rows);
  const int64_t begin = chunk * cut.chunk_rows, end = min(begin + cut.chunk_rows, p.rows), first = group * p.rows;
  const T of_group = p.own_targets ? T(0) : y[group];
  GanSums found;
  for (int64_t row = begin + int64_t{threadIdx.x} * V; row < end; row += threads * V) {
    Pack<T, V> v = load_vec<Pack<T, V>>(t + first + row), target;
    if (p.own_targets) target = load_vec<Pack<T, V>>(y + first + row);
    else
      for (int e = 0; e < V; ++e) target.at[e] = of_group;
    for (int e = 0; e < V; ++e) {
      found.add(p, group, v.at[e], target.at[e]);
      v.at[e] = each * gan_slope(p.by, v.at[e], target.at[e]);
    }
    store_vec(gt + first + row, v);
  }
  return found;
}

// The sums of the block's threads, added up into parts[sums].
__device__ inline void add_block(const GanSums& found, Shared& shared, double* parts) {
  const int thread = static_cast<int>(threadIdx.x);
  const double of_thread[sums] = {found.cost, found.sigma, found.right, found.output};
  for (int i = 0; i < sums; ++i) {
    const double of_warp = warp_sum(of_thread[i]);
    if (thread % 32 == 0) shared.of_warp[thread / 32][i] = of_warp;
  }
  __syncthreads();
  if (thread < sums) {
    double sum = 0;
    for (int w = 0; w < warps; ++w) sum += shared.of_warp[w][thread];
    parts[thread] = sum;
  }
  __syncthreads();  // the next chunk's come into the same memory
}

// By the warps of one block, each of which has one of the four sums of all groups. parts: [groups, chunks, sums].
template <class T>
__device__ void join(const GanLossProblem& p, int chunks, const double* parts, T* loss, T* said) {
  const int which = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  if (which >= sums) return;
  double total = 0;
  for (int group = 0; group < p.groups; ++group) {
    double sum = 0;
    for (int chunk = lane; chunk < chunks; chunk += 32) sum += parts[(int64_t{group} * chunks + chunk) * sums + which];
    sum = warp_sum(sum) / static_cast<double>(p.rows);
    total += sum;
    if (lane == 0 && which > 0) said[int64_t{group} * 3 + which - 1] = static_cast<T>(sum);
  }
  if (lane == 0 && which == 0) *loss = static_cast<T>(total);
}

template <class T>
__global__ void gan_loss_chunks(GanLossProblem p, Cut cut, const T* t, const T* y, double* parts, T* loss, T* said, T* gt) {
  Shared& shared = shared_storage<Shared>();
  for (int item = static_cast<int>(blockIdx.x); item < p.groups * cut.chunks; item += static_cast<int>(gridDim.x))
    add_block(judge(p, cut, item / cut.chunks, item % cut.chunks, t, y, gt), shared, parts + int64_t{item} * sums);
  grid_sync();
  if (blockIdx.x == 0) join(p, cut.chunks, parts, loss, said);
}

template <class T>
void run_as(const GanLossProblem& p, const GanLoss::Args& a, Scratch scratch, Stream stream) {
  static const int resident = resident_blocks(gan_loss_chunks<T>, threads, sizeof(Shared));
  const Cut cut = cut_of(p);
  const int blocks = std::min(p.groups * cut.chunks, resident);
  launch_cooperative({.grid = static_cast<unsigned>(blocks), .block = threads, .shared_bytes = sizeof(Shared)}, stream, gan_loss_chunks<T>,
                     p, cut, static_cast<const T*>(a.t), static_cast<const T*>(a.y), static_cast<double*>(scratch.data),
                     static_cast<T*>(a.loss), static_cast<T*>(a.said), static_cast<T*>(a.gt));
}
void run(const GanLossProblem& p, const GanLoss::Args& a, Scratch scratch, Stream stream) {
  if (p.dtype == DType::f64) run_as<double>(p, a, scratch, stream);
  else run_as<float>(p, a, scratch, stream);
}

KERNEL_VARIANT(GanLoss, chunks, 2, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
