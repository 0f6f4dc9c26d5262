// oneDNN has reference code that is a thousand times slower than its best and says nothing when it falls back to it: a fixed weight layout
// is enough. So the name of the code it chose is checked, and so is what is timed as a peer.
#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/onednn_any.h"
#include "kernels/op.h"
#include "kernels/registry.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

bool here() {
  if (DUEL_TEST_ONEDNN) return true;
  skip("this build has no oneDNN");
  return false;
}

// Does this processor have bf16 products at all?
bool has_bf16() { return !onednn_implementation("conv2d_fwd", Conv2dProblem::parse("n2h8w8c16k16r3pad1:bf16")).empty(); }

constexpr const char* conv_ops[] = {"conv2d_fwd", "conv2d_dgrad", "conv2d_wgrad"};

}  // namespace

TEST_CASE("oneDNN runs none of its reference code on the networks' shapes") {
  if (!here()) return;
  for (const char* op : conv_ops)
    for (const auto& c : Conv2dFwd::cases()) {
      if (c.tag == Tag::edge || c.problem.dtype == DType::f64 || (c.problem.dtype == DType::bf16 && !has_bf16())) continue;
      for (bool any_layout : {false, true}) {
        const std::string name = onednn_implementation(op, c.problem, any_layout);
        CAPTURE(op);
        CAPTURE(c.problem.text());
        CAPTURE(any_layout);
        CAPTURE(name);
        CHECK_FALSE(name.empty());
        CHECK(name.find("ref") == std::string::npos);
        CHECK(name.find("jit") + name.find("brg") != 2 * std::string::npos);  // generated code, by one of its two generators
      }
    }
}

TEST_CASE("what oneDNN would only run in reference code is not supported") {
  if (!here()) return;
  const auto f64 = Conv2dProblem::parse("n2h8w8c16k16r3pad1:f64");
  for (const char* op : conv_ops) {
    CHECK(onednn_implementation(op, f64).empty());
    const Row* row = find_row(op, "onednn", Device::cpu);
    REQUIRE(row);
    CHECK_FALSE(row->supports(&f64));
  }
  // Three output rows too few: the far padding would be less than 1 − stride.
  const auto cropped = Conv2dProblem::parse("n1h12w12c8k8r3u2top1left1p3q3");
  for (const char* op : conv_ops) CHECK_FALSE(find_row(op, "onednn", Device::cpu)->supports(&cropped));
  CHECK_THROWS_AS(onednn_implementation("conv3d", f64), Error);
}

TEST_CASE("the networks' shapes are picked by the rows made for them") {
  if (!here()) return;
  struct Expected {
    const char *op, *problem, *row;
  };
  const auto dcgan = Conv2dProblem::parse("n128h32w32c64k128r4u2pad1");
  const Row* winograd = find_row("conv2d_fwd", "winograd_6", Device::cpu);  // where the processor has fused multiply-adds
  const char* reduced = winograd && winograd->supports(&dcgan) ? "winograd_6" : "onednn";
  for (const Expected& e : {Expected{"conv2d_fwd", "n128h4w4c512k1r4", "cover"},
                            {"conv2d_dgrad", "n128h4w4c512k100r4", "cover"},
                            {"conv2d_dgrad", "n128h4w4c512k1r4", "onednn"},
                            {"conv2d_dgrad", "n128h64w64c3k64r4u2pad1", "col2im"},
                            {"conv2d_dgrad", "n128h32w32c64k128r4u2pad1", reduced},
                            {"conv2d_fwd", "n128h16w16c128k256r4u2pad1", reduced},
                            {"conv2d_fwd", "n128h16w16c128k256r4u2pad1:bf16", "onednn"},
                            {"conv2d_wgrad", "n128h14w14c64k64r3pad1", reduced},
                            {"conv2d_wgrad", "n128h28w28c16k16r3pad1", "onednn"},  // too narrow for its transforms
                            {"conv2d_fwd", "n128h64w64c4k64r4u2pad1", "onednn"},
                            {"conv2d_wgrad", "n128h32w32c1k64r4u2pad1", "onednn"},
                            {"conv2d_wgrad", "n128h4w4c512k100r4", "cover"}}) {
    const auto problem = Conv2dProblem::parse(e.problem);
    const auto text = [](const void* p) { return static_cast<const Conv2dProblem*>(p)->text(); };
    CHECK(std::string(pick_row(e.op, &problem, Device::cpu, text).name) == e.row);
  }
}

TEST_CASE("what is timed as the peer computes the right thing") {
  if (!here()) return;
  for (const char* text : {"n3h7w7c16k16r3pad1", "n2h16w16c5k33r4u2pad1", "n4h4w4c32k10r4"})
    for (const char* op : conv_ops) {
      CAPTURE(text);
      CAPTURE(op);
      const auto d = Conv2dProblem::parse(text);
      const OpInfo& info = find_op(op);
      std::vector<std::vector<float>> values;
      std::vector<void*> pointers;
      std::mt19937 random(3);
      for (const Buffer& buffer : info.buffers(&d)) {
        values.emplace_back(buffer.count);
        for (float& value : values.back()) value = static_cast<float>(static_cast<int>(random() % 5) - 2);
        pointers.push_back(values.back().data());
      }
      std::vector<float> expected(values[2].size());
      std::vector<void*> reference = pointers;
      reference[2] = expected.data();
      info.bind(&d, reference.data(), [&](const void* args) { run_row(*find_row(op, "ref", Device::cpu), &d, args, Scratch{}, Stream{}); });

      std::fill(values[2].begin(), values[2].end(), std::numeric_limits<float>::quiet_NaN());
      const OnednnAny peer = prepare_onednn_any(op, d, pointers.data());
      REQUIRE(peer);
      peer.execute();
      peer.execute();  // a bench calls it many times
      peer.convert_out();
      CHECK(values[2] == expected);  // small integers: exact
    }
}

TEST_CASE("a plan belongs to its thread count") {
  if (!here()) return;
  const auto d = Conv2dProblem::parse("n8h16w16c16k32r4u2pad1");
  std::vector<float> x(d.x_count()), w(d.w_count(), 0.5f), y(d.y_count()), reference;
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(static_cast<int>(i % 7) - 3);
  const int before = omp_get_max_threads();
  const Row* row = find_row("conv2d_fwd", "onednn", Device::cpu);
  REQUIRE(row);
  for (int threads : {1, 5, 2, 1}) {
    omp_set_num_threads(threads);
    std::vector<char> scratch(row->scratch(&d) + device_alignment);
    const size_t shift = device_alignment - reinterpret_cast<uintptr_t>(scratch.data()) % device_alignment;
    std::fill(y.begin(), y.end(), std::numeric_limits<float>::quiet_NaN());
    const Conv2dFwd::Args args{x.data(), w.data(), y.data()};
    run_row(*row, &d, &args, Scratch{scratch.data() + shift, row->scratch(&d)}, Stream{});
    if (reference.empty()) reference = y;
    CHECK(y == reference);  // small integers and halves: exact in any order
  }
  omp_set_num_threads(before);
}
