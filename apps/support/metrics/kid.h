// The kernel distance between two sets of features: the unbiased estimate of the squared maximum mean discrepancy under the kernel
// k(x, y) = (x·y / d + 1)³.
//
// Bińkowski, Sutherland, Arbel & Gretton, "Demystifying MMD GANs" (2018), section 4; the estimate is equation 3 of Gretton, Borgwardt,
// Rasch, Schölkopf & Smola, "A kernel two-sample test" (2012). It has no bias at any n, so it can be negative.
#pragma once
#include <cstdint>
#include <span>

namespace duel {

// Of all samples x [m, d] and y [n, d]. Work is O((m + n)²·d); the same bits on any number of threads. Throws Error(usage) below 2 samples.
double kid(std::span<const float> x, std::span<const float> y, int64_t d);

// Standard deviation (n − 1) over `subsets` pairs of `size` samples each, drawn without repetition within a subset: how much a value from
// so few samples moves, which is how the paper prints it. Throws Error(usage) where there are fewer samples than `size`.
double kid_deviation(std::span<const float> x, std::span<const float> y, int64_t d, int subsets, int size, uint64_t seed);

}  // namespace duel
