#include "apps/support/gan/augment.h"

#include <memory>
#include <numeric>

#include "engine/ops.h"

namespace duel {

void augment_what_d_sees(GanStep& gan, GanState& state) {
  const GanSettings& settings = state.settings;
  const DiffAugment policy = settings.diff_augmentation();
  if (!policy && !state.ada) return;
  // Each pass of a step numbers its samples on, so no two of them share their draws.
  const int64_t n = settings.batch;
  std::vector<double> numbers(static_cast<size_t>(n * gan.passes()));
  std::iota(numbers.begin(), numbers.end(), 0.0);
  const Tensor ids = Tensor::from({n * gan.passes()}, numbers, DType::i32, gan.step.device()), step = gan.step;
  const auto of_pass = [n, ids](int pass) { return slice(ids, pass * n, (pass + 1) * n).detach(); };
  const Rng rng{settings.seed, RandomStream::augment};
  if (policy) {
    gan.transform = [=](const Tensor& x, int pass) {
      return diff_augment(x, policy, draw_diff_augment(x.shape(), rng, step, of_pass(pass)));
    };
    return;
  }
  const Shape& all = gan.real.shape();
  const auto transform = std::make_shared<AdaTransform>(Shape{n, all[1], all[2], all[3]}, gan.g.config.precision, gan.step.device());
  AdaController& controller = *state.ada;
  gan.transform = [=, &controller](const Tensor& x, int pass) {
    return (*transform)(x, transform->draw(rng, step, of_pass(pass), controller.p()));
  };
  gan.heard = [&controller](const Tensor& said) { controller.hear(said); };
}

}  // namespace duel
