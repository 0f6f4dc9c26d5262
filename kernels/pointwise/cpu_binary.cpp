// binary on the CPU. Work is cut into runs within which each operand either follows the result or stands still, so four vectorised loops a
// function serve all pairs of spreads. An operand with few channels is first laid out as a longer pattern, or its runs would be as short as
// its channels are few: once for all where the channels are everyone's, anew for each sample where they are the sample's own.
#include <algorithm>

#include "kernels/parallel.h"
#include "kernels/pointwise/functions.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const BinaryProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::bf16; }

template <BinaryFn fn, bool a_moves, bool b_moves, class T>
void combine(const T* __restrict a, const T* __restrict b, T* __restrict y, int64_t count) {
  const float a0 = static_cast<float>(a[0]), b0 = static_cast<float>(b[0]);
#pragma GCC ivdep  // not omp simd: its copies of the temporary bf16 would keep g++ from vectorising
  for (int64_t i = 0; i < count; ++i)
    y[i] = static_cast<T>(binary_value<fn>(a_moves ? static_cast<float>(a[i]) : a0, b_moves ? static_cast<float>(b[i]) : b0));
}

constexpr int64_t pattern_size = 2048;  // elements; two of them and a stretch of the result stay in L1
constexpr int64_t line_size = 256;      // the same for one sample: short, because it serves that sample alone

// One sample's channels, repeated. Each chunk has its own.
template <class T>
struct Line {
  int64_t sample = -1;
  T values[line_size];
};

// One operand: where it is read for the run that starts at result element i, and how far that run may go.
template <class T>
struct Operand {
  const T* data;
  Spread spread;
  int64_t inner, c;
  T pattern[pattern_size];  // filled only where it is used

  Operand(const T* data, Spread s, const BinaryProblem& p) : data(data), spread(s), inner(p.inner), c(p.c) {
    if (s == Spread::sample && inner == 1) spread = Spread::full;
    if (s == Spread::channel && c == 1) spread = Spread::scalar;
    if (s == Spread::image && c == 1) spread = Spread::sample;
    if (s == Spread::image && c == inner) spread = Spread::full;
    if (spread == Spread::image && c <= line_size / 4 && inner >= line_size) period_ = line_size / c * c;
    if (spread != Spread::channel || c > pattern_size / 2) return;
    const int64_t whole = pattern_size / c * c;
    for (int64_t i = 0; i < whole; ++i) pattern[i] = i < c ? data[i] : pattern[i - c];
    this->data = pattern;
    period_ = whole;
  }
  Operand(const Operand&) = delete;

  bool moves() const { return spread == Spread::full || spread == Spread::channel || spread == Spread::image; }
  const T* at(int64_t i, Line<T>& line) const {
    if (spread == Spread::image) return image_at(i, line);
    return spread == Spread::full      ? data + i
           : spread == Spread::scalar  ? data
           : spread == Spread::channel ? data + i % c
                                       : data + i / inner;
  }
  int64_t run_end(int64_t i) const {
    const int64_t period_end = i - i % c + (period_ ? period_ : c);
    return spread == Spread::channel  ? period_end
           : spread == Spread::image  ? std::min(period_end, (i / inner + 1) * inner)
           : spread == Spread::sample ? (i / inner + 1) * inner
                                      : INT64_MAX;
  }

 private:
  const T* image_at(int64_t i, Line<T>& line) const {
    const int64_t sample = i / inner;
    const T* own = data + sample * c;
    if (!period_) return own + i % c;
    if (line.sample != sample)
      for (int64_t j = 0; j < period_; ++j) line.values[j] = j < c ? own[j] : line.values[j - c];
    line.sample = sample;
    return line.values + i % c;
  }

  int64_t period_ = 0;  // of the pattern or the line; 0: the operand itself is read
};

template <BinaryFn fn, class T>
void run_typed(const BinaryProblem& p, const T* a_data, const T* b_data, T* y) {
  const Operand<T> a(a_data, p.a_spread, p), b(b_data, p.b_spread, p);
  const auto loop = a.moves()   ? b.moves() ? combine<fn, true, true, T> : combine<fn, true, false, T>
                      : b.moves() ? combine<fn, false, true, T>
                                : combine<fn, false, false, T>;
  parallel_chunks(p.count(), [&](int64_t begin, int64_t end, int64_t) {
    Line<T> a_line, b_line;
    for (int64_t i = begin; i < end;) {
      const int64_t stop = std::min({end, a.run_end(i), b.run_end(i)});
      loop(a.at(i, a_line), b.at(i, b_line), y + i, stop - i);
      i = stop;
    }
  });
}

void run(const BinaryProblem& p, const Binary::Args& args, Scratch, Stream) {
  with_binary_fn(p.fn, [&](auto fn) {
    constexpr BinaryFn f = decltype(fn)::value;
    if (p.dtype == DType::bf16)
      run_typed<f>(p, static_cast<const bf16*>(args.a), static_cast<const bf16*>(args.b), static_cast<bf16*>(args.y));
    else run_typed<f>(p, static_cast<const float*>(args.a), static_cast<const float*>(args.b), static_cast<float*>(args.y));
  });
}

KERNEL_VARIANT(Binary, openmp, 10, supports, no_scratch, run);

}  // namespace
}  // namespace duel
