// Mixing a batch with itself: each sample with a partner of the same batch. Tensors go in and come out with the same shape, dtype and
// device; floating ones differentiate to any order, u8 images pass without a derivative. Wrong shapes throw Error(usage) that leads with
// [op].
//
//   const Mixing m = draw_mixup(n, 0.2, Share::batch, {seed, RandomStream::mixing}, step);
//   const Tensor loss = mean(mixed_cross_entropy(net(mixup(x, m)), labels, m));
//
// Draws are made on the host, for they are a few numbers a sample, and are put on the device that is asked for. A program that replays a
// captured step draws outside of it and assign()s the tensors that the step reads.
#pragma once
#include <vector>

#include "engine/rng.h"
#include "engine/tensor.h"

namespace duel {

// --- who is mixed with whom --------------------------------------------------------------------------------------------------------------
// A permutation of the batch and its inverse, i32[n] each: the derivative sends back to sample partner[i] what i got from it, and with a
// permutation that is again one value a sample, so nothing is added up.
struct Pairs {
  Tensor partner, inverse;
  Pairs turned() const { return {inverse, partner}; }
};
// Throws Error(usage) where `partner` is no permutation of 0 … n−1.
Pairs pairs_of(const std::vector<int32_t>& partner, Device device = Tensor::default_device());
// Uniform over all permutations, so on average one sample of a batch is its own partner, as in the papers' own experiments.
Pairs draw_pairs(int64_t n, const Rng& rng, int step, int64_t first = 0, Device device = Tensor::default_device());

// --- how much --------------------------------------------------------------------------------------------------------------------------
// λ ~ Beta(alpha, alpha), 0 < alpha ≤ 10⁴: one for the whole batch, or one a sample. A λ is a pure function of (seed, stream, step), and of
// the sample, numbered from `first`, where each has its own; it does not depend on the size of the batch. So is a box.
enum class Share { batch, sample };
struct Mixing {
  Pairs pairs;
  Tensor share;  // f32[n]: λ, which is the weight of a sample's own label
  Tensor box;    // i32[n,4], CutMix only: top, left, bottom, right, the last two excluded
};
Mixing draw_mixup(int64_t n, double alpha, Share each, const Rng& rng, int step, int64_t first = 0,
                  Device device = Tensor::default_device());
// For images [n,h,w,c]. With λ′ ~ Beta, a box of height ⌊h·√(1 − λ′)⌋ and width ⌊w·√(1 − λ′)⌋ has its centre on a pixel drawn uniformly and
// is clipped to the image; the share is 1 − (its area after clipping)/(h·w), so the labels weigh what is seen.
Mixing draw_cutmix(const Shape& images, double alpha, Share each, const Rng& rng, int step, int64_t first = 0,
                   Device device = Tensor::default_device());
// Whether this step mixes at all, with probability p: CutMix and MoEx are usually applied to some of the batches only.
bool draw_mixing_coin(double p, const Rng& rng, int step);

// --- mixing ------------------------------------------------------------------------------------------------------------------------------
// λ·x[i] + (1 − λ)·x[partner[i]] for x [n, …]: images, or rows [n, d] of a latent space. Zhang, Cissé, Dauphin & Lopez-Paz, "mixup: beyond
// empirical risk minimization" (2018), section 1; of hidden layers Verma et al., "Manifold mixup" (2019). A mean of two standard normal
// latents is shorter than either: its variance is λ² + (1 − λ)².
Tensor mixup(const Tensor& x, const Mixing& how);
// x [n,h,w,c] with box[i] replaced by the same place of x[partner[i]]. Yun et al., "CutMix" (2019), eq. 1.
Tensor cutmix(const Tensor& x, const Mixing& how);
// The mean of x[i] and x[partner[i]]; the label stays that of i. Inoue, "Data augmentation by pairing samples for images classification"
// (2018).
Tensor sample_pairing(const Tensor& x, const Pairs& pairs);
// The moments of x [n, …, c] over channels, at each position, are replaced by those of the partner at the same position:
// σⱼ·(xᵢ − μᵢ)/σᵢ + μⱼ with σ = √(variance + eps), the variance biased. Li et al., "On feature normalization and data augmentation" (2021),
// with their default, positional normalization; they put it behind the first layer, with the labels' share fixed at .9: fixed_share().
// Derivatives go through the moments of both. Wants c ≥ 2.
Tensor moex(const Tensor& x, const Pairs& pairs, double eps = 1e-5);
Mixing fixed_share(const Pairs& pairs, double share);

// λ·CE(logits[i], labels[i]) + (1 − λ)·CE(logits[i], labels[partner[i]]): logits [n,c], labels i32[n] → [n].
Tensor mixed_cross_entropy(const Tensor& logits, const Tensor& labels, const Mixing& how);

// When SamplePairing is on: from epoch `start`, `on` epochs with and `off` epochs without it in turn, never again from epoch `stop` (fine
// tuning). The paper's numbers for CIFAR are the standard ones; it stops once the loss has settled, so `stop` has none.
struct PairingSchedule {
  int64_t start = 100, on = 8, off = 2, stop = 0;
};
bool sample_pairing_on(const PairingSchedule& schedule, int64_t epoch);  // throws Error(usage) on a schedule that is never on

// --- the two ops of augment/mix/ ---------------------------------------------------------------------------------------------------------
// a[i]·x[i] + b[i]·x[partner[i]]; a, b [n] in x's accumulator dtype. Differentiates with respect to x, a and b.
Tensor mix_samples(const Tensor& x, const Pairs& pairs, const Tensor& a, const Tensor& b);
// x [n,h,w,c] with 0 inside erase[i], plus x[partner[i]] inside paste[i]; boxes i32[n,4].
Tensor paste_boxes(const Tensor& x, const Pairs& pairs, const Tensor& erase, const Tensor& paste);

}  // namespace duel
