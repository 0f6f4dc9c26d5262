// What tests hand to other programs that compute the same nets: weights, inputs, and tensors in the layout those expect.
#pragma once
#include <cstring>

#include "engine/io/safetensors.h"
#include "models/layers.h"
#include "tests/shaken.h"

namespace duel::test {

inline Tensor drawn(const Shape& shape, double mean, double spread, uint64_t seed) {
  return Tensor::from(shape, drawn_values(shape.count(), mean, spread, seed), DType::f32, Device::cpu);
}

template <class Net>
void shake(Net& net) {
  uint64_t seed = 1;
  auto fill = [&](const std::string& name, Tensor& t) {
    t.assign(Tensor::from(t.shape(), shaken(name, t.count(), t.shape()[0], ++seed), DType::f32, Device::cpu));
  };
  net.each({[&](const std::string& name, Weight& w) { fill(name, w.master); }, fill});
}

// As it is.
inline HostTensor host(const Tensor& t) {
  HostTensor h{t.dtype(), t.shape().dims(), std::vector<std::byte>(t.bytes())};
  t.copy_out(h.bytes.data());
  return h;
}

// Images, [n,h,w,c], as [n,c,h,w].
inline HostTensor host_nchw(const Tensor& t) {
  HostTensor h = host(t);
  if (h.shape.size() != 4) return h;
  const int64_t n = h.shape[0], pixels = h.shape[1] * h.shape[2], c = h.shape[3];
  HostTensor turned{t.dtype(), {n, c, h.shape[1], h.shape[2]}, std::vector<std::byte>(t.bytes())};
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < c; ++j)
      for (int64_t p = 0; p < pixels; ++p)
        std::memcpy(&turned.bytes[static_cast<size_t>((i * c + j) * pixels + p) * 4],
                    &h.bytes[static_cast<size_t>((i * pixels + p) * c + j) * 4], 4);
  return turned;
}

}  // namespace duel::test
