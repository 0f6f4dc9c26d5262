// An average of a net's weights over its training, which makes better images than the last weights: Yazıcı et al., "The unusual
// effectiveness of averaging in GAN training" (2019); the ramp is that of many implementations.
#pragma once
#include "engine/grad.h"
#include "models/layers.h"

namespace duel {

// Handles on the tensors of a net: what is averaged, and BN's running statistics, which are copied.
struct NetTensors {
  Tensors weights, buffers;
};
template <class Net>
NetTensors tensors_of(Net& net) {
  NetTensors all;
  net.each({[&](const std::string&, Weight& w) { all.weights.push_back(w.master); },
            [&](const std::string&, Tensor& t) { all.buffers.push_back(t); }});
  return all;
}
void copy_tensors(const NetTensors& from, NetTensors to);
void move_average(NetTensors average, const NetTensors& now, double decay, const Tensor& step);

//   w̄ ← d·w̄ + (1 − d)·w      d = min(decay, t/(9 + t)) with t steps done, this one among them, so that the first weights are soon forgotten
template <class Net>
struct Ema {
  Net average;
  double decay = 0.999;
  Ema() = default;
  Ema(Net& net, double decay) : average(net.config, tensors_of(net).weights.at(0).device()), decay(decay) {  // starts as net
    copy_tensors(tensors_of(net), tensors_of(average));
    refresh_copies(average);
  }
  // step: i32[1] on the net's device, the steps done, at least one. In place; part of a captured step.
  void update(Net& net, const Tensor& step) { move_average(tensors_of(average), tensors_of(net), decay, step); }
};

}  // namespace duel
