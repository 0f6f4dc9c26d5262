// What the networks are made of: weights, layers as plain structs of tensors, and the visitor through which everything else sees them.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/ops.h"

namespace duel {

enum class Mode { train, infer };  // batch statistics or running ones

// A weight as the optimiser sees it (f32), and in the precision that the network computes in.
struct Weight {
  Tensor master, copy;  // copy: bf16, or undefined in f32
  const Tensor& used() const { return copy ? copy : master; }
};

// Visits every tensor of a model in a fixed order: initialisation, optimiser, checkpoint, counting and inspection all come from here.
//   name   "2.w", "2.gamma", "2.beta", "2.running_mean", …
struct Visitor {
  std::function<void(const std::string& name, Weight& w)> weight;  // trained
  std::function<void(const std::string& name, Tensor& t)> buffer;  // BN's running statistics: kept, not trained
};

// A convolution with batch norm behind it, with a bias, or with neither.
struct ConvLayer {
  Weight w;            // [k,r,s,c]
  Weight bias;         // [channels that leave the layer]; undefined where there is none
  Weight gamma, beta;  // [channels that BN sees]; undefined where the layer has no BN
  Tensor running_mean, running_var;
  Window window;
  bool has_norm() const { return static_cast<bool>(gamma.master); }
  bool has_bias() const { return static_cast<bool>(bias.master); }
  BatchNorm norm() const { return {gamma.master, beta.master, running_mean, running_var}; }
};

// x [n,in] → [n,out]
struct DenseLayer {
  Weight w, bias;  // [out,in], [out]
  Tensor operator()(const Tensor& x) const { return linear(x, w.used(), bias.used()); }
};

// Contents undefined until someone fills them. `precision` is what the network computes in: bf16 gives f32 masters and, where asked for,
// bf16 copies.
Weight make_weight(const Shape& shape, DType precision, Device device, bool with_copy = true);
// w [k,r,r,c]; `normed` is how many channels BN sees after the layer, 0 for none.
ConvLayer make_conv(int k, int r, int c, int normed, Window window, DType precision, Device device);
// The same with a bias of `biased` channels and no batch norm.
ConvLayer make_biased_conv(int k, int r, int c, int biased, Window window, DType precision, Device device);
DenseLayer make_dense(int in, int out, DType precision, Device device);

// Calls the visitor with "<at>w", "<at>gamma", …
void each_tensor(const std::string& at, ConvLayer& layer, const Visitor& visit);
void each_tensor(const std::string& at, DenseLayer& layer, const Visitor& visit);

// BN of the layer, then `then`, with the batch's statistics or the running ones.
Tensor normed(const Tensor& x, const ConvLayer& layer, Mode mode, ActivationSpec then = {});

// What each(f) is for.
template <class Model>
Tensors masters(Model& model) {
  Tensors list;
  model.each({[&](const std::string&, Weight& w) { list.push_back(w.master); }, {}});
  return list;
}
template <class Model>
Tensors used(Model& model) {  // what gradients are taken with respect to
  Tensors list;
  model.each({[&](const std::string&, Weight& w) { list.push_back(w.used()); }, {}});
  return list;
}
template <class Model>
Tensors copies(Model& model) {
  Tensors list;
  model.each({[&](const std::string&, Weight& w) { list.push_back(w.copy); }, {}});
  return list;
}
template <class Model>
int64_t parameter_count(Model& model) {
  int64_t count = 0;
  for (const Tensor& t : masters(model)) count += t.count();
  return count;
}
// Brings the bf16 copies up to date after the masters were written from outside (initialisation, checkpoint).
template <class Model>
void refresh_copies(Model& model) {
  model.each({[&](const std::string&, Weight& w) {
                if (w.copy) w.copy.assign(cast(w.master, w.copy.dtype()).detach());
              },
              {}});
}

}  // namespace duel
