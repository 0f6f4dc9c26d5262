// What decides whether ops run as one row: chains of convolutions (conv_chain.cpp), and a bias and an activation behind one
// (biased_conv2d.cpp).
#pragma once
#include <initializer_list>
#include <string>

#include "engine/ops.h"
#include "kernels/registry.h"
#include "kernels/row_choice.h"

namespace duel {

// A row asked for by name is taken for what it supports; that there is none of that name is an error. The reference, which makes in full
// what the others do not, is taken only so.
template <class Op>
bool has_row(const typename Op::Problem& p, Device device) {
  if (const std::string name = row_asked_for(Op::name); !name.empty()) {
    const Row* row = find_row(Op::name, name.c_str(), device);
    if (!row) pick<Op>(p, device);  // throws
    return row && row->supports(&p);
  }
  const Row* row = row_by_rank(Op::name, &p, device);
  return row && row->rank > reference_rank;
}

// Whether a row of one of these is asked for by name: a joined op would pass over it.
inline bool any_asked_for(std::initializer_list<const char*> ops) {
  for (const char* op : ops)
    if (!row_asked_for(op).empty()) return true;
  return false;
}

// A convolution's output with what stands behind it, by ops of their own.
inline Tensor finished(const Tensor& y, const Tensor& b, ActivationSpec then) {
  if (then.act == Act::none) return b ? y + b : y;
  return b ? bias_activation(y, b, then) : activation(y, then.act, then.slope);
}

}  // namespace duel
