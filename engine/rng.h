// Random tensors: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), a pure function of
// (seed, stream, step, sample, element). The same numbers on every device and at every batch size, and nothing hidden to lose at resume.
#pragma once
#include "engine/tensor.h"
#include "kernels/random/random.h"

namespace duel {

// One independent use of randomness each; its number is its Philox stream.
enum class RandomStream : int {
  init_g = 1,
  init_d,
  noise,
  fixed_noise,
  interpolation,
  samples,
  evaluation,
  penalty,
  dropout,
  augment,
  init_classifier,
  init_vae,
  posterior,
  label_noise,
  instance_noise,
  mixing,
  oversampling,
  points,
  point_noise,
  test = 100
};

struct Rng {
  int64_t seed = 0;
  RandomStream stream = RandomStream::test;

  // `step` is i32[1] on `device`: a captured step reads it there. Samples are numbered from `first`.
  Tensor normal(const Shape& shape, const Tensor& step, double mean = 0, double std = 1, DType dtype = DType::f32, int64_t first = 0) const;
  Tensor uniform(const Shape& shape, const Tensor& step, double low = 0, double high = 1, DType dtype = DType::f32,
                 int64_t first = 0) const;
  Tensor bernoulli(const Shape& shape, const Tensor& step, double p, DType dtype = DType::f32, int64_t first = 0) const;
};

// The step counter that Rng and the optimisers read: i32[1] on a device.
Tensor step_counter(int value = 0, Device device = Tensor::default_device());
void increment(const Tensor& counter);  // in place, on the device

}  // namespace duel
