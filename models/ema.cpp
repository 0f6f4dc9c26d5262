#include "models/ema.h"

namespace duel {
namespace {

struct Parts {
  Tensors weights, buffers;
};
Parts parts_of(Generator& g) {
  Parts parts;
  g.each({[&](const std::string&, Weight& w) { parts.weights.push_back(w.master); },
          [&](const std::string&, Tensor& t) { parts.buffers.push_back(t); }});
  return parts;
}

void copy(const Tensors& from, Tensors& to) {
  for (size_t i = 0; i < from.size(); ++i) to[i].assign(from[i]);
}

}  // namespace

Ema::Ema(Generator& g, double decay) : average(g.config, g.device), decay(decay) {
  const Parts now = parts_of(g);
  Parts mean = parts_of(average);
  copy(now.weights, mean.weights), copy(now.buffers, mean.buffers);
  refresh_copies(average);
}

void Ema::update(Generator& g, const Tensor& step) {
  NoGrad constant;
  const Parts now = parts_of(g);
  Parts mean = parts_of(average);
  const Tensor t = cast(step, now.weights[0].dtype());
  const Tensor ramp = div(t, t + 9), d = minimum(ramp, Tensor::full({1}, decay, t.dtype(), t.device()));
  for (size_t i = 0; i < now.weights.size(); ++i)
    mean.weights[i].assign((now.weights[i] + (mean.weights[i] - now.weights[i]) * d).detach());
  copy(now.buffers, mean.buffers);
}

}  // namespace duel
