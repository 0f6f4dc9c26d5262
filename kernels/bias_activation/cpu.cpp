// bias_activation and bias_activation_grad on the CPU, bounded by memory. [rows, c] is cut into blocks of rows and, where c is large, of
// columns; rows of few channels are taken several at a time, as one line that fills vectors. A block keeps its line of biases, or of sums,
// in L1 beside the streams that it goes through once. Lanes are added in f32 along a block, then lanes and blocks in f64, in order; blocks
// depend on the problem alone, so the bits do not depend on the threads.
#include <algorithm>

#include "kernels/bias_activation/functions.h"
#include "kernels/cpu_stream.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

constexpr int64_t block_elements = 65536;
constexpr int64_t max_lanes = 4096;      // 16 KiB: a line of sums in L1; narrower pieces of a row are slower to stream
constexpr int64_t min_block_lines = 64;  // with very many channels: or the partial sums would be as large as x

bool supports(const BiasActivationProblem& p) { return (p.dtype == DType::f32 || p.dtype == DType::bf16) && bias_activation_supports(p); }

struct Blocks {
  int64_t rows, c;
  int64_t together;      // rows of a line
  int64_t height;        // rows of a block
  int64_t down, across;  // blocks
  explicit Blocks(const BiasActivationProblem& p) : rows(p.rows), c(p.c), together(c < 64 ? 16 * ((64 + 16 * c - 1) / (16 * c)) : 1) {
    const int64_t lines = std::max(min_block_lines, block_elements / (together * c));
    height = lines * together;
    down = chunks_of(rows, height), across = chunks_of(c, max_lanes);
  }
};

// What a block is to a loop over it: lines of `width` elements, `stride` apart, of which the last may be short.
struct Block {
  int64_t first, stride, width, count;  // first element; elements in all
  int64_t band, column;
};

template <class F>
void each_block(const Blocks& b, F&& f) {
  const int64_t a_block = std::max<int64_t>(1, std::min(b.height, b.rows) * std::min(max_lanes, b.c));
  parallel_chunks(b.down * b.across, std::max<int64_t>(1, block_elements / a_block), [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t band = i / b.across, column = i % b.across * max_lanes, width = std::min(max_lanes, b.c - column) * b.together;
      const int64_t rows = std::min(b.height, b.rows - band * b.height);
      f(Block{band * b.height * b.c + column, b.c * b.together, width, rows * (width / b.together), band, column});
    }
  });
}

// f(first element, elements) for each line.
template <class F>
void each_line(const Block& b, F&& f) {
  int64_t at = b.first;
  for (int64_t left = b.count; left > 0; left -= b.width, at += b.stride) f(at, std::min(left, b.width));
}

// f(first element, elements, to) for each line, whose results f writes to `to`: where they belong, or, on their way past the caches, to L1.
template <class T, class F>
void each_written_line(const BiasActivationProblem& p, const Block& b, T* out, F&& f) {
  const bool streamed = streams<T>(p.count());
  alignas(64) T line[max_lanes];
  each_line(b, [&](int64_t at, int64_t width) {
    f(at, width, streamed ? line : out + at);
    if (streamed) stream_line(line, out + at, width);
  });
  if (streamed) vectors::stream_end();
}

template <Act act, class T>
void forward(const BiasActivationProblem& p, const T* x, const T* b, T* y) {
  const Blocks blocks(p);
  const float slope = static_cast<float>(p.slope);
  each_block(blocks, [&](const Block& block) {
    alignas(64) float bias[max_lanes];
    for (int64_t j = 0; j < block.width; ++j) bias[j] = static_cast<float>(b[block.column + j % blocks.c]);
    each_written_line(p, block, y, [&](int64_t at, int64_t width, T* __restrict to) {
      const T* __restrict from = x + at;
#pragma GCC ivdep  // not omp simd: its copies of the temporary bf16 would keep g++ from vectorising
      for (int64_t j = 0; j < width; ++j) to[j] = static_cast<T>(act_forward<act>(static_cast<float>(from[j]) + bias[j], slope));
    });
  });
}

template <Act act, class T>
void grad(const BiasActivationProblem& p, const T* y, const T* g, T* gx, float* gb, double* partial) {
  const Blocks blocks(p);
  const float slope = static_cast<float>(p.slope);
  each_block(blocks, [&](const Block& block) {
    alignas(64) float sum[max_lanes];
    std::fill_n(sum, block.width, 0.f);
    each_written_line(p, block, gx, [&](int64_t at, int64_t width, T* __restrict to) {
      const T* __restrict saved = y + at, * __restrict from = g + at;
#pragma GCC ivdep
      for (int64_t j = 0; j < width; ++j) {
        const float value = static_cast<float>(from[j]) * act_grad_factor<act>(static_cast<float>(saved[j]), slope);
        to[j] = static_cast<T>(value);
        sum[j] += value;
      }
    });
    const int64_t channels = block.width / blocks.together;
    double* own = partial + block.band * blocks.c + block.column;
    for (int64_t c = 0; c < channels; ++c) {
      own[c] = 0;
      for (int64_t j = c; j < block.width; j += channels) own[c] += static_cast<double>(sum[j]);
    }
  });
  parallel_chunks(blocks.c, max_lanes, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t c = begin; c < end; ++c) {
      double total = 0;
      for (int64_t band = 0; band < blocks.down; ++band) total += partial[band * blocks.c + c];
      gb[c] = static_cast<float>(total);
    }
  });
}

size_t scratch(const BiasActivationProblem& p) {
  const Blocks blocks(p);
  return sizeof(double) * static_cast<size_t>(blocks.down * blocks.c);
}

// Calls f(constant of act, TypeTag<T>{}).
template <class F>
void with_kernel(const BiasActivationProblem& p, F&& f) {
  with_told_act(p.act, [&](auto act) {
    if (p.dtype == DType::bf16) f(act, TypeTag<bf16>{});
    else f(act, TypeTag<float>{});
  });
}

void run_forward(const BiasActivationProblem& p, const BiasActivation::Args& a, Scratch, Stream) {
  with_kernel(p, [&](auto act, auto tag) {
    using T = typename decltype(tag)::type;
    forward<decltype(act)::value>(p, static_cast<const T*>(a.x), static_cast<const T*>(a.b), static_cast<T*>(a.y));
  });
}
void run_grad(const BiasActivationProblem& p, const BiasActivationGrad::Args& a, Scratch scratch, Stream) {
  with_kernel(p, [&](auto act, auto tag) {
    using T = typename decltype(tag)::type;
    grad<decltype(act)::value>(p, static_cast<const T*>(a.y), static_cast<const T*>(a.g), static_cast<T*>(a.gx), static_cast<float*>(a.gb),
                               static_cast<double*>(scratch.data));
  });
}

KERNEL_VARIANT(BiasActivation, openmp, 10, supports, no_scratch, run_forward);
KERNEL_VARIANT(BiasActivationGrad, openmp, 10, supports, scratch, run_grad);

}  // namespace
}  // namespace duel
