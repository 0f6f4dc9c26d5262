// From an op of the engine to a row of kernels/: pick, see that its memory is aligned, lend scratch memory, run.
#pragma once
#include <cstring>

#include "kernels/op.h"
#include "kernels/registry.h"

namespace duel {

void run_with_scratch(const Row& row, const void* problem, const void* args);

// True where every pointer is aligned as rows may assume (row_alignment).
bool aligned_for_rows(void* const* pointers, size_t count);
// Runs the row on copies of the buffers that are not: made before it, and where it writes one, copied back after it.
void run_on_aligned_copies(const Row& row, const void* problem, std::vector<void*> pointers, const std::vector<Buffer>& buffers);

template <class Op>
void dispatch(const typename Op::Problem& problem, const typename Op::Args& args, Device device) {
  const Row& row = pick<Op>(problem, device);
  if constexpr (PlainArgs<Op>) {
    void* pointers[sizeof args / sizeof(void*)];
    std::memcpy(pointers, &args, sizeof args);
    if (!aligned_for_rows(pointers, std::size(pointers)))
      return run_on_aligned_copies(row, &problem, std::vector<void*>(std::begin(pointers), std::end(pointers)), Op::buffers(problem));
  }
  run_with_scratch(row, &problem, &args);
}

}  // namespace duel
