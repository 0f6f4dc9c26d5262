// A sample that stays where it was read to: the threads of a block, or of a cluster of a few, keep its elements in registers and shared
// memory, find its statistics together, and go on from what they keep. So it is read once, in one launch.
//
// A position's channels are `lanes` packs of 16 bytes side by side; a thread keeps the same pack of positions that are rows_at_once apart,
// so that its channels are the same for all it does. How a sample is cut depends on the problem alone, and with it the order of addition.
#pragma once
#include <algorithm>

#include "kernels/batch_norm/functions.h"
#include "kernels/cluster_launch.h"
#include "kernels/ptx.h"
#include "kernels/ptx/cluster.h"
#include "kernels/sample_norm/sample_norm.h"

namespace duel::kept_sample {

constexpr int most_threads = 256;
constexpr int cluster_threads = 1024;            // most of a cluster, which is what the simulated GPU holds
constexpr int full_card = 2 * 128;               // blocks that make up a card's work: about two a multiprocessor of the largest
constexpr size_t most_shared_bytes = 110 << 10;  // of a block, so that a multiprocessor has room for two

struct Cut {
  int lanes = 0, rows_at_once = 0, threads = 0;  // 0: not to be cut so
  int blocks = 0, rows = 0;                      // of a sample; of each block
  int kept = 0;                                  // packs a thread
};

// The fewest blocks a sample that can keep it, then more of them until the card is full or each thread keeps one pack.
// most_kept(threads): packs that one of a block's threads can keep.
template <class F>
Cut cut_of(const SampleNormProblem& p, F most_kept) {
  const int elements = p.dtype == DType::bf16 ? pack_elements<bf16> : pack_elements<float>;
  Cut cut;
  if (p.c % elements != 0 || p.c / elements > most_threads) return cut;
  cut.lanes = static_cast<int>(p.c / elements);
  for (int blocks = 1; blocks <= 8; blocks *= 2) {
    const int64_t rows = (p.positions() + blocks - 1) / blocks, at_once = std::min<int64_t>(most_threads / cut.lanes, rows);
    const int64_t kept = (rows + at_once - 1) / at_once, threads = (at_once * cut.lanes + 31) / 32 * 32;
    if (blocks > 1 && blocks * ((threads + 127) / 128 * 128) > cluster_threads) break;
    if (kept > most_kept(static_cast<int>(threads))) continue;
    cut.rows_at_once = static_cast<int>(at_once), cut.threads = static_cast<int>(threads);
    cut.blocks = blocks, cut.rows = static_cast<int>(rows), cut.kept = static_cast<int>(kept);
    if (p.n * blocks >= full_card || kept == 1) break;
  }
  return cut;
}

// cut(p): as cut_of() cuts it for a row.
template <class F>
bool can_cut(const SampleNormProblem& p, F cut) {
  if ((p.dtype != DType::f32 && p.dtype != DType::bf16) || !bn_supports_act(p.act)) return false;
  const Cut c = cut(p);
  return c.threads > 0 && (c.blocks == 1 || compute_capability() >= 90);  // which has clusters
}

template <class... P, class... A>
void launch_cut(const Cut& cut, int64_t samples, size_t shared_bytes, Stream stream, void (*kernel)(P...), A&&... args) {
  const LaunchShape shape{
      .grid = static_cast<unsigned>(samples * cut.blocks), .block = static_cast<unsigned>(cut.threads), .shared_bytes = shared_bytes};
  if (cut.blocks == 1) launch(shape, stream, kernel, static_cast<A&&>(args)...);
  else launch_clusters(shape, static_cast<unsigned>(cut.blocks), stream, kernel, static_cast<A&&>(args)...);
}

// This thread's place in its sample. Threads beyond the last whole row keep nothing.
struct Place {
  int lane, row;   // row: of rows_at_once
  int first, end;  // positions
  __device__ Place(const SampleNormProblem& p, const Cut& cut)
      : lane(static_cast<int>(threadIdx.x) % cut.lanes), row(static_cast<int>(threadIdx.x) / cut.lanes) {
    const int begin = static_cast<int>(blockIdx.x) % cut.blocks * cut.rows;
    first = begin + row;
    end = row < cut.rows_at_once ? min(begin + cut.rows, static_cast<int>(p.positions())) : first;
  }
};

// What a thread keeps of so many tensors: the first packs in registers, the others in shared memory, where asynchronous copies bring them.
// So all of a thread's loads are on their way at once.
template <class T, int arrays, int in_registers>
class Kept {
 public:
  static constexpr int V = pack_elements<T>;
  using Piece = Pack<T, V>;

