// The heavy convolutions of a DCGAN step, three shapes by three ops, and its few-channel layer, as pick() runs them on a GPU: each asks
// device memory for no more sectors than its bytes fill, meets no bank conflicts, and multiplies no inserted zero.
#include <doctest/doctest.h>

#include <string>

#include "bench/sim_profile.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/normed_conv2d/normed_conv2d.h"
#include "tests/support.h"

namespace duel::bench {
namespace {

constexpr int batch = 128, other_batches[] = {32, 512};  // of a step

// x and y of D's layer, which is G's the other way round: G2 and D4, G3 and D3, G4 and D2, and D's first and G's last.
struct Shape {
  int side, c, k;
};
constexpr Shape heavy[] = {{8, 256, 512}, {16, 128, 256}, {32, 64, 128}};
constexpr Shape few = {64, 3, 64};
constexpr const char* convolutions[] = {"conv2d_fwd", "conv2d_dgrad", "conv2d_wgrad"};

ErasedCase layer(const OpInfo& op, int n, const Shape& s, DType dtype) {
  return op.parse("n" + std::to_string(n) + "h" + std::to_string(s.side) + "w" + std::to_string(s.side) + "c" + std::to_string(s.c) + "k" +
                  std::to_string(s.k) + "r4u2pad1:" + name_of(dtype));
}
std::string text_of(const void* p) { return static_cast<const Conv2dProblem*>(p)->text(); }
const Row& picked(const OpInfo& op, const ErasedCase& problem, Device device = Device::sim_checked) {
  return pick_row(op.name, problem.problem.get(), device, text_of);
}

// As wide as in a step are only the sides that decide how tiles lie and how large they are. What is summed over, steps that are all alike,
// is a sector of channels, or the 64 that a step of the rows for bf16 adds up, so that a step's batch costs no more than a small one; in
// wgrad, whose tiles do not know the batch, two images, or four of the smallest: a step's 64 pixels.
ErasedCase slice(const OpInfo& op, const Shape& s, DType dtype, int n = batch) {
  const int summed = dtype == DType::f32 ? 8 : 64;
  if (op.name == std::string("conv2d_fwd")) return layer(op, s.side == 32 ? n / 2 : n, {s.side, summed, s.k}, dtype);
  if (op.name == std::string("conv2d_dgrad")) return layer(op, s.side == 8 ? n : n / 2, {s.side, s.c, summed}, dtype);
  return layer(op, s.side == 8 ? 4 : 2, s, dtype);
}

double multiplies(const SimProfile& p) { return static_cast<double>(p.multiplies(true) + p.multiplies(false)); }
// Each tap of each window once, with those in the padding, which a tile cannot leave out.
double products_of(const ErasedCase& problem) {
  const auto& p = *static_cast<const Conv2dProblem*>(problem.problem.get());  // a NormedConv2dProblem begins with one
  return static_cast<double>(p.y_count()) * p.r * p.s * p.c;
}

void hold_requests(const SimProfile& p, double sectors, double wavefronts) {
  for (const bool loads : {true, false}) {
    const Traffic device = p.traffic(MemorySpace::global, loads), shared = p.traffic(MemorySpace::shared, loads);
    CHECK(device.requests > 0);
    CHECK(device.over_fewest() <= sectors);
    CHECK(shared.requests > 0);
    CHECK(shared.over_fewest() <= wavefronts);
  }
}

void hold_heavy(const OpInfo& op, const ErasedCase& problem, DType dtype) {
  const Row& row = picked(op, problem);
  CAPTURE(row.name);
  CAPTURE(problem.text);
  const SimProfile p = count_row(op, problem, row, 1);
  hold_requests(p, 1, 1);
  CHECK(multiplies(p) == (dtype == DType::f32 ? 3 : 1) * products_of(problem));  // f32 as three products of tf32
}

TEST_CASE("a DCGAN's convolutions are picked alike on the GPU and simulated, whole and in part") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  for (const char* name : convolutions)
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const OpInfo& op = find_op(name);
      for (const Shape& s : {heavy[0], heavy[1], heavy[2], few}) {
        const ErasedCase whole = layer(op, batch, s, dtype);
        const auto in_batches_of = [&](int n) { return std::string(picked(op, layer(op, n, s, dtype)).name); };
        CAPTURE(name);
        CAPTURE(whole.text);
        const std::string row = picked(op, whole).name;
        CHECK(picked(op, whole, Device::sim).name == row);
        if (DUEL_TEST_CUDA) CHECK(picked(op, whole, Device::cuda).name == row);
        CHECK(in_batches_of(2) == row);
        for (const int n : other_batches) CHECK(in_batches_of(n) == row);
        if (s.c != few.c) CHECK(picked(op, slice(op, s, dtype)).name == row);
      }
    }
}

