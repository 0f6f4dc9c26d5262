#include "kernels/loss/loss.h"

#include <limits>

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

Tensor run_softmax(const char* op, const Tensor& x, bool log) {
  check_floating(op, x);
  check(x.shape().rank() == 2 && x.shape()[1] >= 1, op, "wants [n,c], not {}", x);
  Tensor y(x.shape(), x.dtype(), x.device());
  dispatch<Softmax>({.rows = x.shape()[0], .cols = static_cast<int>(x.shape()[1]), .log = log, .dtype = x.dtype()}, {x.data(), y.data()},
                    x.device());
  return y;
}

Tensor row_sum(const Tensor& x) { return cast(sum_per_sample(x), x.dtype()); }

void check_labels(const char* op, const Tensor& labels, int64_t classes) {
  check(labels && labels.dtype() == DType::i32 && labels.shape().rank() == 1, op, "wants labels i32[n], not {}", labels);
  if (labels.device() != Device::cpu) return;  // elsewhere reading them back would stall the device; there a wrong label gives NaN
  const int32_t* values = static_cast<const int32_t*>(labels.data());
  for (int64_t i = 0; i < labels.count(); ++i)
    if (values[i] < 0 || values[i] >= classes) check(false, op, "label {} at position {} is outside [0, {})", values[i], i, classes);
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

Tensor one_hot(const Tensor& labels, int64_t classes, DType dtype) {
  check(is_floating(dtype) && classes >= 1 && classes <= std::numeric_limits<int>::max(), "one_hot",
        "makes floating-point rows of at least one class, not {} of {}", name_of(dtype), classes);
  check_labels("one_hot", labels, classes);
  Tensor y({labels.count(), classes}, dtype, labels.device());
  dispatch<OneHot>({.rows = labels.count(), .cols = static_cast<int>(classes), .dtype = dtype}, {labels.data(), y.data()}, labels.device());
  return y;
}

Tensor cross_entropy(const Tensor& logits, const Tensor& labels) {
  check_floating("cross_entropy", logits);
  check(logits.shape().rank() == 2 && labels && labels.shape() == Shape{logits.shape()[0]} && labels.device() == logits.device(),
        "cross_entropy", "wants logits [n,c] and labels i32[n] on one device, not {} and {}", logits, labels);
  const int64_t n = logits.shape()[0], c = logits.shape()[1];
  check_labels("cross_entropy", labels, c);
  Tensor loss({n}, accumulator_of(logits.dtype()), logits.device());
  dispatch<CrossEntropy>({.rows = n, .cols = static_cast<int>(c), .dtype = logits.dtype()}, {logits.data(), labels.data(), loss.data()},
                         logits.device());
  return record("cross_entropy", loss, {logits}, [logits, labels, n, c](const Tensor&, const Tensor& g, Needs) {
    const Tensor difference = sub(softmax(logits), one_hot(labels, c, logits.dtype()));
    return Tensors{mul(difference, cast(reshape(g, {n, 1}), logits.dtype()))};
  });
}

}  // namespace duel
