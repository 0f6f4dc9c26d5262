// For reference rows of ops that are others one after the other.
#pragma once
#include "kernels/registry.h"

namespace duel {

// Runs the reference row of another op.
template <class Op>
void run_reference(const typename Op::Problem& problem, const typename Op::Args& args) {
  find_row(Op::name, "ref", Device::cpu)->run(&problem, &args, {}, {});
}

}  // namespace duel