TEST_CASE("what a convolution asks for grows with its batch, and with nothing else") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  for (const char* name : convolutions)
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const OpInfo& op = find_op(name);
      const auto counted = [&](int n) {
        const ErasedCase problem = layer(op, n, {8, 16, 64}, dtype);
        return count_row(op, problem, picked(op, problem), 1);
      };
      const bool sums_pixels = op.name == std::string("conv2d_wgrad");  // in parts, which a larger batch would be cut into
      const int images = sums_pixels ? 4 : 8;                           // of 16 pixels of y: a step of 64, or a tile of 128
      const SimProfile one = counted(images), two = counted(2 * images);
      CAPTURE(two.row);
      CAPTURE(two.problem);
      CHECK(multiplies(two) == 2 * multiplies(one));
      CHECK(two.traffic(MemorySpace::shared, true).units == 2 * one.traffic(MemorySpace::shared, true).units);
      CHECK(two.traffic(MemorySpace::global, true).units == 2 * one.traffic(MemorySpace::global, true).units);
      // wgrad's result does not know the batch.
      const int more = sums_pixels ? 1 : 2;
      CHECK(two.traffic(MemorySpace::global, false).units == more * one.traffic(MemorySpace::global, false).units);
    }
}

TEST_CASE("the heavy convolutions of a DCGAN step ask for the fewest sectors and wavefronts, and multiply by no inserted zero") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  for (const char* name : convolutions)
    for (const DType dtype : {DType::f32, DType::bf16})
      for (const Shape& s : heavy) hold_heavy(find_op(name), slice(find_op(name), s, dtype), dtype);
}

TEST_CASE("both gradients of the heavy ones in one launch ask for no more than that, whichever block adds up") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  for (const char* name : {"conv2d_grads", "conv2d_dgrad_grads"})
    for (const Shape& s : heavy) {
      const OpInfo& op = find_op(name);
      const ErasedCase problem = layer(op, s.side == 8 ? 4 : 2, s, DType::f32);
      const Row& row = picked(op, problem);
      CHECK(row.name == std::string("three_tf32"));
      CAPTURE(problem.text);
      const SimProfile p = count_row(op, problem, row, 1);
      CHECK(p.launches.size() == 1);
      hold_requests(p, 1, 1);
      CHECK(multiplies(p) == 3 * 2 * products_of(problem));
    }
}

TEST_CASE("a norm on what they load and statistics of what they store cost the heavy ones hardly a request more") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  for (const std::string name : {"normed_conv2d_fwd", "normed_conv2d_dgrad", "normed_conv2d_grads", "normed_conv2d_dgrad_grads"})
    for (const Shape& s : heavy) {
      const OpInfo& op = find_op(name);
      const std::string plain = layer(find_op("conv2d_fwd"), s.side == 8 ? 8 : 2, s, DType::f32).text;
      const bool forward = name == "normed_conv2d_fwd" || name == "normed_conv2d_dgrad";
      const ErasedCase problem = op.parse(plain + "/act=leaky_relu/slope=0.2/norm=1" + (forward ? "/statistics=1" : ""));
      const Row& row = pick_row(op.name, problem.problem.get(), Device::sim_checked,
                                [](const void* p) { return static_cast<const NormedConv2dProblem*>(p)->text(); });
      CHECK(row.name == std::string("three_tf32"));
      CAPTURE(problem.text);
      const SimProfile p = count_row(op, problem, row, 1);
      CHECK(p.launches.size() == 1);
      hold_requests(p, 1.02, 1.04);  // lanes whose chunk is padding have nothing to normalise, and idle
      CHECK(static_cast<double>(p.multiplies(true)) == 3 * (forward ? 1 : 2) * products_of(problem));  // on tensor cores
    }
}

