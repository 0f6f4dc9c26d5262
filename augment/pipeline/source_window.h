// The part of a sample's image that a tile of the result is read from, in shared memory: it comes in whole sectors, which a warp's reads of
// a byte or three here and there would ask for again and again.
//
// The window is a guess that does no harm: what lies outside it (a border that reflects, the far side of a strong rotation) is read from
// the image itself.
#pragma once
#include "augment/pipeline/applied.h"
#include "kernels/ptx/vector.h"

namespace duel {

constexpr int sector_bytes = 32, piece_bytes = 16;

// Rows [row, row + rows) and columns of the result.
struct Tile {
  int row, column, rows, columns;
};

struct SourceWindow {
  static constexpr int room = 12 * 1024;  // bytes
  int top, left, rows, columns, pitch;    // of the image; a row takes `pitch` bytes of the room. No rows: nothing is kept
};

// Bytes that a row of the window lies behind the sector it begins in.
template <class T>
HD unsigned sector_skew(const T* x, int w, int c, int row, int left) {
  return (static_cast<unsigned>(reinterpret_cast<uintptr_t>(x)) + static_cast<unsigned>((row * w + left) * c) * unsigned{sizeof(T)}) %
         sector_bytes;
}

// First and last pixel that is read for coordinates from `low` to `high`, within a side of n pixels.
template <class T>
__device__ void reach(const AugmentProblem& p, const Applied& a, float low, float high, int n, int& first, int& last) {
  if (p.recipe.interpolation == Interpolation::nearest) {
    first = whole(exact_floor(low)), last = whole(exact_floor(high));
  } else {  // of bytes, no pixel that has no weight
    first = whole(exact_floor(sub_rn(low, .5f)));
    last = sizeof(T) == 1 ? -whole(exact_floor(sub_rn(.5f, high))) : whole(exact_floor(sub_rn(high, .5f))) + 1;
    if (p.recipe.interpolation == Interpolation::bicubic) first -= 1, last += 1 + (sizeof(T) == 1);
  }
  if (a.sharpness != 1) first -= 1, last += 1;
  first = first < 0 ? 0 : first, last = last < n ? last : n - 1;
}

// By one thread. Where a map bends, its corners do not bound it, and nothing is kept.
template <class T>
__device__ void place_window(const AugmentProblem& p, const Applied& a, const T* x, const Tile& tile, SourceWindow& window) {
  window = {};
  const float* m = a.map.m;
  if (a.nodes || m[6] != 0 || m[7] != 0 || m[8] != 1) return;
  const float u = .5f / static_cast<float>(a.taps.u), v = .5f / static_cast<float>(a.taps.v);  // the outermost samples
  float x0 = 1e6f, x1 = -1e6f, y0 = 1e6f, y1 = -1e6f;
  for (int corner = 0; corner < 4; ++corner) {
    const float across = corner & 1 ? static_cast<float>(tile.column + tile.columns) - u : static_cast<float>(tile.column) + u;
    const float down = corner & 2 ? static_cast<float>(tile.row + tile.rows) - v : static_cast<float>(tile.row) + v;
    const Point at = through(a.map, across, down);
    x0 = at.x < x0 ? at.x : x0, x1 = at.x > x1 ? at.x : x1, y0 = at.y < y0 ? at.y : y0, y1 = at.y > y1 ? at.y : y1;
  }
  int right, bottom;
  reach<T>(p, a, x0, x1, p.w, window.left, right);
  reach<T>(p, a, y0, y1, p.h, window.top, bottom);
  if (right < window.left || bottom < window.top) return;
  window.columns = right - window.left + 1;
  const int bytes = window.columns * p.c * static_cast<int>(sizeof(T)), stride = p.w * p.c * static_cast<int>(sizeof(T));
  const int skew =
      stride % sector_bytes ? sector_bytes - 1 : static_cast<int>(sector_skew(x, p.w, p.c, window.top, window.left));  // the greatest
  window.pitch = (skew + bytes + sector_bytes - 1) / sector_bytes * sector_bytes;
  if (window.pitch <= SourceWindow::room / (bottom - window.top + 1)) window.rows = bottom - window.top + 1;
}

// By all threads of the block, and a barrier behind it. Reads nothing outside [begin, end), the whole batch.
template <class T>
__device__ void fill_window(const AugmentProblem& p, const SourceWindow& window, const T* x, const T* begin, const T* end,
                            unsigned char* kept) {
  const int pieces = window.pitch / piece_bytes;
  for (int at = static_cast<int>(threadIdx.x); at < window.rows * pieces; at += static_cast<int>(blockDim.x)) {
    const int row = at / pieces, piece = at - row * pieces;
    const unsigned skew = sector_skew(x, p.w, p.c, window.top + row, window.left);
    const int used = static_cast<int>(skew) + window.columns * p.c * static_cast<int>(sizeof(T));
    if (piece / 2 * sector_bytes >= used) continue;  // the row ends in a sector before
    const T* from = x + (int64_t{window.top + row} * p.w + window.left) * p.c - skew / unsigned{sizeof(T)} + piece * pack_elements<T>;
    T* to = reinterpret_cast<T*>(kept + row * window.pitch + piece * piece_bytes);
    using Piece = Pack<T, pack_elements<T>>;
    if (from >= begin && from + pack_elements<T> <= end) {
      store_vec(to, load_vec<Piece>(from));
    } else {
      for (int i = 0; i < pack_elements<T>; ++i)
        if (from + i >= begin && from + i < end) to[i] = from[i];
    }
  }
}

// The values of an image, from the window where it has them.
template <class T>
struct WindowedImage {
  using Value = T;
  const T* x;
  int w, c;
  SourceWindow window;
  const unsigned char* kept;
  HD T operator()(int row, int column, int ch) const {
    const int r = row - window.top, q = column - window.left;
    if (static_cast<unsigned>(r) >= static_cast<unsigned>(window.rows) || static_cast<unsigned>(q) >= static_cast<unsigned>(window.columns))
      return x[(int64_t{row} * w + column) * c + ch];
    const T* line = reinterpret_cast<const T*>(kept + r * window.pitch + sector_skew(x, w, c, row, window.left));
    return line[q * c + ch];
  }
};

}  // namespace duel
