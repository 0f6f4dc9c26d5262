// softmax and cross_entropy on the CPU: a row at a time, 32 lanes side by side for the maximum and the sum. one_hot: a row is cleared, then
// one element of it set.
#include <algorithm>
#include <cmath>

#include "kernels/loss/loss.h"
#include "kernels/parallel.h"
#include "kernels/pointwise/math.h"
#include "kernels/registry.h"

namespace duel {
namespace {

constexpr int lanes = 32;

template <class P>
bool supports(const P& p) {
  return p.dtype == DType::f32 || p.dtype == DType::bf16;
}

struct RowSum {
  float largest;
  double sum;
};  // Σ exp(x − largest)

template <class T>
RowSum row_sum(const T* __restrict x, int cols) {
  alignas(64) float top[lanes], sum[lanes] = {};
  for (int i = 0; i < lanes; ++i) top[i] = -math::infinity();
  const auto larger = [](float a, float b) { return a > b || a != a ? a : b; };  // a NaN stays
  int j = 0;
  for (; j + lanes <= cols; j += lanes)
#pragma omp simd
    for (int i = 0; i < lanes; ++i) top[i] = larger(static_cast<float>(x[j + i]), top[i]);
  for (int i = 0; j + i < cols; ++i) top[i] = larger(static_cast<float>(x[j + i]), top[i]);
  float largest = top[0];
  for (int i = 1; i < lanes; ++i) largest = larger(top[i], largest);
  for (j = 0; j + lanes <= cols; j += lanes)
#pragma omp simd
    for (int i = 0; i < lanes; ++i) sum[i] += math::exp(static_cast<float>(x[j + i]) - largest);
  for (int i = 0; j + i < cols; ++i) sum[i] += math::exp(static_cast<float>(x[j + i]) - largest);
  double total = 0;
  for (int i = 0; i < lanes; ++i) total += sum[i];
  return {largest, total};
}

int64_t rows_a_chunk(int cols) { return std::max<int64_t>(1, chunk_elements / cols); }

template <class T>
void softmax_row(const T* __restrict x, int cols, bool log, T* __restrict y) {
  const auto [largest, sum] = row_sum(x, cols);
  if (log) {
    const float log_sum = static_cast<float>(std::log(sum));
    for (int j = 0; j < cols; ++j) y[j] = static_cast<T>((static_cast<float>(x[j]) - largest) - log_sum);
  } else {
    const float scale = static_cast<float>(1 / sum);
    for (int j = 0; j < cols; ++j) y[j] = static_cast<T>(math::exp(static_cast<float>(x[j]) - largest) * scale);
  }
}

template <class T>
void softmax(const SoftmaxProblem& p, const Softmax::Args& a) {
  parallel_chunks(p.rows, rows_a_chunk(p.cols), [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i)
      softmax_row(static_cast<const T*>(a.x) + i * p.cols, p.cols, p.log, static_cast<T*>(a.y) + i * p.cols);
  });
}

template <class T>
void cross_entropy(const CrossEntropyProblem& p, const CrossEntropy::Args& a) {
  parallel_chunks(p.rows, rows_a_chunk(p.cols), [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i) {
      const T* x = static_cast<const T*>(a.logits) + i * p.cols;
      const int label = static_cast<const int32_t*>(a.labels)[i];
      const auto [largest, sum] = row_sum(x, p.cols);
      static_cast<float*>(a.loss)[i] =
          label >= 0 && label < p.cols ? static_cast<float>(std::log(sum) - (static_cast<double>(x[label]) - largest)) : std::nanf("");
    }
  });
}

template <class T>
void one_hot(const OneHotProblem& p, const OneHot::Args& a) {
  parallel_chunks(p.rows, rows_a_chunk(p.cols), [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i) {
      T* y = static_cast<T*>(a.y) + i * p.cols;
      const int label = static_cast<const int32_t*>(a.labels)[i];
      const bool valid = label >= 0 && label < p.cols;
      std::fill_n(y, p.cols, static_cast<T>(valid ? 0.0f : std::nanf("")));
      if (valid) y[label] = static_cast<T>(1.0f);
    }
  });
}

void run_softmax(const SoftmaxProblem& p, const Softmax::Args& a, Scratch, Stream) {
  if (p.dtype == DType::bf16) softmax<bf16>(p, a);
  else softmax<float>(p, a);
}
void run_cross_entropy(const CrossEntropyProblem& p, const CrossEntropy::Args& a, Scratch, Stream) {
  if (p.dtype == DType::bf16) cross_entropy<bf16>(p, a);
  else cross_entropy<float>(p, a);
}
void run_one_hot(const OneHotProblem& p, const OneHot::Args& a, Scratch, Stream) {
  if (p.dtype == DType::bf16) one_hot<bf16>(p, a);
  else one_hot<float>(p, a);
}

KERNEL_VARIANT(Softmax, lanes, 1, supports<SoftmaxProblem>, no_scratch, run_softmax);
KERNEL_VARIANT(CrossEntropy, lanes, 1, supports<CrossEntropyProblem>, no_scratch, run_cross_entropy);
KERNEL_VARIANT(OneHot, openmp, 1, supports<OneHotProblem>, no_scratch, run_one_hot);

}  // namespace
}  // namespace duel
