// Numbers from PyTorch: tests/golden/, with the script that made them.
#pragma once
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "engine/io/safetensors.h"
#include "engine/ops.h"
#include "tests/support.h"

namespace duel::test {

struct Golden {
  SafeTensors file;
  DType dtype;
  Golden(const char* name, DType dtype) : file(read_safetensors((source_dir() / "tests" / "golden" / name).string())), dtype(dtype) {}
  Tensor operator()(const std::string& name) const {
    const HostTensor* t = file.find(name);
    REQUIRE_MESSAGE(t, name);
    const Tensor exact = Tensor::from_bytes(Shape(t->shape), t->dtype, t->bytes.data(), Device::cpu);
    return t->dtype == DType::i32 ? exact : cast(exact, dtype).detach();
  }
};

// |got − want| ≤ atol + rtol·|want|, written so that a NaN fails.
inline void check_close(const std::string& what, const Tensor& got, const Tensor& want, double rtol, double atol) {
  REQUIRE_MESSAGE(got.count() == want.count(), what);
  const std::vector<double> a = got.values(), b = want.values();
  for (size_t i = 0; i < a.size(); ++i)
    if (!(std::fabs(a[i] - b[i]) <= atol + rtol * std::fabs(b[i]))) {
      FAIL_CHECK(fmt::format("{} [{}]: got {}, PyTorch {}", what, i, a[i], b[i]));
      return;
    }
}

}  // namespace duel::test
