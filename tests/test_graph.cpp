// What a captured training step may not do: copy to or from the host.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/grad.h"
#include "engine/ops.h"
#include "tests/gradcheck.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

// While it lives, counts the CPU's copies to and from the host, as if it were a device apart.
class HostCopies {
 public:
  HostCopies() {
    count = 0;
    duel_register_backend(&counting);
  }
  ~HostCopies() { duel_register_backend(real); }
  HostCopies(const HostCopies&) = delete;
  static inline long count = 0;

 private:
  static inline const DeviceBackend* const real = &backend(Device::cpu);
  static inline const DeviceBackend counting = [] {
    DeviceBackend b = *real;
    b.copy_in = [](void* device, const void* host, size_t bytes) { ++count, real->copy_in(device, host, bytes); };
    b.copy_out = [](void* host, const void* device, size_t bytes) { ++count, real->copy_out(host, device, bytes); };
    return b;
  }();
};

}  // namespace

TEST_CASE("host copies are counted") {
  const HostCopies copies;
  const Tensor x = Tensor::from({2}, {1, 2});
  CHECK(HostCopies::count == 1);
  x.values();
  CHECK(HostCopies::count == 2);
  mul(x, x).clone();
  CHECK(HostCopies::count == 2);
}

TEST_CASE("no op and no derivative of first or second order copies to or from the host") {
  for (const GradCase& c : grad_cases()) {
    const HostCopies copies;
    const Tensors first = grad(sum(square(c.f(c.inputs))), c.inputs, create_graph);
    Tensor total = Tensor::zeros({}, DType::f64);
    for (const Tensor& g : first) total = add(total, sum(square(g)));
    grad(total, c.inputs);
    CHECK_MESSAGE(HostCopies::count == 0, c.op, " ", c.name, ": ", HostCopies::count, " copies");
  }
}

TEST_CASE("one_hot marks each label and refuses what is no class") {
  const Tensor labels = Tensor::from({3}, {2, 0, 2}, DType::i32);
  CHECK(one_hot(labels, 3).values() == std::vector<double>{0, 0, 1, 1, 0, 0, 0, 0, 1});
  CHECK(one_hot(labels, 4, DType::bf16).text() == "bf16[3, 4] on cpu");
  CHECK_THROWS_WITH_AS(one_hot(labels, 2), doctest::Contains("label 2 at position 0 is outside [0, 2)"), Error);
  CHECK_THROWS_AS(one_hot(labels, 0), Error);
  CHECK_THROWS_AS(one_hot(labels, 3, DType::i32), Error);
  CHECK_THROWS_AS(one_hot(Tensor(), 3), Error);
}

TEST_CASE("where labels are not looked at, a wrong one gives a loss and a gradient of NaN") {
  for (Device device : devices) {
    if (device == Device::cpu || !why_not(device).empty()) continue;
    const Tensor logits = Tensor::from({2, 2}, {1, 2, 1, 2}, DType::f32, device), labels = Tensor::from({2}, {7, 0}, DType::i32, device);
    const Tensor loss = cross_entropy(logits, labels);
    CHECK(std::isnan(loss.values()[0]));
    CHECK(loss.values()[1] == doctest::Approx(1.31326169));
    const std::vector<double> g = grad(sum(loss), {logits})[0].values();
    CHECK((std::isnan(g[0]) && std::isnan(g[1])));
    CHECK(g[2] == doctest::Approx(-0.73105858));
  }
}
