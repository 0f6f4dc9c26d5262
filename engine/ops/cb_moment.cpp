#include "kernels/cb_moment/cb_moment.h"

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

// Moments differentiate into moments, order 0 (the log-partition) into the mean.
Tensor moment(const Tensor& t, int order) {
  check_floating("cb_moment", t);
  check(order >= 0 && order <= CbMomentProblem::most_order, "cb_moment",
        "order {}; moments are known from the 1st to the {}th, and one derivative needs one more", order, CbMomentProblem::most_order);
  Tensor y(t.shape(), t.dtype(), t.device());
  dispatch<CbMoment>({.n = t.count(), .order = order, .dtype = t.dtype()}, {t.data(), y.data()}, t.device());
  return record("cb_moment", y, {t}, [t, order](const Tensor& out, const Tensor& g, Needs) {
    const Tensor mean = moment(t, 1);
    return Tensors{mul(g, order == 0 ? mean : sub(moment(t, order + 1), mul(out, mean)))};
  });
}

}  // namespace

Tensor cb_log_partition(const Tensor& logits) { return moment(logits, 0); }
Tensor cb_moment(const Tensor& logits, int order) {
  check(order >= 1, "cb_moment", "order {}; moments start at 1, the mean", order);
  return moment(logits, order);
}

}  // namespace duel
