// On small pictures of shapes, 16×16, grey.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/support/command/one_thread.h"
#include "apps/support/gan/image_drills.h"
#include "engine/data/shapes.h"
#include "engine/grad.h"
#include "engine/optim.h"
#include "models/gan.h"
#include "models/losses.h"
#include "models/penalties.h"

namespace duel {
namespace {

constexpr int side = 16, batch = 32, nz = 16, width = 16;

// Real pictures in [−1, 1], `n` of them from number `first` on.
struct Pictures {
  Dataset data;
  explicit Pictures(int64_t seed) : data(make_shapes({.n = 2048, .size = side, .channels = 1, .seed = static_cast<uint64_t>(seed)})) {}
  std::vector<float> values(int64_t first, int64_t n) const {
    std::vector<float> v;
    const auto size = static_cast<size_t>(side) * side;
    for (int64_t i = first; i < first + n; ++i) {
      const auto at = static_cast<size_t>(i % data.n) * size;
      for (size_t k = 0; k < size; ++k) v.push_back(static_cast<float>(data.images[at + k]) / 127.5F - 1);
    }
    return v;
  }
  Tensor operator()(int64_t first, int64_t n) const {
    const std::vector<float> v = values(first, n);
    return Tensor::from_bytes({n, side, side, 1}, DType::f32, v.data(), Device::cpu);
  }
};

Tensor noise(int64_t n, int64_t seed, int64_t step) {
  return Rng{seed, RandomStream::noise}.normal({n, 1, 1, nz}, step_counter(static_cast<int>(step)));
}
std::vector<float> floats(const Tensor& t) {
  const std::vector<double> v = t.values();
  return {v.begin(), v.end()};
}

GanConfig small_net(Norm d_norm) {
  return {.net = GanNet::dcgan, .h = side, .w = side, .channels = 1, .nz = nz, .ngf = width, .ndf = width, .d_norm = d_norm};
}

OptimizerSettings adam() { return {.kind = OptimizerKind::adam, .lr = 1e-3, .beta1 = 0.5, .beta2 = 0.999}; }

// --- checkerboard ------------------------------------------------------------------------------------------------------------------------

// 4×4 from the noise, then twice twice as large: by transposed convolutions, or by repeating pixels and a convolution.
struct Upsampler {
  bool repeats;
  DenseLayer first;
  std::vector<ConvLayer> up;

