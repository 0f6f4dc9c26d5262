// Chains of convolutions to be run, with what ran and what came of it, and how far two runs lie apart: what the tests of conv_chain()
// share.
#pragma once
#include <string>
#include <vector>

#include "engine/grad.h"
#include "engine/ops.h"

namespace duel::test {

struct Chain {
  const char* named;
  Tensor x;
  std::vector<ConvLink> links;
  int groups;
  int norms;  // whose forward pass is another's
};

Tensor drawn(const Shape& shape, Device device, int64_t seed, double low = -1, double high = 1);
BatchNorm norm_of(int64_t c, Device device, int64_t seed);

// As a discriminator's layers, and as a generator's. Channels in fours, in bf16 in eights; pixels of a group fill tiles of 64.
std::vector<Chain> chains(Device device, DType dtype = DType::f32);
std::vector<Chain> chains_on_gpus(DType dtype = DType::f32);

enum class Of { all, input, weights };

struct Run {
  Tensors all;       // y, the gradients that were asked for, running statistics
  Tensors again;     // derivatives of a derivative
  long normed = 0;   // calls of normed_conv2d in the forward pass
  long norms = 0;    // and of batch_norm_fwd
  long acts = 0;     // and of activation
  std::string back;  // op:row of each call in the backward pass
  std::string rows;  // and in both
};

Run run(Chain chain, Of of = Of::all, bool twice = false);

// The largest difference over the largest value.
double apart_by(const Tensor& a, const Tensor& b);

constexpr const char* one_by_one = "activation:naive";  // a row of an op that a chain would pass over

}  // namespace duel::test
