// Augmentation: images x [n,h,w,c] in, the same images in other states out. Differentiable to any order where x is floating, so it fits
// between a generator and a discriminator; u8 images pass too, without a derivative. Wrong shapes throw Error(usage) that leads with [op].
#pragma once
#include "engine/rng.h"
#include "engine/tensor.h"

namespace duel {

// --- flips: augment/flip/ ----------------------------------------------------------------------------------------------------------------
// Mirrors sample i along its width where coin[i] is not 0; coin i32[n], on x's device. Any dtype. Its own inverse, and its own adjoint.
Tensor horizontal_flip(const Tensor& x, const Tensor& coin);

// Mirrors each sample with probability p in [0, 1]. A coin is a pure function of (seed, stream, step, sample) with samples numbered from
// `first`, so a sample's coin does not depend on the batch that it comes in; `step` is i32[1] on x's device, as in engine/rng.h. Two
// random ops on one image want streams, or seeds, of their own, or their draws are the same.
Tensor random_flip(const Tensor& x, double p, const Rng& rng, const Tensor& step, int64_t first = 0);

}  // namespace duel
