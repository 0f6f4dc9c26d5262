// Derivatives, of any order. Each op records how its output came about; grad() walks that record backwards. The derivative rules are
// written in the engine's own ops, so differentiating a derivative needs nothing more.
//
// There are no .grad fields and no trainable flags: grad(loss, params) returns the gradients of exactly those parameters, and rules leave
// out what nobody needs (a fused rule may make a small gradient beside a needed one: batch norm's gamma and beta). Every op is recorded
// unless a NoGrad is alive.
#pragma once
#include <functional>

#include "engine/tensor.h"

namespace duel {

// Which inputs of an op need a gradient; a rule leaves the others undefined, and so never computes a weight gradient nobody asked for.
class Needs {
 public:
  explicit Needs(unsigned bits) : bits_(bits) {}
  bool operator[](size_t input) const { return bits_ >> input & 1; }

 private:
  unsigned bits_;
};

// (out, g, needs) → one gradient an input, in order. An undefined Tensor stands for a gradient of zero (sign, step) or one not needed.
// g has the shape and dtype of out (a rule recorded with wide_gradient may get it in out's accumulator dtype). A rule gets its output as an
// argument and must not capture it: a node that holds its own output is never freed.
using Vjp = std::function<Tensors(const Tensor& out, const Tensor& g, Needs needs)>;

struct Node {
  const char* op;
  Tensors inputs;
  Vjp vjp;
  uint64_t sequence;  // inputs come before outputs
  bool wide_gradient;
};

// Notes that `out` is op(inputs). Without a rule (nullptr), differentiating through it throws Error(internal) with the op's name.
// `wide_gradient`: the rule takes a gradient of higher precision than its output as it comes (a cast of f32 weights to bf16 must not round
// the f32 gradient on its way back).
Tensor record(const char* op, Tensor out, Tensors inputs, Vjp vjp, bool wide_gradient = false);

// Gradients of a one-element tensor with respect to `wrt`, in order, each of its tensor's shape. A tensor that the scalar does not depend
// on gets zeros. With create_graph the gradients are themselves recorded. Throws Error(usage) when `scalar` has more than one element.
Tensors grad(const Tensor& scalar, const Tensors& wrt, bool create_graph = false);
constexpr bool create_graph = true;

// Vector-Jacobian product: the same from any tensor, starting from the given gradient of it.
Tensors vjp(const Tensor& output, const Tensor& g, const Tensors& wrt, bool create_graph = false);

// While it lives, rules can tell that this gradient is 1, and leave out multiplying by it; grad() begins with one.
class KnownOne {
 public:
  explicit KnownOne(const Tensor& one);
  ~KnownOne();
  KnownOne(const KnownOne&) = delete;

 private:
  const void* before_;
};
bool is_known_one(const Tensor& g);

bool recording();
class NoGrad {
 public:
  explicit NoGrad(bool stop = true);
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;

 private:
  bool before_;
};

}  // namespace duel
