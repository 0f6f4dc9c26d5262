// Pictures of what a generator makes.
#pragma once
#include <vector>

#include "engine/io/image.h"
#include "engine/rng.h"
#include "models/dcgan.h"

namespace duel {

// n noise vectors, the same for the same (seed, stream), in the precision of g: [n,1,1,nz].
Tensor latents(const DcganGenerator& g, int64_t n, int64_t seed, RandomStream stream);

// G with its running statistics, in batches that fit: values in [−1, 1], NHWC.
std::vector<float> generate(const DcganGenerator& g, const Tensor& z);
Image sample_grid(const DcganGenerator& g, const Tensor& z, int columns);

// Each row walks from one noise vector to another in `steps` pictures along the great circle: Gaussian noise lives near a sphere, and a
// straight line would cut through its empty middle (White, "Sampling generative networks", 2016).
Image interpolation_grid(const DcganGenerator& g, int rows, int steps, int64_t seed);
std::vector<double> slerp(const std::vector<double>& a, const std::vector<double>& b, double t);

}  // namespace duel