  static constexpr size_t bytes(const Cut& cut) {  // of shared memory
    return static_cast<size_t>(std::max(0, cut.kept - in_registers)) * arrays * static_cast<size_t>(cut.threads) * sizeof(Piece);
  }
  // Packs that fit, with `other_bytes` of shared memory for something else.
  static constexpr int most(int threads, size_t other_bytes) {
    return in_registers + static_cast<int>((most_shared_bytes - other_bytes) / (arrays * static_cast<size_t>(threads) * sizeof(Piece)));
  }

  __device__ Kept(const SampleNormProblem& p, const Cut& cut, const Place& at, void* shared)
      : far_(static_cast<Piece*>(shared) + threadIdx.x),
        first_(at.first),
        end_(at.end),
        step_(cut.rows_at_once),
        c_(static_cast<int>(p.c)),
        channel_(at.lane * V) {}

  __device__ void fetch(const SampleNormProblem& p, int64_t sample, const T* const (&from)[arrays]) {
    sample_ = sample * p.inner;
    Piece* to = far_;
    for (int row = first_ + in_registers * step_; row < end_; row += step_)
      for (int a = 0; a < arrays; ++a, to += blockDim.x) copy_async<16>(to, from[a] + place(row));
    copy_async_commit();
#pragma unroll
    for (int i = 0; i < in_registers; ++i)
      if (first_ + i * step_ < end_)
#pragma unroll
        for (int a = 0; a < arrays; ++a) near_[i][a] = load_vec<Piece>(from[a] + place(first_ + i * step_));
  }
  // f(i, pieces): the first element's number, and what is kept of each tensor there.
  template <class F>
  __device__ void each(F&& f) const {
#pragma unroll
    for (int i = 0; i < in_registers; ++i)
      if (first_ + i * step_ < end_) f(place(first_ + i * step_), near_[i]);
    copy_async_wait<0>();
    const Piece* from = far_;
    for (int row = first_ + in_registers * step_; row < end_; row += step_) {
      Piece pieces[arrays];
      for (int a = 0; a < arrays; ++a, from += blockDim.x) pieces[a] = load_vec<Piece>(from);
      f(place(row), pieces);
    }
  }

 private:
  __device__ int64_t place(int row) const { return sample_ + row * c_ + channel_; }

  Piece near_[in_registers][arrays];
  Piece* far_;
  int64_t sample_ = 0;
  int first_, end_, step_, c_, channel_;
};

// By what the threads of a sample add up what they found, up to `most` sums at a time: over all of it for a layer, else by channel.
template <class T, bool layer, int most>
struct MeetingShared;
template <class T, int most>
struct MeetingShared<T, true, most> {
  double of_warp[2][most][most_threads / 32], of_block[2][most];
};
template <class T, int most>
struct MeetingShared<T, false, most> {
  static constexpr int columns = most_threads * pack_elements<T>;
  // Of each row of a block a float a channel: the first four of each lane's pack, then, in bf16, the second four, so that lanes side by
  // side write without conflict. The block's own sums and the results take the place of the first row.
  alignas(16) float of_row[most][columns];
  float of_block[2][most][columns];
};

template <class T, bool layer, int most>
class Meeting {
 public:
  static constexpr int V = pack_elements<T>, results = layer ? 1 : V;

  __device__ Meeting(MeetingShared<T, layer, most>& shared, const Cut& cut, const Place& at) : shared_(shared), cut_(cut), at_(at) {}

  // finish(totals, results) turns the sums of one statistic into what each thread wants of it: result[k][0], or result[k][e] for its pack's
  // channels. In double, because it divides what cancels.
  template <int sums, class F>
  __device__ void join(const float (&of_thread)[sums][V], F&& finish, float (&result)[sums][results]) {
    static_assert(sums <= most);
    if constexpr (layer) join_all(of_thread, finish, result);
    else join_channels(of_thread, finish, result);
    slot_ = 1 - slot_;  // another block may still be reading this one
  }
  // Before a block returns: no other block reads its sums any more.
  __device__ void leave() const {
    if (cut_.blocks > 1) cluster_sync();
  }

