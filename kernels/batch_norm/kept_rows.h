// What the rows of one launch share: a block keeps its rows while all blocks of the grid meet. Each thread keeps its own, the first in
// registers and the others in shared memory, where asynchronous copies bring them; so all of a thread's loads are on their way at once.
//
// How many chunks there are depends on how many blocks the device holds at a time, and with it the order of addition: it is a function of
// the problem and the device.
#pragma once
#include "kernels/batch_norm/channel_tiles.h"
#include "kernels/cooperative_launch.h"
#include "kernels/ptx/grid.h"

namespace duel::channel_tiles {

// A thread's rows of `arrays` tensors, of each the first `in_registers`.
template <class T, int arrays, int in_registers>
class KeptRows {
 public:
  using Piece = Pack<T, pack_elements<T>>;
  static constexpr size_t bytes(int rows_a_thread) {  // of shared memory
    return static_cast<size_t>(std::max(0, rows_a_thread - in_registers)) * arrays * threads * sizeof(Piece);
  }
  __device__ explicit KeptRows(void* shared) : far_(static_cast<Piece*>(shared) + threadIdx.x) {}

  __device__ void fetch(const BatchNormProblem& p, const Place<T>& at, const T* const (&from)[arrays]) {
    const int64_t row = at.begin + at.row;
    Piece* to = far_;
    for (int64_t far = row + in_registers * rows_at_once; far < at.end; far += rows_at_once)
      for (int a = 0; a < arrays; ++a, to += threads) copy_async<16>(to, from[a] + at.group + far * p.c + at.c);
    copy_async_commit();
#pragma unroll
    for (int i = 0; i < in_registers; ++i)
      if (row + i * rows_at_once < at.end)
#pragma unroll
        for (int a = 0; a < arrays; ++a) near_[i][a] = load_vec<Piece>(from[a] + at.group + (row + i * rows_at_once) * p.c + at.c);
  }
  // f(i, pieces): the first element's number, and what is kept of each tensor there.
  template <class F>
  __device__ void each(const BatchNormProblem& p, const Place<T>& at, F f) const {
    int64_t row = at.begin + at.row;
#pragma unroll
    for (int i = 0; i < in_registers; ++i, row += rows_at_once)
      if (row < at.end) f(at.group + row * p.c + at.c, near_[i]);
    copy_async_wait<0>();
    const Piece* from = far_;
    for (; row < at.end; row += rows_at_once) {
      Piece pieces[arrays];
      for (int a = 0; a < arrays; ++a, from += threads) pieces[a] = load_vec<Piece>(from);
      f(at.group + row * p.c + at.c, pieces);
    }
  }

 private:
  Piece near_[in_registers][arrays];
  Piece* far_;
};

// The chunks of a grid that is there as a whole: the fewest rows a thread for which it is. 0 chunks where none is. Up to 64 chunks if that
// can be, for every block joins those of its tile. resident(rows a thread): so many blocks fit.
template <class F>
RowChunks resident_chunks(const BatchNormProblem& p, F resident) {
  const int64_t beside = int64_t{tiles_of(p)} * p.groups;
  for (const int most : {64, 65535})
    for (int each = 2; const int64_t blocks = resident(each); ++each) {
      const int64_t rows = int64_t{each} * rows_at_once, chunks = (p.rows + rows - 1) / rows;
      if (chunks <= most && chunks * beside <= blocks) return {rows, static_cast<int>(chunks)};
    }
  return {0, 0};
}

// How many blocks of a kernel are resident, by the rows that a thread keeps; asked once.
template <class Kept>
class Residents {
 public:
  template <class Kernel>
  Residents(Kernel kernel, size_t other_bytes) {
    for (int rows = 0; rows < most; ++rows) blocks_[rows] = resident_blocks(kernel, threads, other_bytes + Kept::bytes(rows));
  }
  int operator()(int rows) const { return rows < most ? blocks_[rows] : 0; }

 private:
  static constexpr int most = 64;  // more than 228 KiB
  int blocks_[most];
};

}  // namespace duel::channel_tiles
