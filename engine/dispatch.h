// From an op of the engine to a row of kernels/: pick, lend scratch memory, run.
#pragma once
#include "kernels/registry.h"

namespace duel {

void run_with_scratch(const Row& row, const void* problem, const void* args);

template <class Op>
void dispatch(const typename Op::Problem& problem, const typename Op::Args& args, Device device) {
  run_with_scratch(pick<Op>(problem, device), &problem, &args);
}

}  // namespace duel
