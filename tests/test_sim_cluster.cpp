// Clusters of blocks, against answers computed here; the same kernels run on a GPU where there is one. And what the simulated GPUs say of
// their misuse, and the checker of a barrier that is missing.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/check_support.h"
#include "tests/kernels_for_tests/hopper_probe.h"

namespace duel {
namespace {

using test::OnDevice;
using test::run;

constexpr int sizes[] = {1, 2, 4, 8};  // blocks of a cluster; a grid is two clusters across and two down

std::vector<float> counting(size_t n) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i + 1);
  return values;
}

void check_ranks(Device device) {
  for (const int size : sizes) {
    OnDevice<int> out(device, std::vector<int>(static_cast<size_t>(8 * size), -1));
    run<HopperProbe>("cluster_ranks", device, {32, size}, {nullptr, nullptr, out.data()});
    out.fetch();
    std::vector<int> want;
    for (int block = 0; block < 4 * size; ++block) want.push_back(block % size), want.push_back(size);
    CAPTURE(size);
    CHECK(out.host == want);
  }
}

void check_ring(Device device) {
  for (const int size : sizes) {
    const std::vector<float> in = counting(static_cast<size_t>(4 * size) * 64);
    OnDevice<float> a(device, in), out(device, std::vector<float>(in.size()));
    run<HopperProbe>("cluster_ring", device, {64, size}, {a.data(), nullptr, out.data()});
    out.fetch();
    size_t wrong = 0;
    for (size_t i = 0; i < in.size(); ++i) wrong += out.host[i] != 2 * in[i];
    CAPTURE(size);
    CHECK(wrong == 0);
  }
}

void check_handed(Device device) {
  for (const int size : sizes) {
    const std::vector<float> in = counting(128);
    OnDevice<float> a(device, in), out(device, std::vector<float>(static_cast<size_t>(4 * size) * 128));
    run<HopperProbe>("cluster_mbarriers", device, {64, size}, {a.data(), nullptr, out.data()});
    out.fetch();
    size_t wrong = 0;
    for (size_t i = 0; i < out.host.size(); ++i)
      wrong += out.host[i] != in[i / 64 % 2 * 64 + (i % 64 ^ 3)] + static_cast<float>(i / 128 % static_cast<size_t>(size));
    CAPTURE(size);
    CHECK(wrong == 0);
  }
}

void check_multicast(Device device) {
  for (const int size : {2, 4}) {
    const std::vector<float> in = counting(512);
    OnDevice<float> a(device, in), out(device, std::vector<float>(static_cast<size_t>(4 * size) * 256));
    run<HopperProbe>("multicast", device, {64, size}, {a.data(), nullptr, out.data()});
    out.fetch();
    size_t wrong = 0;
    for (size_t i = 0; i < out.host.size(); ++i) {
      const bool last = i / 256 % static_cast<size_t>(size) == static_cast<size_t>(size) - 1;
      wrong += out.host[i] != in[i % 256 + (last ? 128 : 0)];
    }
    CAPTURE(size);
    CHECK(wrong == 0);
  }
}

void check_own_barriers(Device device) {
  for (const int size : sizes) {
    const std::vector<float> in = counting(static_cast<size_t>(4 * size) * 64);
    OnDevice<float> a(device, in), out(device, std::vector<float>(in.size()));
    run<HopperProbe>("cluster_own_barriers", device, {64, size}, {a.data(), nullptr, out.data()});
    out.fetch();
    size_t wrong = 0;
    for (size_t i = 0; i < in.size(); ++i) {
      const size_t rank = i / 64 % static_cast<size_t>(size);
      wrong += out.host[i] != in[i] + static_cast<float>(2 * (rank + 1));
    }
    CAPTURE(size);
    CHECK(wrong == 0);
  }
}

void check_products(Device device) {
  for (const int size : sizes) {
    OnDevice<float> out(device, std::vector<float>(static_cast<size_t>(4 * size) * 128));
    run<HopperProbe>("cluster_products", device, {128, size}, {nullptr, nullptr, out.data()});
    out.fetch();
    size_t wrong = 0;
    for (size_t i = 0; i < out.host.size(); ++i) wrong += out.host[i] != 16 * static_cast<float>(i / 128 % static_cast<size_t>(size) + 1);
    CAPTURE(size);
    CHECK(wrong == 0);
  }
}

constexpr test::GpuCheck checks[] = {
    {"ranks", check_ranks},         {"shared memory of another block", check_ring}, {"mbarriers of another block", check_handed},
    {"multicast", check_multicast}, {"a block's own barriers", check_own_barriers}, {"a block's own products", check_products}};

TEST_CASE("clusters do what the PTX ISA says, on both simulated GPUs and under every schedule") { test::check_simulated(checks); }

