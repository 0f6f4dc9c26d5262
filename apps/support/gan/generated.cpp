#include "apps/support/gan/generated.h"

#include "apps/support/gan/pictures.h"

namespace duel {

Generated generated(const TrainedGan& gan, int64_t n, int64_t seed, int label) {
  Generated made = described(gan, gan.g.config, n, seed, label);
  made.values = [g = gan.g, labels = made.labels, z = noise(gan.g, n, seed, RandomStream::samples)](int64_t from, int64_t to) {
    const std::vector<int32_t> part = labels_of_part(labels, from, to);
    return generate(g, {slice(z, from, to), part.empty() ? Tensor() : Tensor::from_bytes({to - from}, DType::i32, part.data(), g.device)});
  };
  return made;
}

}  // namespace duel