TEST_CASE("a bias and an activation on what they store cost a handful of loads, and nothing on the way in") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  for (const std::string single : {"conv2d_fwd", "conv2d_dgrad"})
    for (const DType dtype : {DType::f32, DType::bf16})
      for (const Shape& s : {heavy[0], few}) {
        const bool is_few = s.c == few.c, forward = single == "conv2d_fwd";
        const std::string product = dtype == DType::f32 ? "three_tf32" : "tensor_cores";
        const std::string plain_row = is_few ? "few_channels" : forward ? product : dtype == DType::f32 ? "phases_three_tf32" : "phases";
        const OpInfo &plain = find_op(single), &op = find_op("normed_" + single);
        const ErasedCase alone = layer(plain, 2, s, dtype), problem = op.parse(alone.text + "/bias=1/then=leaky_relu/then_slope=0.2");
        const Row& row = pick_row(op.name, problem.problem.get(), Device::sim_checked,
                                  [](const void* p) { return static_cast<const NormedConv2dProblem*>(p)->text(); });
        CHECK(row.name == (is_few ? "few_channels" : product));
        CAPTURE(problem.text);
        const SimProfile p = count_row(op, problem, row, 1),
                         before = count_row(plain, alone, *find_row(single.c_str(), plain_row.c_str(), Device::sim_checked), 1);
        CHECK(p.launches.size() == 1);
        const auto more = [&](MemorySpace space, bool loads) {
          return static_cast<double>(p.traffic(space, loads).requests) / static_cast<double>(before.traffic(space, loads).requests) - 1;
        };
        CHECK(more(MemorySpace::global, true) > 0);
        CHECK(more(MemorySpace::global, true) < (is_few && !forward ? 0.11 : 0.022));  // there a load each time a warp adds up
        CHECK(more(MemorySpace::global, false) == 0);
        CHECK(more(MemorySpace::shared, true) <= (is_few && forward ? 0.05 : 0));  // there biases lie behind the weights
        CHECK(p.traffic(MemorySpace::global, true).over_fewest() <= before.traffic(MemorySpace::global, true).over_fewest());
        CHECK(multiplies(p) == multiplies(before));
      }
}

TEST_CASE("the few-channel convolutions of a DCGAN step ask for hardly more than the fewest sectors and wavefronts") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  for (const char* name : convolutions)
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const OpInfo& op = find_op(name);
      const ErasedCase problem = layer(op, 2, few, dtype);
      const SimProfile p = count_row(op, problem, picked(op, problem), 1);
      CAPTURE(p.row);
      CAPTURE(p.problem);
      hold_requests(p, 1.001, 1.02);
      CHECK(p.over_useful() >= 1);
      CHECK(p.over_useful() <= 1.065);  // taps in the padding, and in dgrad rows of gy that two strips need
    }
}

TEST_SUITE("long") {
  TEST_CASE("the same in batches of another size, whose tiles are of another") {
    if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
    for (const char* name : {"conv2d_fwd", "conv2d_dgrad"})  // wgrad's tiles do not know the batch
      for (const DType dtype : {DType::f32, DType::bf16})
        for (const Shape& s : heavy)
          for (const int n : other_batches) hold_heavy(find_op(name), slice(find_op(name), s, dtype, n), dtype);
  }

  TEST_CASE("the same with all their channels") {
    if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
    for (const char* name : convolutions)
      for (const DType dtype : {DType::f32, DType::bf16})
        for (const Shape& s : heavy)  // whole tiles of 128 pixels: eight of the smallest images
          hold_heavy(find_op(name), layer(find_op(name), s.side == 8 ? 8 : 2, s, dtype), dtype);
  }
}

}  // namespace
}  // namespace duel::bench
