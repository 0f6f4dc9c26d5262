#include "kernels/loss/loss.h"

#include <numeric>

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

Tensor run_softmax(const char* op, const Tensor& x, bool log) {
  check_floating(op, x);
  check(x.shape().rank() == 2 && x.shape()[1] >= 1, op, fmt::format("wants [n,c], not {}", x.text()));
  Tensor y(x.shape(), x.dtype(), x.device());
  dispatch<Softmax>({.rows = x.shape()[0], .cols = static_cast<int>(x.shape()[1]), .log = log, .dtype = x.dtype()}, {x.data(), y.data()},
                    x.device());
  return y;
}

Tensor row_sum(const Tensor& x) { return cast(sum_per_sample(x), x.dtype()); }

Tensor one_hot(const Tensor& labels, int64_t classes, DType dtype) {
  std::vector<double> identity(static_cast<size_t>(classes * classes), 0.0);
  for (int64_t i = 0; i < classes; ++i) identity[static_cast<size_t>(i * classes + i)] = 1;
  NoGrad constant;
  return gather_rows(Tensor::from({classes, classes}, identity, dtype, labels.device()), labels);
}

}  // namespace

Tensor softmax(const Tensor& x) {
  return record("softmax", run_softmax("softmax", x, false), {x},
                [](const Tensor& y, const Tensor& g, Needs) { return Tensors{mul(y, sub(g, row_sum(mul(g, y))))}; });
}

Tensor log_softmax(const Tensor& x) {
  return record("log_softmax", run_softmax("log_softmax", x, true), {x},
                [](const Tensor& y, const Tensor& g, Needs) { return Tensors{sub(g, mul(exp(y), row_sum(g)))}; });
}

Tensor cross_entropy(const Tensor& logits, const Tensor& labels) {
  check_floating("cross_entropy", logits);
  check(logits.shape().rank() == 2 && labels && labels.dtype() == DType::i32 && labels.shape() == Shape{logits.shape()[0]}, "cross_entropy",
        fmt::format("wants logits [n,c] and labels i32[n], not {} and {}", logits.text(), labels.text()));
  const int64_t n = logits.shape()[0], c = logits.shape()[1];
  if (labels.device() == Device::cpu)
    for (int64_t i = 0; i < n; ++i) {
      const int32_t label = static_cast<const int32_t*>(labels.data())[i];
      check(label >= 0 && label < c, "cross_entropy", fmt::format("label {} at position {} is outside [0, {})", label, i, c));
    }
  Tensor loss({n}, accumulator_of(logits.dtype()), logits.device());
  dispatch<CrossEntropy>({.rows = n, .cols = static_cast<int>(c), .dtype = logits.dtype()}, {logits.data(), labels.data(), loss.data()},
                         logits.device());
  return record("cross_entropy", loss, {logits}, [logits, labels, n, c](const Tensor&, const Tensor& g, Needs) {
    const Tensor difference = sub(softmax(logits), one_hot(labels, c, logits.dtype()));
    return Tensors{mul(difference, cast(reshape(g, {n, 1}), logits.dtype()))};
  });
}

}  // namespace duel
