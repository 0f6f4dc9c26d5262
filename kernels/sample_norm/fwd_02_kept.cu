// sample_norm_fwd, rung 2: one launch instead of three. A block, or a cluster of up to eight where a sample is large or samples are few,
// reads its sample by 16 bytes a thread and access, and keeps it in registers while it finds the mean and then the deviations from it; the
// blocks of a cluster add up through each other's shared memory. Takes channels that fill whole packs and samples that a cluster can keep.
// Bounded by memory: x is read once and y written once. Not at the same time, though: a block reads, adds up twice, and writes; others must
// be there to fill the gaps.
#include "kernels/sample_norm/kept_sample.h"

namespace duel {
namespace {

using namespace kept_sample;

// A thread keeps 32 elements in registers, or 8: with fewer registers more blocks are there at once.
template <class T>
constexpr int many = 32 / pack_elements<T>;
template <class T>
constexpr int few = many<T> / 4;

template <class T, bool layer>
using Sums = MeetingShared<T, layer, 2>;

template <class T, bool layer>
Cut cut_as(const SampleNormProblem& p) {
  return cut_of(p, [](int threads) { return Kept<T, 1, many<T>>::most(threads, sizeof(Sums<T, layer>)); });
}
Cut cut(const SampleNormProblem& p) {
  if (p.over == NormOver::layer) return p.dtype == DType::bf16 ? cut_as<bf16, true>(p) : cut_as<float, true>(p);
  return p.dtype == DType::bf16 ? cut_as<bf16, false>(p) : cut_as<float, false>(p);
}

bool supports(const SampleNormProblem& p) { return can_cut(p, cut); }

template <class T, int in_registers, bool layer>
__global__ void __launch_bounds__(most_threads, 2)
    fwd_kept(SampleNormProblem p, Cut cut, const T* x, const float* gamma, const float* beta, T* y, float* mean, float* invstd) {
  constexpr int V = pack_elements<T>, results = layer ? 1 : V;
  const Place at(p, cut);
  const int64_t sample = blockIdx.x / static_cast<unsigned>(cut.blocks);
  Sums<T, layer>& shared = shared_storage<Sums<T, layer>>();
  Meeting<T, layer, 2> meeting(shared, cut, at);
  Kept<T, 1, in_registers> own(p, cut, at, &shared + 1);
  own.fetch(p, sample, {x});

  const double terms = static_cast<double>(p.terms());
  float sum[1][V] = {}, shift[1][results];
  own.each([&](int64_t, const Pack<T, V>* v) {
    for (int e = 0; e < V; ++e) sum[0][e] += static_cast<float>(v->at[e]);
  });
  meeting.join(
      sum, [=](const double(&total)[1], double(&finished)[1]) { finished[0] = total[0] / terms; }, shift);

  float deviation[2][V] = {}, found[2][results];  // what the rounded mean misses is added to it; 1/√(variance + eps)
  own.each([&](int64_t, const Pack<T, V>* v) {
    for (int e = 0; e < V; ++e) {
      const float d = static_cast<float>(v->at[e]) - shift[0][layer ? 0 : e];
      deviation[0][e] += d, deviation[1][e] += d * d;
    }
  });
  meeting.join(
      deviation,
      [=, eps = p.eps](const double(&total)[2], double(&finished)[2]) {
        finished[0] = total[0] / terms;
        const double deviations = total[1] - total[0] * finished[0];
        finished[1] = bn_invstd((deviations < 0 ? 0 : deviations) / terms, eps);  // equal numbers can leave a rounding error below zero
      },
      found);
  for (int s = 0; s < results; ++s) found[0][s] += shift[0][s];

  const bool says = at.row == 0 && blockIdx.x % static_cast<unsigned>(cut.blocks) == 0;
  if constexpr (layer) {
    if (says && at.lane == 0) mean[sample] = found[0][0], invstd[sample] = found[1][0];
  } else if (says) {
    store_channels(mean + sample * p.c + at.lane * V, found[0]), store_channels(invstd + sample * p.c + at.lane * V, found[1]);
  }

  float scale[V], offset[V];
  load_channels(gamma + at.lane * V, scale), load_channels(beta + at.lane * V, offset);
  for (int e = 0; e < V; ++e) scale[e] = mul_rn(scale[e], found[1][layer ? 0 : e]);
  const float slope = static_cast<float>(p.slope);
  own.each([&](int64_t i, const Pack<T, V>* v) {
    Pack<T, V> out;
    for (int e = 0; e < V; ++e)
      out.at[e] = static_cast<T>(
          bn_act_forward(p.act, bn_affine(static_cast<float>(v->at[e]), found[0][layer ? 0 : e], scale[e], offset[e]), slope));
    store_vec(y + i, out);
  });
  meeting.leave();
}

template <class T, int in_registers, bool layer>
void run_kept(const SampleNormProblem& p, const Cut& cut, const SampleNormFwd::Args& a, Stream stream) {
  launch_cut(cut, p.n, sizeof(Sums<T, layer>) + Kept<T, 1, in_registers>::bytes(cut), stream, fwd_kept<T, in_registers, layer>, p, cut,
             static_cast<const T*>(a.x), static_cast<const float*>(a.gamma), static_cast<const float*>(a.beta), static_cast<T*>(a.y),
             static_cast<float*>(a.mean), static_cast<float*>(a.invstd));
}
template <class T, bool layer>
void run_as(const SampleNormProblem& p, const SampleNormFwd::Args& a, Stream stream) {
  const Cut cut = cut_as<T, layer>(p);
  if (cut.kept <= few<T>) run_kept<T, few<T>, layer>(p, cut, a, stream);
  else run_kept<T, many<T>, layer>(p, cut, a, stream);
}
void run(const SampleNormProblem& p, const SampleNormFwd::Args& a, Scratch, Stream stream) {
  const bool half = p.dtype == DType::bf16;
  if (p.over == NormOver::layer) half ? run_as<bf16, true>(p, a, stream) : run_as<float, true>(p, a, stream);
  else half ? run_as<bf16, false>(p, a, stream) : run_as<float, false>(p, a, stream);
}

KERNEL_VARIANT(SampleNormFwd, kept, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
