#include "models/ema.h"

#include "engine/ops.h"

namespace duel {
namespace {

void copy(const Tensors& from, Tensors& to) {
  for (size_t i = 0; i < from.size(); ++i) to[i].assign(from[i]);
}

}  // namespace

void copy_tensors(const NetTensors& from, NetTensors to) { copy(from.weights, to.weights), copy(from.buffers, to.buffers); }

void move_average(NetTensors average, const NetTensors& now, double decay, const Tensor& step) {
  NoGrad constant;
  const Tensor t = cast(step, now.weights.at(0).dtype());
  const Tensor ramp = div(t, t + 9), d = minimum(ramp, Tensor::full({1}, decay, t.dtype(), t.device()));
  for (size_t i = 0; i < now.weights.size(); ++i)
    average.weights[i].assign((now.weights[i] + (average.weights[i] - now.weights[i]) * d).detach());
  copy(now.buffers, average.buffers);
}

}  // namespace duel
