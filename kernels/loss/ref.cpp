// The reference: in double, with the C library's exp and log.
#include <cmath>
#include <limits>

#include "kernels/loss/loss.h"
#include "kernels/registry.h"

namespace duel {
namespace {

struct RowSum {
  double largest, sum;
};  // Σ exp(x − largest)

template <class T>
RowSum row_sum(const T* x, int cols) {
  double largest = static_cast<double>(x[0]), sum = 0;
  for (int j = 1; j < cols; ++j) {
    const double v = static_cast<double>(x[j]);
    largest = v > largest || v != v ? v : largest;  // a NaN stays
  }
  for (int j = 0; j < cols; ++j) sum += std::exp(static_cast<double>(x[j]) - largest);
  return {largest, sum};
}

bool supports_softmax(const SoftmaxProblem& p) { return is_floating(p.dtype); }
bool supports_cross_entropy(const CrossEntropyProblem& p) { return is_floating(p.dtype); }
bool supports_one_hot(const OneHotProblem& p) { return is_floating(p.dtype); }

void run_softmax(const SoftmaxProblem& p, const Softmax::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < p.rows; ++i) {
      const T* x = static_cast<const T*>(a.x) + i * p.cols;
      T* y = static_cast<T*>(a.y) + i * p.cols;
      const auto [largest, sum] = row_sum(x, p.cols);
      for (int j = 0; j < p.cols; ++j) {
        const double d = static_cast<double>(x[j]) - largest;
        y[j] = static_cast<T>(p.log ? d - std::log(sum) : std::exp(d) / sum);
      }
    }
  });
}

void run_cross_entropy(const CrossEntropyProblem& p, const CrossEntropy::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < p.rows; ++i) {
      const T* x = static_cast<const T*>(a.logits) + i * p.cols;
      const int label = static_cast<const int32_t*>(a.labels)[i];
      const auto [largest, sum] = row_sum(x, p.cols);
      const bool valid = label >= 0 && label < p.cols;
      static_cast<accumulator_t<T>*>(a.loss)[i] = static_cast<accumulator_t<T>>(
          valid ? std::log(sum) - (static_cast<double>(x[label]) - largest) : std::numeric_limits<double>::quiet_NaN());
    }
  });
}

void run_one_hot(const OneHotProblem& p, const OneHot::Args& a, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < p.rows; ++i) {
      const int label = static_cast<const int32_t*>(a.labels)[i];
      const bool valid = label >= 0 && label < p.cols;
      for (int j = 0; j < p.cols; ++j)
        static_cast<T*>(a.y)[i * p.cols + j] = static_cast<T>(!valid ? std::numeric_limits<double>::quiet_NaN() : j == label ? 1.0 : 0.0);
    }
  });
}

KERNEL_VARIANT(Softmax, ref, reference_rank, supports_softmax, no_scratch, run_softmax);
KERNEL_VARIANT(CrossEntropy, ref, reference_rank, supports_cross_entropy, no_scratch, run_cross_entropy);
KERNEL_VARIANT(OneHot, ref, reference_rank, supports_one_hot, no_scratch, run_one_hot);

}  // namespace
}  // namespace duel
