// batch_norm_infer, rung 2: requests of 16 bytes, and each block finds 1/√(var + eps) of its channels once, in double, where rung 1 found
// it for every element and divided for its channel besides. Blocks and threads lie as in batch_norm_fwd's second launch; same bits as
// rung 1. Channels must fill whole packs. Bounded by memory: x read once, y written once.
#include "kernels/batch_norm/forward_tiles.h"

namespace duel {
namespace {

using namespace channel_tiles;

// Samples do not meet, so all groups are one.
BatchNormProblem in_one_group(BatchNormProblem p) {
  p.rows *= p.groups, p.groups = 1;
  return p;
}

bool supports(const BatchNormProblem& p) { return fits(in_one_group(p)) && bn_supports_act(p.act); }

template <class T>
__global__ void infer_tiles(BatchNormProblem p, RowChunks r, const T* x, const accumulator_t<T>* gamma, const accumulator_t<T>* beta,
                            const accumulator_t<T>* mean, const accumulator_t<T>* var, T* y) {
  NormValues<T>& shared = shared_storage<NormValues<T>>();
  const Place<T> at(p, r);
  const int j = static_cast<int>(threadIdx.x), c = at.tile + j;
  if (j < channels<T> && c < p.c) {
    shared.mean[j] = mean[c], shared.beta[j] = beta[c];
    shared.scale[j] = mul_rn(gamma[c], static_cast<accumulator_t<T>>(bn_invstd(var[c], p.eps)));
  }
  __syncthreads();
  if (at.c < p.c) Normal<T>(shared, at).write(p, at, x, y);
}

template <class T>
void run_as(const BatchNormProblem& p, const BatchNormInfer::Args& a, Stream stream) {
  using A = accumulator_t<T>;
  const RowChunks chunks = written_chunks(p);
  launch({.grid = grid_of(p, chunks), .block = threads, .shared_bytes = sizeof(NormValues<T>)}, stream, infer_tiles<T>, p, chunks,
         static_cast<const T*>(a.x), static_cast<const A*>(a.gamma), static_cast<const A*>(a.beta), static_cast<const A*>(a.mean),
         static_cast<const A*>(a.var), static_cast<T*>(a.y));
}
void run(const BatchNormProblem& problem, const BatchNormInfer::Args& a, Scratch, Stream stream) {
  const BatchNormProblem p = in_one_group(problem);
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(BatchNormInfer, channel_tiles, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
