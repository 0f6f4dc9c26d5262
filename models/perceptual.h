// Differences between pictures that are not counted pixel by pixel. Gatys, Ecker & Bethge, "Image style transfer using convolutional neural
// networks" (2016), sections 2.1 and 2.2, of features f [n,h,w,c] of a layer: N = c maps of M = h·w positions.
//
//   content   ½ Σ (f − f′)²                                           equation 1
//   style     Σ (G − G′)² / (4·N²·M²), G = Σ over positions of f·fᵀ   equations 3 and 4, N and M those of this layer
//
// In a VAE's loss, of what it decodes against what it was shown: Hou, Shen, Sun & Qiu, "Deep feature consistent variational autoencoder"
// (2017). Each function returns one value a sample, [n, 1, …, 1], and differentiates to any order.
#pragma once
#include "engine/ops.h"
#include "models/classifier.h"

namespace duel {

Tensor content_loss(const Tensor& f, const Tensor& of);  // [n,h,w,c] both
Tensor gram(const Tensor& f);                            // [n,h,w,c] → [n,c,c]: sums over positions of products of two maps
Tensor style_loss(const Tensor& f, const Tensor& of);

// Σ ((x[i+1,j] − x[i,j])² + (x[i,j+1] − x[i,j])²)^1.25 over all positions that have both neighbours, and channels: the norm of Mahendran &
// Vedaldi, "Understanding deep image representations by inverting them" (2015), with β = 2.5, as Keras's example of style transfer takes
// it. x [n,h,w,c] of at least 2 × 2 pixels, else Error(usage).
Tensor total_variation(const Tensor& x);

// How much of each a loss has, and the classifier whose stages are looked at: content in the last, style in all (their mean).
struct Perceptual {
  double content = 0, style = 0, variation = 0;
  const Classifier* by = nullptr;  // needed by content and style
  bool wanted() const { return content > 0 || style > 0 || variation > 0; }
};
// The weighted sum for what was made of x, both [n,h,w,c] in [−1, 1]; only `made` leads back. Something must be wanted.
Tensor perceptual_loss(const Perceptual& p, const Tensor& made, const Tensor& x);

}  // namespace duel
