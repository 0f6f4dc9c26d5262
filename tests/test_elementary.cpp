// The f32 elementary functions of kernels/pointwise/math.h against the C library in f64, over the whole range of f32, and what element-wise
// rows do with values that a table of finite cases does not hold: infinities, NaN, values that saturate.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "engine/dispatch.h"
#include "kernels/activation/activation.h"
#include "kernels/cb_moment/functions.h"
#include "kernels/loss/loss.h"
#include "kernels/pointwise/math.h"
#include "kernels/pointwise/pointwise.h"
#include "kernels/reduce/reduce.h"
#include "kernels/registry.h"
#include "tests/support.h"

using namespace duel;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
const float nan_value = std::numeric_limits<float>::quiet_NaN();

// Distance in units in the last place of the f32 next to `exact`; infinite where one is NaN or ∞ and the other is not.
double error_in_ulp(float got, double exact) {
  const float nearest = static_cast<float>(exact);
  if (std::isnan(nearest) || std::isnan(got)) return std::isnan(nearest) && std::isnan(got) ? 0 : inf;
  if (std::isinf(nearest) || std::isinf(got)) return got == nearest ? 0 : inf;
  int exponent = -148;
  if (nearest != 0) std::frexp(nearest, &exponent);
  return std::abs(static_cast<double>(got) - exact) / std::ldexp(1.0, std::max(exponent - 24, -149));
}

// Every 4099th pattern of bits, so both signs, every exponent, denormals and NaN; and around what the code branches on in its head.
template <class F, class G>
void check_function(const char* name, F ours, G exact, double allowed) {
  std::vector<float> extra = {0.f,           -0.f,           inf,    -inf, nan_value, 1e-45f, -1e-45f, 1.17549435e-38f,
                              3.4028235e38f, -3.4028235e38f, 0.625f, 1.f,  2.f};
  for (float edge : {9.02f, 10.f, 20.f, 86.6f, 87.33654f, 88.f, 88.7228f, 88.72284f, 89.f, 103.97f, 104.f, 0.70710678f, 1.41421356f})
    for (float v : {std::nextafter(edge, 0.f), edge, std::nextafter(edge, inf)}) extra.push_back(v), extra.push_back(-v);
  double worst = 0;
  float at = 0;
  const auto look = [&](float x) {
    const double error = error_in_ulp(ours(x), exact(static_cast<double>(x)));
    if (error > worst) worst = error, at = x;
  };
  for (uint64_t bits = 0; bits <= 0xffffffffu; bits += 4099) look(math::float_of(static_cast<uint32_t>(bits)));
  for (float x : extra) look(x);
  CHECK_MESSAGE(worst <= allowed, name, "(", at, ") = ", ours(at), " is ", worst, " ulp off; allowed ", allowed);
}

// On every device that is here; `args` point to host memory, where outputs come back to. look() gets "naive on sim".
template <class Op>
void run_every_row(const typename Op::Problem& p, const typename Op::Args& args, const std::function<void(const char*)>& look) {
  std::vector<void*> pointers(sizeof args / sizeof(void*));
  std::memcpy(pointers.data(), &args, sizeof args);
  const std::vector<Buffer> buffers = Op::buffers(p);
  for (const Row& row : rows_of(Op::name)) {
    if (row.rank == baseline_rank || !test::wanted(row) || !test::why_not(row.device).empty() || !row.supports(&p)) continue;
    if (row.device == Device::cpu) {
      run_on_aligned_copies(row, &p, pointers, buffers);
    } else {
      const DeviceBackend& device = backend(row.device);
      std::vector<void*> there;
      for (size_t i = 0; i < buffers.size(); ++i) {
        there.push_back(device.allocate(buffers[i].bytes()));
        if (buffers[i].role != Role::out) device.copy_in(there[i], pointers[i], buffers[i].bytes());
      }
      const size_t bytes = row.scratch(&p);
      void* scratch = device.allocate(bytes);
      run_row(row, &p, there.data(), {bytes ? scratch : nullptr, bytes}, device.stream());
      device.synchronise();
      for (size_t i = 0; i < buffers.size(); ++i) {
        if (buffers[i].role != Role::in) device.copy_out(pointers[i], there[i], buffers[i].bytes());
        device.release(there[i], buffers[i].bytes());
      }
      device.release(scratch, bytes);
    }
    look((std::string(row.name) + " on " + name_of(row.device)).c_str());
  }
}

