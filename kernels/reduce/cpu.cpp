// reduce on the CPU. All kinds come down to one loop, which folds the rows of a block into one row of f32 lanes; the lanes of a block
// and then the blocks are added in f64, in order. Block sizes depend on the problem alone, so the bits do not depend on the threads.
#include <algorithm>
#include <limits>

#include "kernels/parallel.h"
#include "kernels/reduce/reduce.h"
#include "kernels/registry.h"

namespace duel {
namespace {

constexpr int64_t block_elements = 65536;
constexpr int64_t max_lanes = 1024;     // 4 KiB: the lanes stay in L1 beside the stream they are added to
constexpr int64_t min_block_rows = 64;  // with very many channels: or the partial sums would be as large as x

struct SumOf {
  static constexpr float identity = 0;
  template <class A>
  static A fold(A a, A b) {
    return a + b;
  }
};
struct MaxOf {
  static constexpr float identity = -std::numeric_limits<float>::infinity();
  template <class A>
  static A fold(A a, A b) {
    return ((a > b) | (a != a)) ? a : b;
  }  // NaN wins
};

template <class Fn, class T>
void add_rows(const T* __restrict x, float* __restrict lanes, int64_t rows, int64_t stride, int64_t width) {
  for (int64_t r = 0; r < rows; ++r) {
    const T* __restrict row = x + r * stride;
#pragma GCC ivdep
    for (int64_t j = 0; j < width; ++j) lanes[j] = Fn::fold(lanes[j], static_cast<float>(row[j]));
  }
}

// out[j] = fold over r of x[r·stride + j], j < width ≤ max_lanes. Narrow contiguous rows are taken several at a time, as one wide row.
template <class Fn, class T>
void fold_block(const T* x, int64_t rows, int64_t stride, int64_t width, double* out) {
  alignas(64) float lanes[max_lanes];
  const int64_t together = stride == width && width < 64 ? 16 * ((64 + 16 * width - 1) / (16 * width)) : 1;
  const int64_t wide = width * together, groups = rows / together;
  for (int64_t j = 0; j < width; ++j) out[j] = Fn::identity;
  if (groups) {
    std::fill_n(lanes, wide, Fn::identity);
    add_rows<Fn>(x, lanes, groups, together * stride, wide);
    for (int64_t k = 0; k < together; ++k)
      for (int64_t j = 0; j < width; ++j) out[j] = Fn::fold(out[j], static_cast<double>(lanes[k * width + j]));
  }
  for (int64_t r = groups * together; r < rows; ++r)
    for (int64_t j = 0; j < width; ++j) out[j] = Fn::fold(out[j], static_cast<double>(static_cast<float>(x[r * stride + j])));
}

// keep image: each sample is [rows, c], cut into blocks of rows and, where c is large, of columns. keep channel is one sample of all rows.
int64_t images_of(const ReduceProblem& p) { return p.keep == Keep::image ? p.n : 1; }
int64_t rows_of(const ReduceProblem& p) { return (p.keep == Keep::image ? p.inner : p.count()) / p.c; }
int64_t block_rows(const ReduceProblem& p) { return std::max(min_block_rows, block_elements / p.c); }

template <class Fn, class T>
void keep_channels(const ReduceProblem& p, const T* x, float* y, double* partial) {
  const int64_t rows = rows_of(p), height = block_rows(p), down = chunks_of(rows, height), across = chunks_of(p.c, max_lanes);
  const int64_t a_block = std::max<int64_t>(1, std::min(height, rows) * std::min(max_lanes, p.c));
  parallel_chunks(images_of(p) * down * across, std::max<int64_t>(1, block_elements / a_block), [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t band = block / across, image = band / down, row = band % down * height, column = block % across * max_lanes;
      fold_block<Fn>(x + (image * rows + row) * p.c + column, std::min(height, rows - row), p.c, std::min(max_lanes, p.c - column),
                     partial + band * p.c + column);
    }
  });
  const int64_t an_image = std::max<int64_t>(1, down * p.c);
  parallel_chunks(images_of(p), std::max<int64_t>(1, chunk_elements / an_image), [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t image = begin; image < end; ++image) {
      double* own = partial + image * down * p.c;
      for (int64_t d = 1; d < down; ++d)
        for (int64_t j = 0; j < p.c; ++j) own[j] = Fn::fold(own[j], own[d * p.c + j]);
      for (int64_t j = 0; j < p.c; ++j) y[image * p.c + j] = down ? static_cast<float>(own[j]) : Fn::identity;
    }
  });
}

// keep sample, and keep scalar as one sample: each sample cut into pieces, many short samples taken as one task.
int64_t samples_of(const ReduceProblem& p) { return p.keep == Keep::scalar ? 1 : p.n; }
int64_t length_of(const ReduceProblem& p) { return p.keep == Keep::scalar ? p.count() : p.inner; }
int64_t pieces_of(const ReduceProblem& p) { return std::max<int64_t>(1, chunks_of(length_of(p), block_elements)); }

template <class Fn, class T>
void keep_sample(const ReduceProblem& p, const T* x, float* y, double* partial) {
  const int64_t samples = samples_of(p), length = length_of(p), pieces = pieces_of(p);
  const int64_t a_task = std::max<int64_t>(1, block_elements / std::max<int64_t>(1, length));
  parallel_chunks(samples * pieces, a_task, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t from = i % pieces * block_elements;
      fold_block<Fn>(x + i / pieces * length + from, std::min(block_elements, length - from), 1, 1, partial + i);
    }
  });
  parallel_chunks(samples, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t s = begin; s < end; ++s) {
      double total = partial[s * pieces];
      for (int64_t k = 1; k < pieces; ++k) total = Fn::fold(total, partial[s * pieces + k]);
      y[s] = static_cast<float>(total);
    }
  });
}

bool supports(const ReduceProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::bf16; }

bool keeps_channels(const ReduceProblem& p) { return p.keep == Keep::channel || p.keep == Keep::image; }

size_t scratch(const ReduceProblem& p) {
  return sizeof(double) *
         static_cast<size_t>(keeps_channels(p) ? images_of(p) * chunks_of(rows_of(p), block_rows(p)) * p.c : samples_of(p) * pieces_of(p));
}

template <class Fn, class T>
void run_typed(const ReduceProblem& p, const Reduce::Args& a, Scratch scratch) {
  const auto kind = keeps_channels(p) ? keep_channels<Fn, T> : keep_sample<Fn, T>;
  kind(p, static_cast<const T*>(a.x), static_cast<float*>(a.y), static_cast<double*>(scratch.data));
}

void run(const ReduceProblem& p, const Reduce::Args& a, Scratch scratch, Stream) {
  const bool sum = p.fn == ReduceFn::sum;
  if (p.dtype == DType::bf16) (sum ? run_typed<SumOf, bf16> : run_typed<MaxOf, bf16>)(p, a, scratch);
  else (sum ? run_typed<SumOf, float> : run_typed<MaxOf, float>)(p, a, scratch);
}

KERNEL_VARIANT(Reduce, openmp, 10, supports, scratch, run);

}  // namespace
}  // namespace duel
