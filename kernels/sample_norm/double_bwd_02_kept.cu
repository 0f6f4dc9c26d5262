// sample_norm_double_bwd, rung 2: two launches instead of four. A block or cluster keeps a sample's x, gy and u, as in bwd_02_kept.cu, adds
// up five products at once, and makes by_x and by_gy from what is kept; by_gamma is added up as ggamma is there. f32 only: in bf16 five
// sums of eight channels are more than a thread's registers hold. Bounded by memory: three tensors are read once and two are written once.
#include "kernels/sample_norm/channel_sums.h"

namespace duel {
namespace {

using namespace kept_sample;

constexpr int many = 3, few = 1;  // packs of each that a thread keeps in registers

enum Sum { of_h, of_h_normal, of_u, of_u_normal, of_uh, sums };  // h = gamma·gy·act′

template <bool layer>
struct Shared {  // what is kept lies behind it
  MeetingShared<float, layer, sums> sums_of_sample;
  ChannelShared<float, 1> channels;
};

template <bool layer>
Cut cut_as(const SampleNormProblem& p) {
  return cut_of(p, [](int threads) { return Kept<float, 3, many>::most(threads, sizeof(Shared<layer>)); });
}
Cut cut(const SampleNormProblem& p) { return p.over == NormOver::layer ? cut_as<true>(p) : cut_as<false>(p); }

bool supports(const SampleNormProblem& p) { return p.dtype == DType::f32 && can_cut(p, cut); }
size_t scratch_bytes(const SampleNormProblem& p) { return channel_bytes(p, cut(p), 1); }

struct Inputs {
  const float *x, *gy, *u, *gamma, *beta, *mean, *invstd;
};

template <int in_registers, bool layer>
__global__ void __launch_bounds__(most_threads, 2)
    double_bwd_kept(SampleNormProblem p, Cut cut, Inputs in, float* by_x, float* by_gy, float* of_blocks) {
  constexpr int V = pack_elements<float>, results = layer ? 1 : V;
  Shared<layer>& shared = shared_storage<Shared<layer>>();
  const Place at(p, cut);
  Meeting<float, layer, sums> meeting(shared.sums_of_sample, cut, at);
  ChannelSums<float, 1> channels(shared.channels, cut, at);
  Kept<float, 3, in_registers> own(p, cut, at, &shared + 1);

  const double terms = static_cast<double>(p.terms());
  float gamma[V], beta[V];
  load_channels(in.gamma + at.lane * V, gamma), load_channels(in.beta + at.lane * V, beta);
  for (int64_t sample = blockIdx.x / static_cast<unsigned>(cut.blocks); sample < p.n;
       sample += gridDim.x / static_cast<unsigned>(cut.blocks)) {
    own.fetch(p, sample, {in.x, in.gy, in.u});
    float mean[results], invstd[results];
    if constexpr (layer) mean[0] = in.mean[sample], invstd[0] = in.invstd[sample];
    else load_channels(in.mean + sample * p.c + at.lane * V, mean), load_channels(in.invstd + sample * p.c + at.lane * V, invstd);
    // f(element's number in the pack, act′, gy·act′, x̂, u)
    const auto each_of = [&](const Pack<float, V>* v, auto&& f) {
      for (int e = 0; e < V; ++e) {
        const int s = layer ? 0 : e;
        const float x = v[0].at[e];
        const float slope =
            bn_act_grad_factor(p.act, bn_affine(x, mean[s], mul_rn(gamma[e], invstd[s]), beta[e]), static_cast<float>(p.slope));
        f(e, slope, v[1].at[e] * slope, (x - mean[s]) * invstd[s], v[2].at[e]);
      }
    };

    float sum[sums][V] = {}, means[sums][results];  // the last is what by_x has along x̂
    own.each([&](int64_t, const Pack<float, V>* v) {
      each_of(v, [&](int e, float, float g, float normal, float u) {
        const float h = gamma[e] * g;
        sum[of_h][e] += h, sum[of_h_normal][e] += h * normal;
        sum[of_u][e] += u, sum[of_u_normal][e] += u * normal, sum[of_uh][e] += u * h;
      });
    });
    meeting.join(
        sum,
        [=](const double(&total)[sums], double(&finished)[sums]) {
          for (int k = 0; k < sums; ++k) finished[k] = total[k] / terms;
          finished[of_uh] += -finished[of_u] * finished[of_h] - 3 * finished[of_h_normal] * finished[of_u_normal];
        },
        means);

    float by_gamma[1][V] = {};
    own.each([&](int64_t i, const Pack<float, V>* v) {
      Pack<float, V> x_part, gy_part;
      each_of(v, [&](int e, float slope, float g, float normal, float u) {
        const int s = layer ? 0 : e;
        const float a = means[of_h_normal][s], b = means[of_u_normal][s], centred = u - means[of_u][s];
        const float d = invstd[s] * (centred - normal * b);
        by_gamma[0][e] += g * d;
        gy_part.at[e] = gamma[e] * slope * d;
        const float parts = a * centred + b * (gamma[e] * g - means[of_h][s]) + normal * means[of_uh][s];
        x_part.at[e] = -invstd[s] * invstd[s] * parts;
      });
      store_vec(by_x + i, x_part), store_vec(by_gy + i, gy_part);
    });
    channels.add(by_gamma);
  }
  channels.leave(of_blocks);
  meeting.leave();
}

template <bool layer>
void run_as(const SampleNormProblem& p, const SampleNormDoubleBwd::Args& a, Scratch scratch, Stream stream) {
  const Cut cut = cut_as<layer>(p);
  const auto input = [](const void* from) { return static_cast<const float*>(from); };
  const Inputs in{input(a.x), input(a.gy), input(a.u), input(a.gamma), input(a.beta), input(a.mean), input(a.invstd)};
  float* of_blocks = static_cast<float*>(scratch.data);
  const size_t shared = sizeof(Shared<layer>);
  const auto run_kept = [&](auto* kernel, size_t kept_bytes) {
    launch_cut(cut, samples_at_once(p, cut), shared + kept_bytes, stream, kernel, p, cut, in, static_cast<float*>(a.by_x),
               static_cast<float*>(a.by_gy), of_blocks);
  };
  if (cut.kept <= few) run_kept(double_bwd_kept<few, layer>, Kept<float, 3, few>::bytes(cut));
  else run_kept(double_bwd_kept<many, layer>, Kept<float, 3, many>::bytes(cut));
  add_channels<1>(p, cut, of_blocks, {{static_cast<float*>(a.by_gamma)}}, stream);
}
void run(const SampleNormProblem& p, const SampleNormDoubleBwd::Args& a, Scratch scratch, Stream stream) {
  if (p.over == NormOver::layer) run_as<true>(p, a, scratch, stream);
  else run_as<false>(p, a, scratch, stream);
}

KERNEL_VARIANT(SampleNormDoubleBwd, kept, 2, supports, scratch_bytes, run);

}  // namespace
}  // namespace duel