 private:
  template <int sums, class F>
  __device__ void join_all(const float (&of_thread)[sums][V], F&& finish, float (&result)[sums][results]) {
    const int warp = static_cast<int>(threadIdx.x) / 32, warps = static_cast<int>(blockDim.x) / 32;
    for (int k = 0; k < sums; ++k) {
      float sum = of_thread[k][0];
      for (int e = 1; e < V; ++e) sum += of_thread[k][e];
      const double of_warp = warp_sum(static_cast<double>(sum));
      if (threadIdx.x % 32 == 0) shared_.of_warp[slot_][k][warp] = of_warp;
    }
    __syncthreads();
    double totals[sums], finished[sums];
    for (int k = 0; k < sums; ++k) {
      totals[k] = shared_.of_warp[slot_][k][0];
      for (int w = 1; w < warps; ++w) totals[k] += shared_.of_warp[slot_][k][w];
    }
    if (cut_.blocks > 1) {
      if (threadIdx.x == 0)
        for (int k = 0; k < sums; ++k) shared_.of_block[slot_][k] = totals[k];
      cluster_sync();
      for (int k = 0; k < sums; ++k) {
        totals[k] = 0;
        for (int block = 0; block < cut_.blocks; ++block) totals[k] += *in_cluster(&shared_.of_block[slot_][k], block);
      }
    }
    finish(totals, finished);
    for (int k = 0; k < sums; ++k) result[k][0] = static_cast<float>(finished[k]);
  }

  template <int sums, class F>
  __device__ void join_channels(const float (&of_thread)[sums][V], F&& finish, float (&result)[sums][results]) {
    constexpr int quads = V / 4;
    using Quad = Pack<float, 4>;
    const int columns = cut_.lanes * V, thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
    if (at_.row < cut_.rows_at_once)
      for (int k = 0; k < sums; ++k)
        for (int q = 0; q < quads; ++q) {
          Quad four;
          for (int e = 0; e < 4; ++e) four.at[e] = of_thread[k][q * 4 + e];
          store_vec(shared_.of_row[k] + ((at_.row * quads + q) * cut_.lanes + at_.lane) * 4, four);
        }
    __syncthreads();
    const auto finish_column = [&](int column, const double(&totals)[sums]) {
      double finished[sums];
      finish(totals, finished);
      for (int k = 0; k < sums; ++k) shared_.of_row[k][column] = static_cast<float>(finished[k]);
    };
    for (int column = thread; column < columns; column += threads) {
      double totals[sums];
      for (int k = 0; k < sums; ++k) {
        totals[k] = 0;
        for (int row = 0; row < cut_.rows_at_once; ++row) totals[k] += static_cast<double>(shared_.of_row[k][row * columns + column]);
      }
      if (cut_.blocks == 1) finish_column(column, totals);
      else
        for (int k = 0; k < sums; ++k) shared_.of_block[slot_][k][column] = static_cast<float>(totals[k]);
    }
    if (cut_.blocks > 1) {
      cluster_sync();
      for (int column = thread; column < columns; column += threads) {
        double totals[sums];
        for (int k = 0; k < sums; ++k) {
          totals[k] = 0;
          for (int block = 0; block < cut_.blocks; ++block)
            totals[k] += static_cast<double>(*in_cluster(&shared_.of_block[slot_][k][column], block));
        }
        finish_column(column, totals);
      }
    }
    __syncthreads();
    for (int k = 0; k < sums; ++k)
      for (int q = 0; q < quads; ++q) {
        const Quad four = load_vec<Quad>(shared_.of_row[k] + (q * cut_.lanes + at_.lane) * 4);
        for (int e = 0; e < 4; ++e) result[k][q * 4 + e] = four.at[e];
      }
    __syncthreads();  // the next sums are written over these
  }

  MeetingShared<T, layer, most>& shared_;
  const Cut& cut_;
  const Place& at_;
  int slot_ = 0;
};

// A pack's channels of a parameter or a statistic.
template <int V>
__device__ void load_channels(const float* from, float (&to)[V]) {
  for (int q = 0; q < V; q += 4) {
    const auto four = load_vec<Pack<float, 4>>(from + q);
    for (int e = 0; e < 4; ++e) to[q + e] = four.at[e];
  }
}
template <int V>
__device__ void store_channels(float* to, const float (&from)[V]) {
  for (int q = 0; q < V; q += 4) {
    Pack<float, 4> four;
    for (int e = 0; e < 4; ++e) four.at[e] = from[q + e];
    store_vec(to + q, four);
  }
}

}  // namespace duel::kept_sample
