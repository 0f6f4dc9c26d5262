// One training step of a GAN: D on real, D on fake, G. The algorithm of Goodfellow et al. (2014) with one D step to a G step.
#pragma once
#include "engine/grad.h"
#include "engine/optim.h"
#include "engine/rng.h"
#include "models/dcgan.h"
#include "models/losses.h"

namespace duel {

// What a step reports, averaged over its batch. "before" and "after" D's update.
struct GanReport {
  static constexpr const char* names[] = {"loss_d", "loss_g", "d_real", "d_fake", "d_fake_after", "real_right", "fake_right"};
  static constexpr int size = 7;
  double loss_d, loss_g;
  double d_real, d_fake;  // D(x) and D(G(z)) as probabilities, before
  double d_fake_after;
  double real_right, fake_right;  // shares that D judges rightly, before
};

template <class Generator, class Discriminator>
struct GanStep {
  Generator& g;
  Discriminator& d;
  Optimizer &opt_g, &opt_d;
  Rng noise;
  Tensor step;    // i32[1] on the device: how many steps are done; numbers the noise
  Tensor real;    // f32 [n,h,w,c]: assign() each batch into it
  Tensor report;  // f32 [GanReport::size], written by each step

  void operator()() {
    (*this)(noise.normal({real.shape()[0], 1, 1, g.config.nz}, step, 0, 1, g.config.precision));
    increment(step);
  }
  void operator()(const Tensor& z) {  // z [n,1,1,nz]
    const Tensor fake = g(z);
    train_d(cast(real, g.config.precision), fake.detach());
    train_g(fake);
  }

  GanReport read() const {
    const std::vector<double> v = report.values();
    return {v[0], v[1], v[2], v[3], v[4], v[5], v[6]};
  }

 private:
  // One pass on real and one on fake images, each with its own derivative, so that only one pass's activations are alive at a time.
  // `fake` comes without history: no gradient reaches G.
  void train_d(const Tensor& x, const Tensor& fake) {
    Tensors gradients;
    Tensor loss;
    {
      const Tensor on_real = d(x), half = minimax_d_real(on_real);
      gradients = grad(half, used(d));
      NoGrad only_looking;
      loss = half.detach(), note(2, mean(sigmoid(on_real))), note(5, mean(duel::step(on_real)));
    }
    const Tensor on_fake = d(fake), half = minimax_d_fake(on_fake);
    const Tensors more = grad(half, used(d));
    NoGrad only_looking;
    note(0, loss + half), note(3, mean(sigmoid(on_fake))), note(6, mean(duel::step(neg(on_fake))));
    for (size_t i = 0; i < gradients.size(); ++i) gradients[i] = gradients[i] + more[i];
    opt_d.step(gradients);
  }
  void train_g(const Tensor& fake) {  // asks for G's gradients only: D passes them on and gets none itself
    const Tensor on_fake = d(fake);
    const Tensor loss = non_saturating_g(on_fake);
    opt_g.step(grad(loss, used(g)));
    NoGrad only_looking;
    note(1, loss), note(4, mean(sigmoid(on_fake)));
  }
  void note(int index, const Tensor& value) { report.alias({}, index).assign(cast(value, DType::f32).detach()); }
};

}  // namespace duel