TEST_CASE("clusters do the same on the GPU") {
  if (const std::string why = test::why_not(Device::cuda); !why.empty()) return test::skip(why);
  if (const Row* row = find_row(HopperProbe::name, "cluster_ranks", Device::cuda); row) {
    const HopperProbe::Problem any;
    if (!row->supports(&any)) return test::skip("the GPU's compute capability is below 9.0");
  }
  test::check_real(checks);
}

const test::Misuse misuses[] = {
    {"cluster_of_nine", 9, 32, {"clusters of (9,1,1) blocks: from 1 to 8 in all"}},
    {"cluster_uneven", 2, 32, {"grid (3,1,1) and clusters of (2,1,1) blocks: each side must be a multiple"}},
    {"cluster_too_large", 4, 288, {"blocks of (288,1,1) threads: the simulated GPU has room for 1024 threads a cluster"}},
    {"cluster_twice", 2, 32, {"cluster_fault.cu:", "cluster_arrive() again before cluster_wait()"}},
    {"cluster_unannounced", 2, 32, {"cluster_fault.cu:", "cluster_wait() without cluster_arrive()"}},
    {"cluster_lost",
     2,
     32,
     {"cannot go on: 32 threads, the first (0,0,0) of block (0,0,0), wait at cluster_wait() (32 of 64 threads have neither come",
      "32 threads, the first (0,0,0) of block (1,0,0), wait at the mbarrier at byte 2048 of shared memory of block (1,0,0)"}},
    {"cluster_stranger", 2, 32, {"in_cluster() of block 2 of a cluster of 2"}},
    {"cluster_not_shared", 2, 32, {"in_cluster() of what does not lie in the block's own shared memory"}},
    {"cluster_other_mbarrier", 2, 32, {"an mbarrier of block (1,0,0): of another block's only mbarrier_arrive_at() knows"}},
    {"multicast_to_none", 2, 32, {"a multicast to blocks 0x00000000 of a cluster of 2"}},
    {"multicast_beyond", 2, 32, {"a multicast to blocks 0x00000005 of a cluster of 2"}},
    {"multicast_short", 2, 32, {"cannot go on: ", "of block (1,0,0), wait at the mbarrier", "128 bytes pending"}},
    {"multicast_left", 2, 32, {"block (1,0,0) ended while a bulk load begun in ", "was on its way to its shared memory"}},
    {"cluster_arrives_late", 2, 32, {"an mbarrier of block (1,0,0), all of whose threads have returned"}},
};

TEST_CASE("misuse of clusters is reported, under every schedule") { test::check_misuses(misuses, {"multicast_right", 2, 32, {}}, 4096); }

const test::Fault faults[] = {
    {"cluster_too_early",
     {{4}, {64}, 256, 1032},
     {"too early: block (", "byte 0 of shared memory of the block of rank ", "no cluster_sync()"}},
    {"cluster_race", {{4}, {64}, 256, 1032}, {"race: block (", "reads 4 bytes", "no cluster_sync() lies between"}},
    {"cluster_gone", {{4}, {64}, 256, 1032}, {"gone: block (", "reads 4 bytes", "may have returned by then; no cluster_sync()"}},
    {"cluster_block_barrier", {{4}, {64}, 256, 1032}, {"race: block (", "reads 4 bytes", "no cluster_sync() lies between"}},
    {"cluster_past_end",
     {{4}, {64}, 256, 1032},
     {"out of bounds: block (", "thread (3,0,0)", "byte 1032 of shared memory of the block of rank 1"}},
    {"cluster_no_wait", {{4}, {64}, 256, 1032}, {"race: ", "block (", "no cluster_sync() lies between"}},
    {"multicast_no_wait",
     {{4}, {64}, 256, 1032},
     {"in flight: block (", "reads 4 bytes at byte 0 of shared memory of the block of rank ", "no mbarrier_wait()"}},
    {"cluster_operand",
     {{4}, {128}, 256, 4096},
     {"still read: block (", "thread (5,0,0)", "an operand of the wgmma() in ", "no wgmma_wait()"}},
};
const test::Clean clean[] = {{"cluster_clean", {{4}, {64}, 256, 1032}},
                             {"cluster_stays", {{4}, {64}, 256, 1032}},
                             {"cluster_handed", {{4}, {64}, 256, 1032}},
                             {"multicast_clean", {{4}, {64}, 256, 1032}},
                             {"cluster_product", {{4}, {128}, 256, 4096}}};

TEST_CASE("a missing barrier of a cluster is found, and no schedule hides it") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  test::check_under_schedules(faults, clean, "tests/kernels_for_tests/check_cluster.cu");
}

}  // namespace
}  // namespace duel
