// The arithmetic of docs/lessons/cgan.md by the functions of models/cgan.h.
#include <cstdio>

#include "models/cgan.h"

using namespace duel;

namespace {

Tensor from(const Shape& shape, const std::vector<double>& values) { return Tensor::from(shape, values, DType::f64, Device::cpu); }
Tensor labels_of(const std::vector<int32_t>& y) {
  return Tensor::from_bytes({static_cast<int64_t>(y.size())}, DType::i32, y.data(), Device::cpu);
}
void say(const char* what, const Tensor& values) {
  std::printf("%-44s", what);
  for (double v : values.values()) std::printf(" %6.2f", v);
  std::printf("\n");
}

void by_hand() {
  const Tensor a = labels_of({0}), b = labels_of({1}), both = labels_of({0, 1});
  const Tensor z = from({1, 1, 1, 2}, {0.5, -1}), table = from({2, 2}, {3, 0, -1, 2});
  say("z joined with the one-hot label A", with_one_hot(z, a, 2));
  say("z joined with the one-hot label B", with_one_hot(z, b, 2));
  say("z joined with E[A] = (3, 0)", with_embedding(z, a, table));
  const Tensor phi = from({1, 1, 1, 2}, {2, -1}), v = from({2, 2}, {1, 1, -1, 2});
  say("<V[A], phi>, V[A] = (1, 1), phi = (2, -1)", projection(phi, a, v));
  say("<V[B], phi>, V[B] = (-1, 2)", projection(phi, b, v));
  Layer layer;
  layer.gamma.master = from({2, 1}, {2, 0.5}), layer.beta.master = from({2, 1}, {1, -3}), layer.eps = 0;
  layer.running_mean = from({1}, {0}), layer.running_var = from({1}, {1});
  const Tensor x = from({2, 1, 1, 1}, {1, 3});
  say("batch norm by class of (1 of A, 3 of B)", conditional_batch_norm(x, layer, {Mode::train, both}));
}

}  // namespace

int main() { by_hand(); }