bool same(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace

TEST_CASE("elementary functions in f32 are accurate over the whole range") {
  check_function(
      "exp", [](float x) { return math::exp(x); }, [](double x) { return std::exp(x); }, 1.0);
  check_function(
      "log", [](float x) { return math::log(x); }, [](double x) { return std::log(x); }, 1.0);
  check_function(
      "tanh", [](float x) { return math::tanh(x); }, [](double x) { return std::tanh(x); }, 1.5);
  check_function(
      "sigmoid", [](float x) { return math::sigmoid(x); }, [](double x) { return 1 / (1 + std::exp(-x)); }, 2.5);
  check_function(
      "softplus", [](float x) { return math::softplus(x); }, [](double x) { return x > 40 ? x : std::log1p(std::exp(x)); }, 2.5);
}

TEST_CASE("activations keep NaN and reach their limits at infinity") {
  const float x[] = {-inf, inf, nan_value, -0.f, 0.f};
  struct Expected {
    Act act;
    float at_minus, at_plus;
  };
  for (const Expected& e : {Expected{Act::none, -inf, inf},
                            {Act::relu, 0, inf},
                            {Act::leaky_relu, -inf, inf},
                            {Act::tanh, -1, 1},
                            {Act::sigmoid, 0, 1},
                            {Act::softplus, 0, inf}}) {
    float y[5];
    const ActivationProblem p{.n = 5, .act = e.act, .slope = 0.2};
    run_every_row<Activation>(p, {x, y}, [&](const char* row) {
      CHECK_MESSAGE((same(y[0], e.at_minus) && same(y[1], e.at_plus) && std::isnan(y[2])), row, " ", p.text());
    });
  }
}

TEST_CASE("moments of the continuous Bernoulli distribution are right on either side of where their formula changes") {
  std::vector<float> t = {0.f, -0.f, 1e-30f, nan_value};
  for (float size : {0.01f, 1.f, 2.f, 3.f, 20.f, 64.f, 100.f, 1e4f})
    for (float v : {std::nextafter(size, 0.f), size}) t.push_back(v), t.push_back(-v);
  std::vector<float> y(t.size());
  for (int order : {0, 1, 2, 3, 64})
    run_every_row<CbMoment>({.n = static_cast<int64_t>(t.size()), .order = order}, {t.data(), y.data()}, [&](const char* row) {
      for (size_t i = 0; i < t.size(); ++i) {
        const double exact = cb_moment_value(static_cast<double>(t[i]), order);
        CHECK_MESSAGE((std::isnan(t[i]) ? std::isnan(y[i]) : std::abs(y[i] - exact) <= 1e-5 * std::max(1e-2, std::abs(exact))), row,
                      " order ", order, " t ", t[i], ": ", y[i], ", not ", exact);
      }
    });
}

TEST_CASE("derivatives at the kink are PyTorch's") {
  const float saved[] = {0.f, -0.f, 1.f, -1.f}, g[] = {1, 1, 1, 1};
  float gx[4];
  run_every_row<ActivationGrad>({.n = 4, .act = Act::relu}, {saved, g, gx},
                                [&](const char* row) { CHECK_MESSAGE((gx[0] == 0 && gx[1] == 0 && gx[2] == 1 && gx[3] == 0), row); });
  run_every_row<ActivationGrad>({.n = 4, .act = Act::leaky_relu, .slope = 0.25}, {saved, g, gx}, [&](const char* row) {
    CHECK_MESSAGE((gx[0] == 0.25f && gx[1] == 0.25f && gx[2] == 1 && gx[3] == 0.25f), row);
  });
}

TEST_CASE("element-wise functions treat NaN as documented") {
  const float a[] = {nan_value, 1, nan_value, 2}, b[] = {1, nan_value, nan_value, 3};
  float y[4];
  for (BinaryFn fn : {BinaryFn::maximum, BinaryFn::minimum})
    run_every_row<Binary>({.inner = 4, .fn = fn}, {a, b, y}, [&](const char* row) {
      CHECK_MESSAGE((std::isnan(y[0]) && std::isnan(y[1]) && std::isnan(y[2]) && y[3] == (fn == BinaryFn::maximum ? 3.f : 2.f)), row);
    });
  for (UnaryFn fn : {UnaryFn::clamp, UnaryFn::sign, UnaryFn::abs, UnaryFn::sqrt, UnaryFn::log})
    run_every_row<Unary>({.inner = 4, .fn = fn, .a = -1, .b = 1}, {a, y}, [&](const char* row) {
      CHECK_MESSAGE((std::isnan(y[0]) && !std::isnan(y[1])), row, " ", unary_names[static_cast<int>(fn)]);
    });
  const float logits[] = {1000, -1000, 1000, -1000}, targets[] = {1, 0, 0, 1};  // far beyond where σ rounds to 0 or 1
  run_every_row<Binary>({.inner = 4, .fn = BinaryFn::bce_logits}, {logits, targets, y},
                        [&](const char* row) { CHECK_MESSAGE((y[0] == 0 && y[1] == 0 && y[2] == 1000 && y[3] == 1000), row); });
}

TEST_CASE("casts round to nearest even and saturate") {
  const float x[] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 254.5f, 255.5f, 300, -7, inf, -inf, nan_value, 3e9f, -3e9f};
  constexpr int n = 14;
  const int32_t integers[n] = {0, 2, 2, 0, -2, 254, 256, 300, -7, 2147483647, -2147483647 - 1, 0, 2147483647, -2147483647 - 1};
  const uint8_t bytes[n] = {0, 2, 2, 0, 0, 254, 255, 255, 0, 255, 0, 0, 255, 0};
  int32_t i32[n];
  uint8_t u8[n];
  run_every_row<Cast>({n, DType::f32, DType::i32}, {x, i32}, [&](const char* row) {
    for (int i = 0; i < n; ++i) CHECK_MESSAGE(i32[i] == integers[i], row, ": ", x[i], " became ", i32[i]);
  });
  run_every_row<Cast>({n, DType::f32, DType::u8}, {x, u8}, [&](const char* row) {
    for (int i = 0; i < n; ++i) CHECK_MESSAGE(u8[i] == bytes[i], row, ": ", x[i], " became ", static_cast<int>(u8[i]));
  });
}