  Upsampler(bool repeats, int64_t seed) : repeats(repeats), first(make_dense(nz, 4 * 4 * width, DType::f32, Device::cpu)) {
    constexpr int kernel = 5;
    for (const int to : {width, 1})  // a transposed convolution has the weight of the convolution it is the adjoint of
      up.push_back(make_conv(repeats ? to : width, kernel, repeats ? width : to, 0, {}, DType::f32, Device::cpu));
    add_norm(up[0], Norm::batch, width);
    initialise(*this, {seed, RandomStream::init_g}, [](const std::string& name, const Shape& shape) {
      if (name.ends_with("gamma")) return Start::constant(1);
      return name.ends_with("w") ? start_of(Init::glorot, shape) : Start::constant(0);
    });
  }
  Tensor operator()(const Tensor& z) const {
    const int64_t n = z.shape()[0];
    Tensor h = relu(reshape(first(reshape(z, {n, nz})), {n, 4, 4, width}));
    for (const ConvLayer& l : up) {
      h = repeats ? conv2d_same(upsample_nearest(h, 2, 2), l.weight()) : conv_transpose2d_same(h, l.weight(), 2);
      if (l.has_norm()) h = normed(h, l, Mode::train, {Act::relu});
    }
    return tanh(h);
  }
  void each(const Visitor& visit) {
    each_tensor("first.", first, visit);
    for (size_t i = 0; i < up.size(); ++i) each_tensor(std::to_string(i) + ".", up[i], visit);
  }
};

DrillRun run_checkerboard(int64_t seed, bool mended) {
  use_one_thread();
  constexpr int64_t steps = 100, looked_at = 256;
  const Pictures real(seed);
  Upsampler g(mended, seed);
  Discriminator d(small_net(Norm::none), Device::cpu);
  init_weights(d, seed, Init::glorot);
  Optimizer opt_g(adam(), masters(g)), opt_d(adam(), masters(d));
  constexpr auto loss = AdversarialLoss::non_saturating;
  const Tensor one = Tensor::full({}, 1, DType::f32, Device::cpu), zero = Tensor::full({}, 0, DType::f32, Device::cpu);
  for (int64_t step = 0; step < steps; ++step) {
    const Tensor made = g(noise(batch, seed, step));
    opt_d.step(grad(d_loss_real(loss, d(real(step * batch, batch)), one) + d_loss_fake(loss, d(made.detach()), zero), masters(d)));
    opt_g.step(grad(g_loss(loss, d(made)), masters(g)));
  }
  NoGrad only_looking;
  Readings readings;
  const double energy = checkerboard_energy(floats(g(noise(looked_at, seed, steps))), side, side, 1) /
                        checkerboard_energy(real.values(0, looked_at), side, side, 1);
  readings.checkerboard = energy;
  return {energy, std::move(readings)};
}

Drill checkerboard() {
  return {
      .name = "checkerboard",
      .fault =
          "G makes its image larger by transposed convolutions with kernels of 5 and strides of 2. Two, three, two, three of the input's "
          "pixels reach the output's in turn, each by other weights, and until G has learned to make up for that there is a pattern of two "
          "pixels.",
      .mend = "each pixel is repeated, and a convolution of 5 follows (Odena, Dumoulin & Olah, 2016)",
      .measure = "energy of the samples at a period of two pixels, relative to real images, after 100 steps",
      .finding = "checkerboard",
      .run = run_checkerboard,
      .side = Drill::at_least,
      .bound = 4,
      .with_fault = {13.3, 15.3, 15, 26.2, 6.96},
      .with_mend = {1.13, 1.32, 0.487, 1.99, 1.04}};
}

// --- real and generated images in one batch ----------------------------------------------------------------------------------------------

double share_above(const Tensor& logits, int64_t from, int64_t to) {
  const std::vector<double> v = logits.values();
  return static_cast<double>(std::count_if(v.begin() + from, v.begin() + to, [](double t) { return t > 0; })) /
         static_cast<double>(to - from);
}

// D alone learns, against a G that stays as it began.
DrillRun run_mixed_batch(int64_t seed, bool mended) {
  use_one_thread();
  constexpr int64_t steps = 60;
  const Pictures real(seed);
  Generator g(small_net(Norm::batch), Device::cpu);
  Discriminator d(small_net(Norm::batch), Device::cpu);
  init_weights(g, seed), init_weights(d, seed);
  Optimizer opt_d(adam(), masters(d));
  constexpr auto loss = AdversarialLoss::non_saturating;
  const Tensor one = Tensor::full({}, 1, DType::f32, Device::cpu), zero = Tensor::full({}, 0, DType::f32, Device::cpu);
  const auto made = [&](int64_t step) {
    NoGrad constant;
    return floats(g(noise(batch, seed, step)));
  };
  const auto in_one = [&](const std::vector<float>& a, const std::vector<float>& b) {
    std::vector<float> both = a;
    both.insert(both.end(), b.begin(), b.end());
    return Tensor::from_bytes({2 * batch, side, side, 1}, DType::f32, both.data(), Device::cpu);
  };
  for (int64_t step = 0; step < steps; ++step) {
    const std::vector<float> a = real.values(step * batch, batch), b = made(step);
    Tensor of_real, of_made;
    if (mended) {
      of_real = d(Tensor::from_bytes({batch, side, side, 1}, DType::f32, a.data(), Device::cpu));
      of_made = d(Tensor::from_bytes({batch, side, side, 1}, DType::f32, b.data(), Device::cpu));
    } else {
      const Tensor said = d(in_one(a, b));
      of_real = slice(said, 0, batch), of_made = slice(said, batch, 2 * batch);
    }
    opt_d.step(grad(d_loss_real(loss, of_real, one) + d_loss_fake(loss, of_made, zero), masters(d)));
  }
  NoGrad only_looking;
  const std::vector<float> a = real.values(steps * batch, batch), more = real.values((steps + 1) * batch, batch), b = made(steps);
  Readings readings;
  readings.right_in_company = share_above(d(in_one(a, b)), 0, batch);
  readings.right_alone = share_above(d(in_one(a, more)), 0, batch);
  return {*readings.right_alone, std::move(readings)};
}

Drill mixed_batch() {
  return {
      .name = "mixed-batch",
      .fault =
          "Real and generated images go through a D with batch norm in one batch. It subtracts what the two have in common, so D learns "
          "which half of a batch an image is in; in a batch of real images alone there is no other half.",
      .mend = "each kind in a batch of its own, as models/gan_step.cpp has it",
      .measure = "share of real images that D calls real in a batch of real images, after 60 steps against a G that stands still",
      .finding = "batch norm leakage",
      .run = run_mixed_batch,
      .side = Drill::at_most,
      .bound = 0.9,
      .with_fault = {0.844, 0.781, 0.75, 0.75, 0.781},
      .with_mend = {1, 1, 1, 1, 1}};
}

// --- batch norm under a gradient penalty -------------------------------------------------------------------------------------------------

// How much D's verdict on one image moves with the other images of its batch: the length of its gradient by those, over that by its own.
DrillRun run_penalised_norm(int64_t seed, bool mended) {
  use_one_thread();
  constexpr int64_t n = 8;
  const Pictures real(seed);
  Discriminator d(small_net(mended ? Norm::layer : Norm::batch), Device::cpu);
  init_weights(d, seed, Init::he);
  const Tensor x = real(0, n);
  double mean = 0;
  for (int64_t i = 0; i < n; ++i) {
    const Tensor gradient = grad(sum(slice(d(x), i, i + 1)), {x})[0];
    const std::vector<double> squares = sum_per_sample(square(gradient)).values();
    const double own = squares[static_cast<size_t>(i)], all = std::accumulate(squares.begin(), squares.end(), 0.0);
    mean += std::sqrt((all - own) / own) / n;
  }
  return {mean, {}};
}

Drill penalised_norm() {
  return {
      .name = "penalised-batch-norm",
      .fault =
          "A gradient penalty on a D with batch norm. The penalty wants the length of each image's own gradient and takes it from the "
          "gradient of the sum of all verdicts, which is the same where an image moves no verdict but its own. With batch norm it moves "
          "them all. gan refuses --penalty with batch norm in D; here nobody asks.",
      .mend = "layer norm (--d-norm layer)",
      .measure = "gradient of a verdict by the other images of the batch, relative to that by its own; of a D that has not trained",
      .finding = "",
      .run = run_penalised_norm,
      .side = Drill::at_least,
      .bound = 0.05,
      .with_fault = {0.108, 0.105, 0.116, 0.113, 0.102},
      .with_mend = {0, 0, 0, 0, 0}};
}

}  // namespace

const std::vector<Drill>& image_drills() {
  static const std::vector<Drill> all{checkerboard(), mixed_batch(), penalised_norm()};
  return all;
}

}  // namespace duel
