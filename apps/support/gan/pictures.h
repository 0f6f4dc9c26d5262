// Pictures of what a generator makes.
#pragma once
#include <vector>

#include "engine/io/image.h"
#include "engine/rng.h"
#include "models/gan.h"

namespace duel {

// Noise and, where G is conditional, a label for each image.
struct Latents {
  Tensor z, labels;  // [n,1,1,nz] in G's precision; i32 [n] or, between classes, f32 [n,classes]; undefined where G is not conditional
};

// n noise vectors, the same for the same (seed, stream) and whatever n, without labels.
Tensor noise(const Generator& g, int64_t n, int64_t seed, RandomStream stream);
// The same with labels: class `label` for all of them, or where that is negative every class in turn.
Latents latents(const Generator& g, int64_t n, int64_t seed, RandomStream stream, int label = -1);

// What is shown of a run: a square of samples, or `rows` samples of each class, one row a class, from the same noise in every row.
Latents shown(const Generator& g, int64_t seed, int columns = 8, int rows = 8);

// G with its running statistics, in batches that fit: values in [−1, 1], NHWC.
std::vector<float> generate(const Generator& g, const Latents& from);
Image sample_grid(const Generator& g, const Latents& from, int columns);

// Each row walks from one noise vector to another in `steps` pictures along the great circle: Gaussian noise lives near a sphere, and a
// straight line would cut through its empty middle (White, "Sampling generative networks", 2016). The label of a row stays: class `label`,
// or where that is negative each row's own.
Image interpolation_grid(const Generator& g, int rows, int steps, int64_t seed, int label = -1);
std::vector<double> slerp(const std::vector<double>& a, const std::vector<double>& b, double t);

// Each row has one noise vector; the label walks from class to class in `steps` pictures between each two of `classes`.
Image class_walk_grid(const Generator& g, int rows, int steps, int64_t seed, const std::vector<int>& classes);

}  // namespace duel