TEST_CASE("a maximum shows NaN, and over nothing is −∞") {
  std::vector<float> x(1000, 1.f);
  float y = 0;
  run_every_row<Reduce>({.n = 0, .fn = ReduceFn::maximum}, {x.data(), &y}, [&](const char* row) { CHECK_MESSAGE(y == -inf, row); });
  for (size_t at : {0u, 1u, 500u, 999u}) {
    x[at] = nan_value;
    run_every_row<Reduce>({.n = 1000, .fn = ReduceFn::maximum}, {x.data(), &y},
                          [&](const char* row) { CHECK_MESSAGE(std::isnan(y), row, " ", at); });
    x[at] = 1.f;
  }
}

TEST_CASE("a label that is no class gives NaN, in its own row only") {
  const float logits[] = {1, 2, 1, 2, 1, 2};
  const int32_t labels[] = {-1, 1, 2};
  float loss[3], y[6];
  run_every_row<CrossEntropy>({.rows = 3, .cols = 2}, {logits, labels, loss}, [&](const char* row) {
    CHECK_MESSAGE((std::isnan(loss[0]) && std::abs(loss[1] - 0.31326169f) < 1e-6f && std::isnan(loss[2])), row);
  });
  run_every_row<OneHot>({.rows = 3, .cols = 2}, {labels, y}, [&](const char* row) {
    CHECK_MESSAGE((std::isnan(y[0]) && std::isnan(y[1]) && y[2] == 0 && y[3] == 1 && std::isnan(y[4]) && std::isnan(y[5])), row);
  });
}
