// sample_norm_bwd, rung 2: two launches instead of four. A block or cluster keeps a sample's x and gy, as in fwd_02_kept.cu, finds the two
// means that gx wants and makes it from what is kept; then it goes on to its next sample. A block's sums by channel wait in shared memory
// until its last sample, and the second launch adds up all blocks'. Bounded by memory: x and gy are read once and gx is written once; a
// block's sums, once for all its samples, are what is moved besides.
#include "kernels/sample_norm/channel_sums.h"

namespace duel {
namespace {

using namespace kept_sample;

// A thread keeps 24 elements of each in registers, or 8: with fewer registers more blocks are there at once.
template <class T>
constexpr int many = 24 / pack_elements<T>;
template <class T>
constexpr int few = 8 / pack_elements<T>;

template <class T, bool layer>
struct Shared {  // what is kept lies behind it
  MeetingShared<T, layer, 2> sums;
  ChannelShared<T, 2> channels;
};

template <class T, bool layer>
Cut cut_as(const SampleNormProblem& p) {
  return cut_of(p, [](int threads) { return Kept<T, 2, many<T>>::most(threads, sizeof(Shared<T, layer>)); });
}
Cut cut(const SampleNormProblem& p) {
  if (p.over == NormOver::layer) return p.dtype == DType::bf16 ? cut_as<bf16, true>(p) : cut_as<float, true>(p);
  return p.dtype == DType::bf16 ? cut_as<bf16, false>(p) : cut_as<float, false>(p);
}

bool supports(const SampleNormProblem& p) { return can_cut(p, cut); }
size_t scratch_bytes(const SampleNormProblem& p) { return channel_bytes(p, cut(p), 2); }

template <class T>
struct Inputs {
  const T *x, *gy;
  const float *gamma, *beta, *mean, *invstd;
};

template <class T, int in_registers, bool layer>
__global__ void __launch_bounds__(most_threads, 2) bwd_kept(SampleNormProblem p, Cut cut, Inputs<T> in, T* gx, float* of_blocks) {
  constexpr int V = pack_elements<T>, results = layer ? 1 : V;
  Shared<T, layer>& shared = shared_storage<Shared<T, layer>>();
  const Place at(p, cut);
  Meeting<T, layer, 2> meeting(shared.sums, cut, at);
  ChannelSums<T, 2> channels(shared.channels, cut, at);
  Kept<T, 2, in_registers> own(p, cut, at, &shared + 1);

  const double terms = static_cast<double>(p.terms());
  const float slope = static_cast<float>(p.slope);
  float gamma[V], beta[V];
  load_channels(in.gamma + at.lane * V, gamma), load_channels(in.beta + at.lane * V, beta);
  for (int64_t sample = blockIdx.x / static_cast<unsigned>(cut.blocks); sample < p.n;
       sample += gridDim.x / static_cast<unsigned>(cut.blocks)) {
    own.fetch(p, sample, {in.x, in.gy});
    float mean[results], invstd[results];
    if constexpr (layer) mean[0] = in.mean[sample], invstd[0] = in.invstd[sample];
    else load_channels(in.mean + sample * p.c + at.lane * V, mean), load_channels(in.invstd + sample * p.c + at.lane * V, invstd);
    // f(element's number in the pack, ĝ, x̂)
    const auto each_of = [&](const Pack<T, V>* v, auto&& f) {
      for (int e = 0; e < V; ++e) {
        const int s = layer ? 0 : e;
        const float x = static_cast<float>(v[0].at[e]), affine = bn_affine(x, mean[s], mul_rn(gamma[e], invstd[s]), beta[e]);
        f(e, static_cast<float>(v[1].at[e]) * bn_act_grad_factor(p.act, affine, slope), (x - mean[s]) * invstd[s]);
      }
    };

    float sum[2][V] = {}, means[2][results];  // of ĝ, ĝ·x̂; the means of gamma times those
    own.each(
        [&](int64_t, const Pack<T, V>* v) { each_of(v, [&](int e, float g, float normal) { sum[0][e] += g, sum[1][e] += g * normal; }); });
    channels.add(sum);
    for (int k = 0; k < 2; ++k)
      for (int e = 0; e < V; ++e) sum[k][e] *= gamma[e];
    meeting.join(
        sum, [=](const double(&total)[2], double(&finished)[2]) { finished[0] = total[0] / terms, finished[1] = total[1] / terms; }, means);

    own.each([&](int64_t i, const Pack<T, V>* v) {
      Pack<T, V> out;
      each_of(v, [&](int e, float g, float normal) {
        const int s = layer ? 0 : e;
        out.at[e] = static_cast<T>(invstd[s] * (gamma[e] * g - means[0][s] - normal * means[1][s]));
      });
      store_vec(gx + i, out);
    });
  }
  channels.leave(of_blocks);
  meeting.leave();
}

template <class T, int in_registers, bool layer>
void run_kept(const SampleNormProblem& p, const Cut& cut, const SampleNormBwd::Args& a, float* of_blocks, Stream stream) {
  const Inputs<T> in{static_cast<const T*>(a.x),        static_cast<const T*>(a.gy),       static_cast<const float*>(a.gamma),
                     static_cast<const float*>(a.beta), static_cast<const float*>(a.mean), static_cast<const float*>(a.invstd)};
  launch_cut(cut, samples_at_once(p, cut), sizeof(Shared<T, layer>) + Kept<T, 2, in_registers>::bytes(cut), stream,
             bwd_kept<T, in_registers, layer>, p, cut, in, static_cast<T*>(a.gx), of_blocks);
}
template <class T, bool layer>
void run_as(const SampleNormProblem& p, const SampleNormBwd::Args& a, Scratch scratch, Stream stream) {
  const Cut cut = cut_as<T, layer>(p);
  float* of_blocks = static_cast<float*>(scratch.data);
  if (cut.kept <= few<T>) run_kept<T, few<T>, layer>(p, cut, a, of_blocks, stream);
  else run_kept<T, many<T>, layer>(p, cut, a, of_blocks, stream);
  add_channels<2>(p, cut, of_blocks, {{static_cast<float*>(a.gbeta), static_cast<float*>(a.ggamma)}}, stream);
}
void run(const SampleNormProblem& p, const SampleNormBwd::Args& a, Scratch scratch, Stream stream) {
  const bool half = p.dtype == DType::bf16;
  if (p.over == NormOver::layer) half ? run_as<bf16, true>(p, a, scratch, stream) : run_as<float, true>(p, a, scratch, stream);
  else half ? run_as<bf16, false>(p, a, scratch, stream) : run_as<float, false>(p, a, scratch, stream);
}

KERNEL_VARIANT(SampleNormBwd, kept, 2, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
