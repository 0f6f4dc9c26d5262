// From an op of the engine to a row of kernels/: pick, see that its memory is aligned, lend scratch memory, run.
#pragma once
#include <cstring>

#include "engine/row_watch.h"

namespace duel {

void run_with_scratch(const Row& row, const void* problem, const void* args);

// True where every pointer is aligned as rows may assume (row_alignment).
bool aligned_for_rows(void* const* pointers, size_t count);
// Runs the row on copies of the buffers that are not: made before it, and where it writes one, copied back after it.
void run_on_aligned_copies(const Row& row, const void* problem, std::vector<void*> pointers, const std::vector<Buffer>& buffers);

template <class Op>
void run_picked(const Row& row, const typename Op::Problem& problem, const typename Op::Args& args) {
  if constexpr (PlainArgs<Op>) {
    void* pointers[sizeof args / sizeof(void*)];
    std::memcpy(pointers, &args, sizeof args);
    if (!aligned_for_rows(pointers, std::size(pointers)))
      return run_on_aligned_copies(row, &problem, std::vector<void*>(std::begin(pointers), std::end(pointers)), Op::buffers(problem));
  }
  run_with_scratch(row, &problem, &args);
}

// What a row touches. An op whose Args is not its pointers overloads touched_by(problem, args) itself.
template <class Op>
std::vector<Touched> touched_buffers(const typename Op::Problem& problem, const typename Op::Args& args) {
  if constexpr (PlainArgs<Op>) {
    const void* pointers[sizeof args / sizeof(void*)];
    std::memcpy(pointers, &args, sizeof args);
    std::vector<Touched> touched;
    for (const Buffer& buffer : Op::buffers(problem)) touched.push_back({buffer, pointers[touched.size()]});
    return touched;
  } else {
    return touched_by(problem, args);
  }
}

template <class Op>
void dispatch(const typename Op::Problem& problem, const typename Op::Args& args, Device device) {
  const Row& row = pick<Op>(problem, device);
  RowWatch* watch = RowWatch::current();
  if (!watch) return run_picked<Op>(row, problem, args);
  const std::string text = problem.text();
  const std::vector<Touched> touched = touched_buffers<Op>(problem, args);
  watch->before(row, text, touched);
  run_picked<Op>(row, problem, args);
  watch->after(row, text, touched);
}

}  // namespace duel
