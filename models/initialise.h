// Weights before the first step, drawn from Philox: the same on every device, and one draw for each weight in the order of each().
#pragma once
#include <cmath>

#include "engine/grad.h"
#include "engine/rng.h"
#include "models/layers.h"
#include "models/orthogonal.h"

namespace duel {

// What a weight starts from.
struct Start {
  enum class Kind { constant, normal, uniform, orthogonal } kind = Kind::constant;
  double a = 0, b = 0;                     // the value; mean and standard deviation; low and high
  LeavesBy leaves = LeavesBy::first_axis;  // of an orthogonal one, a matrix [outputs, all that meets one]
  static Start constant(double value) { return {Kind::constant, value, 0}; }
  static Start normal(double mean, double std) { return {Kind::normal, mean, std}; }
  static Start uniform(double bound) { return {Kind::uniform, -bound, bound}; }
  static Start orthogonal(LeavesBy leaves) { return {Kind::orthogonal, 0, 0, leaves}; }
};

// Values that meet one output, and outputs that one value meets, of a weight [k,r,s,c] or [out,in]. Of a transposed convolution these are
// those of the convolution it is the adjoint of, as PyTorch counts them.
inline double fan_in(const Shape& s) { return static_cast<double>(s.count()) / static_cast<double>(s[0]); }
inline double fan_out(const Shape& s) { return static_cast<double>(s.count()) / static_cast<double>(s[-1]); }

// Radford et al. (2016); Glorot & Bengio (2010), uniform in ±√(6/(fan-in + fan-out)); He, Zhang, Ren & Sun (2015), N(0, 2/fan-in);
// Saxe, McClelland & Ganguli (2014), with gain 1, of the matrix that spectral norm looks at.
enum class Init { normal, glorot, he, orthogonal };
constexpr const char* init_names[] = {"normal", "glorot", "he", "orthogonal"};
inline Start start_of(Init init, const Shape& s, LeavesBy leaves = LeavesBy::first_axis) {
  switch (init) {
    case Init::normal:
      return Start::normal(0, 0.02);
    case Init::glorot:
      return Start::uniform(std::sqrt(6 / (fan_in(s) + fan_out(s))));
    case Init::he:
      return Start::normal(0, std::sqrt(2 / fan_in(s)));
    case Init::orthogonal:
      return Start::orthogonal(leaves);
  }
  return {};
}

// rule(name, shape) → Start for each weight. Running means start from 0, variances from 1, spectral norm's u and v from N(0, 1).
template <class Model, class Rule>
void initialise(Model& model, const Rng& rng, Rule&& rule) {
  NoGrad constant;
  int index = 0, vectors = 0;
  model.each({[&](const std::string& name, Weight& w) {
                const Shape& shape = w.master.shape();
                const DType dtype = w.master.dtype();
                const Device device = w.master.device();
                const int number = index++;
                const Tensor step = step_counter(number, device);
                const Start s = rule(name, shape);
                switch (s.kind) {
                  case Start::Kind::constant:
                    return w.master.assign(Tensor::full(shape, s.a, dtype, device));
                  case Start::Kind::normal:
                    return w.master.assign(rng.normal(shape, step, s.a, s.b, dtype));
                  case Start::Kind::uniform:
                    return w.master.assign(rng.uniform(shape, step, s.a, s.b, dtype));
                  case Start::Kind::orthogonal: {
                    const int64_t columns = s.leaves == LeavesBy::first_axis ? shape.count() / shape[0] : shape[-1];
                    return w.master.assign(
                        Tensor::from(shape, orthogonal(rng, number, shape.count() / columns, columns).values(), dtype, device));
                  }
                }
              },
              [&](const std::string& name, Tensor& t) {
                if (name.ends_with(".u") || name.ends_with(".v"))
                  t.assign(rng.normal(t.shape(), step_counter(1 << 20 | vectors++, t.device()), 0, 1, t.dtype()));
                else t.assign(Tensor::full(t.shape(), name.ends_with("var") ? 1 : 0, t.dtype(), t.device()));
              }});
  refresh_copies(model);
}

}  // namespace duel
