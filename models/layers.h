// What the networks are made of: weights, layers as plain structs of tensors, and the visitor through which everything else sees them.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/ops.h"

namespace duel {

enum class Mode { train, infer };  // batch statistics or running ones

// What dropout needs to know in training: whose coins, which step (i32[1], on the device), which pass of that step, and from where
// on its samples are numbered, so that the parts of a batch draw what the whole would.
struct Coins {
  int64_t seed = 0;
  Tensor step;
  int pass = 0;
  int64_t first = 0;  // number of the pass's first sample
};
// The axis of a weight along which its outputs lie: the first of a convolution's and a dense layer's, the last of a transposed
// convolution's, whose weight [k,r,s,c] is that of the convolution it is the adjoint of.
enum class LeavesBy { first_axis, last_axis };

// Told of each hidden layer what its norm is given and what leaves it, with their history. For looking only.
struct Layer;
using LayerWatch = std::function<void(const Layer& layer, const Tensor& in, const Tensor& out)>;

// What a net is given besides its input.
struct Pass {
  Mode mode = Mode::train;
  Tensor labels = {};  // i32 [n]; undefined where the net is not conditional
  Coins coins = {};    // of dropout, in training
  LayerWatch watch = {};
  // The samples are so many batches of one size, one behind the other, that share a pass and nothing else: what mixes samples (batch norm,
  // the deviation of a minibatch) takes each by itself, and dropout tosses for batch i what it would for one in pass coins.pass + i.
  int groups = 1;
};

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

// What stands behind a layer, or on its weight.
//   batch        Ioffe & Szegedy (2015)
//   layer        Ba, Kiros & Hinton, "Layer normalization" (2016), with gamma and beta for each channel
//   instance     Ulyanov, Vedaldi & Lempitsky, "Instance normalization" (2016)
//   spectral     on the weight: spectral_norm.h
//   conditional  batch norm with gamma and beta for each class: cgan.h
enum class Norm { none, batch, layer, instance, spectral, conditional };
constexpr const char* norm_names[] = {"none", "batch", "layer", "instance", "spectral", "conditional"};

struct Layer {
  Weight w;
  Weight bias;                       // [channels that leave the layer]; undefined where there is none
  Norm norm = Norm::none;            //
  Weight gamma, beta;                // [channels that the norm sees], a row for each class where it is conditional; else undefined
  Tensor running_mean, running_var;  // batch and conditional
  Tensor u, v;                       // spectral: the singular vectors, [out] and [rest]
  double momentum = 0.1, eps = 1e-5;
  bool has_norm() const { return static_cast<bool>(gamma.master); }
  bool has_bias() const { return static_cast<bool>(bias.master); }
  BatchNorm batch_norm() const { return {gamma.master, beta.master, running_mean, running_var, momentum, eps}; }
  Tensor weight() const;  // as the layer uses it: divided by its largest singular value where the norm is spectral
  // What the weight has made of a batch, with the bias where there is one, then `then`: one pass.
  Tensor biased(const Tensor& x, ActivationSpec then = {}) const;
};

// w [k,r,s,c]: x [n,h,w,c] → [n,p,q,k], or the other way round as a transposed convolution.
struct ConvLayer : Layer {
  Window window;
};
enum class Padding { window, same };  // the layer's own, or what "same" makes of its stride

// What the layer's convolution makes of x, with the bias where there is one, then `then`: one launch where a row can (biased_conv2d.cpp).
Tensor convolved(const Tensor& x, const ConvLayer& layer, ActivationSpec then = {}, Padding padding = Padding::window);
Tensor conv_transposed(const Tensor& x, const ConvLayer& layer, ActivationSpec then = {}, Padding padding = Padding::window);

// w [out,in]: x [n,in] → [n,out]
struct DenseLayer : Layer {
  Tensor product(const Tensor& x) const { return linear(x, weight()); }
  Tensor operator()(const Tensor& x, ActivationSpec then = {}) const { return biased(product(x), then); }
};

// Contents undefined until someone fills them. `precision` is what the network computes in: bf16 gives f32 masters and, where asked for,
// bf16 copies.
Weight make_weight(const Shape& shape, DType precision, Device device, bool with_copy = true);
// w [k,r,s,c]; `normed` is how many channels BN sees after the layer, 0 for none.
ConvLayer make_conv(int k, int r, int s, int c, int normed, Window window, DType precision, Device device);
inline ConvLayer make_conv(int k, int r, int c, int normed, Window window, DType precision, Device device) {
  return make_conv(k, r, r, c, normed, window, precision, device);
}
// The same with a bias of `biased` channels and no batch norm.
ConvLayer make_biased_conv(int k, int r, int c, int biased, Window window, DType precision, Device device);
DenseLayer make_dense(int in, int out, DType precision, Device device);
// Gives a layer the norm of `channels` channels; `classes` where that is conditional. The spectral norm sees w's first axis as what leaves.
void add_norm(Layer& layer, Norm norm, int channels, int classes = 0);

// Calls the visitor with "<at>w", "<at>gamma", …
void each_tensor(const std::string& at, Layer& layer, const Visitor& visit);

// The norm behind the layer, then `then`.
Tensor normed(const Tensor& x, const Layer& layer, const Pass& pass, ActivationSpec then = {});
inline Tensor normed(const Tensor& x, const Layer& layer, Mode mode, ActivationSpec then = {}) {
  return normed(x, layer, Pass{mode}, then);
}

// The same of x that the bias is still to be added to: bias and activation are one pass where no norm stands between them.
Tensor biased_normed(const Tensor& x, const Layer& layer, const Pass& pass, ActivationSpec then = {});

// The same of a layer and what it reads.
Tensor convolved_normed(const Tensor& x, const ConvLayer& layer, const Pass& pass, ActivationSpec then = {},
                        Padding padding = Padding::window);

// Dropout with probability p in training; the coins are those of the pass, the layer's own.
Tensor dropped(const Tensor& x, double p, const Pass& pass, int layer);

int64_t parameters_of(const Layer& layer);

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
