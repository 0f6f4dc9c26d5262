// The rows for few input channels, where the table of cases does not reach: big results written past the caches, what is picked, values
// beside a window, which must not touch it, and parts of a gradient that are added in whatever order they come.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/conv2d/conv2d.h"
#include "kernels/registry.h"
#include "tests/row_check.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

const Row& few(const char* op) {
  const Row* row = find_row(op, "few_channels", Device::cpu);
  REQUIRE(row);
  return *row;
}
bool has_bf16() {
  const auto d = Conv2dProblem::parse("n2h8w8c1k16r4u2pad1:bf16");
  if (few("conv2d_fwd").supports(&d)) return true;
  skip("this processor, or the level built for it, has no bf16 products");
  return false;
}
std::string picked(const char* op, const char* text) {
  const auto d = Conv2dProblem::parse(text);
  return pick_row(op, &d, Device::cpu, [](const void* p) { return static_cast<const Conv2dProblem*>(p)->text(); }).name;
}

// Which outputs of a row are finite when every input is 1, but for one infinite value of x.
std::vector<bool> finite_outputs(const Row& row, const char* op_name, const char* text, int64_t infinite) {
  const OpInfo& op = find_op(op_name);
  const ErasedCase problem = op.parse(text);
  const std::vector<Buffer> buffers = op.buffers(problem.problem.get());
  std::vector<Bytes> contents;
  for (const Buffer& b : buffers) {
    contents.emplace_back(b.bytes());
    for (int64_t i = 0; i < b.count && b.role == Role::in; ++i) {
      const float value = &b == &buffers[0] && i == infinite ? std::numeric_limits<float>::infinity() : 1.f;
      if (b.dtype == DType::f32) std::memcpy(contents.back().data() + i * 4, &value, 4);
      else {
        const bf16 half(value);
        std::memcpy(contents.back().data() + i * 2, &half, 2);
      }
    }
  }
  run_once(row, op, problem, contents);
  std::vector<bool> finite;
  for (int64_t i = 0; i < buffers[2].count; ++i) finite.push_back(std::isfinite(element(contents[2], buffers[2].dtype, i)));
  return finite;
}

}  // namespace

TEST_CASE("a result too big for the caches is right") {
  const OpInfo& op = find_op("conv2d_fwd");
  CHECK(check_both(few("conv2d_fwd"), op, op.parse("n1h64w66c1k1024r1s3:f32"), 5).why == "");
}

TEST_CASE("a bf16 result too big for the caches is right") {
  if (!has_bf16()) return;
  const OpInfo& op = find_op("conv2d_fwd");
  CHECK(check_both(few("conv2d_fwd"), op, op.parse("n1h64w65c1k2048r1s2:bf16"), 5).why == "");
}

TEST_CASE("few channels are picked where they were measured faster") {
  if (few("conv2d_fwd").rank < 2) return skip("this level of the processor has no fused multiply-adds");
  CHECK(picked("conv2d_fwd", "n128h64w64c3k64r4u2pad1:f32") == "few_channels");
  CHECK(picked("conv2d_fwd", "n128h32w32c1k64r4u2pad1:f32") == "few_channels");
  CHECK(picked("conv2d_wgrad", "n128h64w64c3k64r4u2pad1:f32") == "few_channels");
  CHECK(picked("conv2d_wgrad", "n128h32w32c1k64r4u2pad1:f32") != "few_channels");
  CHECK(picked("conv2d_fwd", "n128h64w64c4k64r4u2pad1:f32") != "few_channels");
}

TEST_CASE("few channels are picked in bf16 where they were measured faster") {
  if (!has_bf16()) return;
  CHECK(picked("conv2d_fwd", "n128h64w64c3k64r4u2pad1:bf16") == "few_channels");
  CHECK(picked("conv2d_fwd", "n128h32w32c1k64r4u2pad1:bf16") == "few_channels");
  CHECK(picked("conv2d_fwd", "n128h32w32c1k64r3pad1:bf16") != "few_channels");  // an odd number of values in a window's row
}

void infinite_values(const char* op, const char* problem) {
  CAPTURE(op);
  CAPTURE(problem);
  const int64_t count = Conv2dProblem::parse(problem).x_count();
  for (const int64_t at : {int64_t{0}, count / 2 + 1, count - 1}) {
    const std::vector<bool> expected = finite_outputs(*find_row(op, "ref", Device::cpu), op, problem, at);
    CHECK(std::count(expected.begin(), expected.end(), true) > 0);
    CHECK(finite_outputs(few(op), op, problem, at) == expected);
  }
}
TEST_CASE("an infinite value reaches only the windows it lies in") {
  infinite_values("conv2d_fwd", "n2h9w13c3k16r3u2pad1:f32");
  infinite_values("conv2d_wgrad", "n2h9w13c3k64r3u2pad1:f32");
}
TEST_CASE("an infinite value reaches only the windows it lies in, in bf16") {
  if (has_bf16()) infinite_values("conv2d_fwd", "n2h9w13c1k16r3s2u2v2top1left1p4q6:bf16");
}

TEST_CASE("a simulated GPU's weight gradient is one launch, with the same bits whichever block is the last") {
  if (const std::string why = why_not(Device::sim); !why.empty()) return skip(why);
  for (const auto& [op_name, text] : {
           std::pair{"conv2d_wgrad", "n270h6w6c1k6r3pad1:f32"},  // several groups of parts, and values in no whole fours
           {"conv2d_wgrad", "n64h12w12c3k72r3pad1:f32"},         // of two blocks of channels
           {"conv2d_wgrad", "n9h9w8c4k16r3pad1:f32"},            // one group
           {"normed_conv2d_wgrad", "n80h12w12c1k24r3pad1:f32/act=relu/norm=1/groups=4/of=gy"},
           {"normed_conv2d_dgrad_grads", "n80h12w12c1k24r3pad1:f32/act=relu/norm=1/groups=4/then=tanh"},
       }) {
    const std::string problem = text;
    CAPTURE(problem);
    const OpInfo& op = find_op(op_name);
    const Row* row = find_row(op_name, "few_channels", Device::sim);
    REQUIRE(row);
    const Question q = ask(op, op.parse(problem), Values::reals, 7);
    std::vector<Bytes> first;
    for (const char* schedule : {"forward", "reverse", "random:1", "random:2"}) {
      setenv("DUEL_SIM_SCHEDULE", schedule, 1);
      const long before = launches();
      const Verdict v = check(*row, q);
      CHECK(launches() - before == 2);  // it runs twice
      CHECK_MESSAGE(v.passed, v.why);
      if (first.empty()) first = v.outputs;
      CHECK(v.outputs == first);
      unsetenv("DUEL_SIM_SCHEDULE");
    }
  }
}
