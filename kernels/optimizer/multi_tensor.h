// One launch for many tensors: their pointers travel by value in the kernel's parameters (at most 4 KiB), so that a step copies nothing to
// the device. A block takes 4096 elements of one tensor; the last block that is done counts the step, which all have read by then.
#pragma once
#include "kernels/last_block.h"
#include "kernels/optimizer/functions.h"

namespace duel {

constexpr int group_tensors = 48, block_elements = 4096, step_threads = 256;

struct TensorGroup {
  OptimizerTensor tensor[group_tensors];
  unsigned first_block[group_tensors + 1];  // of each tensor; behind the last, the number of blocks
  int count;
};

template <class Rule>
struct SharedRule {
  Rule rule;
};

// How a block goes through its elements [begin, end) of a tensor: one a thread at a time.
struct ByElements {
  template <class A, class Rule>
  __device__ static void step(const Rule& rule, const OptimizerTensor& tensor, int64_t begin, int64_t end) {
    A *p = static_cast<A*>(tensor.p), *a = static_cast<A*>(tensor.a), *b = static_cast<A*>(tensor.b);
    const A* g = static_cast<const A*>(tensor.g);
    bf16* copy = static_cast<bf16*>(tensor.copy);
    for (int64_t i = begin + threadIdx.x; i < end; i += step_threads) {
      A pi = p[i], ai = a ? a[i] : A(0), bi = b ? b[i] : A(0);
      rule(pi, g[i], ai, bi);
      p[i] = pi;
      if (a) a[i] = ai;
      if (b) b[i] = bi;
      if (copy) copy[i] = static_cast<bf16>(pi);
    }
  }
};

template <class A, class Rule, class Elements>
__global__ void multi_tensor_step(TensorGroup group, OptimizerProblem o, const float* lr, int32_t* step, unsigned* ticket) {
  SharedRule<Rule>& shared = shared_storage<SharedRule<Rule>>();
  if (threadIdx.x == 0) shared.rule = Rule::make(o, *lr, *step + 1);  // double arithmetic, once a block
  __syncthreads();
  const Rule rule = shared.rule;
  int t = 0;
  while (blockIdx.x >= group.first_block[t + 1]) ++t;  // ends: behind the last tensor stands the number of blocks
  const int64_t begin = int64_t{blockIdx.x - group.first_block[t]} * block_elements;
  Elements::template step<A>(rule, group.tensor[t], begin, min(begin + block_elements, int64_t{group.tensor[t].n}));
  if (ticket && is_last_block(ticket, static_cast<int>(gridDim.x)) && threadIdx.x == 0) ++*step;
}

template <class A, class Rule, class Elements>
void launch_groups(const OptimizerProblem& o, const OptimizerArgs& args, Stream stream) {
  TensorGroup group{};
  int64_t left = o.total;  // after the groups so far
  for (int t = 0; t < o.tensors; ++t) {
    const OptimizerTensor& tensor = args.list[t];
    if (tensor.n > 0) {
      group.tensor[group.count] = tensor;
      left -= tensor.n;
      group.first_block[group.count + 1] = group.first_block[group.count] + blocks_for(tensor.n, block_elements);
      ++group.count;
    }
    if (group.count == group_tensors || (left == 0 && group.count > 0)) {
      launch({.grid = group.first_block[group.count], .block = step_threads, .shared_bytes = sizeof(SharedRule<Rule>)}, stream,
             multi_tensor_step<A, Rule, Elements>, group, o, static_cast<const float*>(args.lr), static_cast<int32_t*>(args.step),
             left == 0 ? static_cast<unsigned*>(args.ticket) : nullptr);  // the last of them counts
      group.count = 0;
    }
  }
}

template <template <class> class Rule, class Elements>
void run_step(const OptimizerProblem& o, const OptimizerArgs& args, Scratch, Stream stream) {
  if (o.dtype == DType::f64) launch_groups<double, Rule<double>, Elements>(o, args, stream);
  else launch_groups<float, Rule<float>, Elements>(o, args, stream);
}

}  // namespace duel
