// The barrier of a whole grid, against answers computed here; the same kernels run on a GPU where there is one. And what the simulated GPUs
// say of its misuse, and the checker where it is missing.
#include <doctest/doctest.h>
#include <omp.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/sim/grid.h"
#include "tests/check_support.h"

namespace duel {
namespace {

using test::OnDevice;
using test::run;

const SimProbe::Problem grids[] = {{{1}, {32}}, {{2}, {64}}, {{3, 2, 2}, {96}}, {{16}, {256}}, {{61}, {256}}};

size_t blocks_of(const SimProbe::Problem& p) { return size_t{p.grid.x} * p.grid.y * p.grid.z; }

void check_exchange(Device device) {
  for (const SimProbe::Problem& p : grids) {
    const size_t n = blocks_of(p) * p.block.x;
    std::vector<float> in(n), want(2 * n);
    for (size_t i = 0; i < n; ++i) in[i] = static_cast<float>(i % 4096);
    for (size_t i = 0; i < n; ++i) want[i] = in[n - 1 - i] + 3, want[n + i] = in[i];
    OnDevice<float> a(device, in), out(device, std::vector<float>(2 * n));
    run<SimProbe>("grid_exchange", device, p, {a.data(), out.data()});
    CAPTURE(blocks_of(p));
    CHECK(out.fetch() == want);
  }
}

void check_sums(Device device) {
  for (const SimProbe::Problem& p : grids) {
    const size_t blocks = blocks_of(p), n = blocks * p.block.x;
    std::vector<float> in(n), want(blocks + n, 0);
    for (size_t i = 0; i < n; ++i) in[i] = static_cast<float>(i % 7), want[i / p.block.x] += in[i];
    float all = 0;
    for (size_t block = 0; block < blocks; ++block) all += want[block];
    for (size_t i = 0; i < n; ++i) want[blocks + i] = all;
    OnDevice<float> a(device, in), out(device, std::vector<float>(blocks + n));
    run<SimProbe>("grid_sums", device, p, {a.data(), out.data()});
    CAPTURE(blocks);
    CHECK(out.fetch() == want);
  }
}

void check_full(Device device) {
  for (const unsigned threads : {32u, 256u, 1024u}) {
    OnDevice<float> out(device, std::vector<float>(1 << 16));
    run<SimProbe>("grid_full", device, {{1}, {threads}}, {nullptr, out.data()});
    out.fetch();
    CAPTURE(threads);
    CHECK(out.host[1] > 0);
    CHECK(out.host[0] == out.host[1]);
    if (device != Device::cuda) CHECK(out.host[1] == (threads == 32 ? 80 : threads == 256 ? 64 : 16));  // by shared memory, then by threads
  }
}

constexpr test::GpuCheck checks[] = {{"device and shared memory across the barrier", check_exchange},
                                     {"sums of all blocks", check_sums},
                                     {"as many blocks as there is room for", check_full}};

TEST_CASE("a grid meets at its barrier, on both simulated GPUs and under every schedule") { test::check_simulated(checks); }

TEST_CASE("a grid does the same on the GPU") {
  if (const std::string why = test::why_not(Device::cuda); !why.empty()) return test::skip(why);
  test::check_real(checks);
}

TEST_CASE("how many blocks are there at once: by threads, by shared memory, by their number; of 0 threads an error") {
  CHECK(sim::resident_blocks(1024, 0) == 8 * 2);
  CHECK(sim::resident_blocks(33, 0) == 8 * 32);
  CHECK(sim::resident_blocks(32, 100 << 10) == 8 * 2);
  CHECK(sim::resident_blocks(32, 228 << 10) == 0);
  CHECK_THROWS_WITH_AS(sim::resident_blocks(0, 0), doctest::Contains("blocks of 0 threads; a block has at least one"), Error);
}

const test::Misuse misuses[] = {
    {"grid_met",
     65,
     256,
     {"cooperative launch of 65 blocks of 256 threads and 0 bytes of shared memory: the simulated GPU, with 8 multiprocessors, holds 64 of "
      "them at once"}},
    {"grid_not_cooperative",
     2,
     32,
     {"grid_fault.cu:", "grid_sync() in a launch that is not cooperative: start it with launch_cooperative()"}},
    {"grid_block_left",
     3,
     64,
     {"block (0,0,0) cannot go on: 64 threads, the first (0,0,0), wait at grid_sync() in ",
      "grid_fault.cu:", "; block (1,0,0) has ended without coming there. All threads of a cooperative grid must come to each grid_sync()"}},
    {"grid_thread_left",
     2,
     64,
     {"cannot go on: 63 threads, the first (0,0,0), wait at grid_sync() in ", "; 1 has returned. All threads of a cooperative grid"}},
    {"grid_block_left_later", 3, 64, {"block (0,0,0) cannot go on: 64 threads", "; block (2,0,0) has ended without coming there"}},
    {"grid_split",
     2,
     64,
     {"cannot go on: 32 threads, the first (0,0,0), wait at grid_sync() in ",
      "; 32 threads, the first (32,0,0), wait at "
      "__syncthreads() in "}},
    {"grid_fails", 3, 64, {"block (1,0,0) thread (", "__shfl_sync is called from a lane that its mask 0x00000001 does not name"}},
};

TEST_CASE("misuse of a grid's barrier is reported and nothing hangs, under every schedule") {
  test::check_misuses(misuses, {"grid_met", 4, 64, {}});
}

// Whichever thread tells of it: a thread without a block of its own must not go on with another's.
TEST_CASE("after a block has left its grid waiting, blocks of ordinary launches keep to their threads") {
  if (const std::string why = test::why_not(Device::sim); !why.empty()) return test::skip(why);
  const int before = omp_get_max_threads();
  omp_set_num_threads(16);
  for (int i = 0; i < 100; ++i) {
    CHECK(test::misuse_text({"grid_block_left", 2, 64, {}}, 0, Device::sim) != "");
    CHECK(test::misuse_text({"grid_not_cooperative", 64, 64, {}}, 0, Device::sim).find("[sim_fault:grid_not_cooperative]") !=
          std::string::npos);
  }
  omp_set_num_threads(before);
}

const test::Fault faults[] = {
    {"grid_no_barrier", {{4}, {64}, 256}, {"race: block (", "y + ", "no grid_sync() lies between"}},
    {"grid_block_barrier", {{4}, {64}, 256}, {"race: block (", "no grid_sync() lies between"}},
    {"grid_too_soon", {{4}, {64}, 256}, {"race: block (", "no grid_sync() lies between"}},
    {"grid_written_again", {{4}, {64}, 256}, {"race: block (", "no grid_sync() lies between"}},
    {"grid_not_kept", {{4}, {64}, 256, 1024}, {"unwritten: block (1,0,0) thread (", "of shared memory"}},
    {"grid_copy_flies", {{4}, {64}, 256, 1024}, {"in flight: block (", "no copy_async_wait() that covers it lies between"}},
};
const test::Clean clean[] = {{"grid_clean", {{4}, {64}, 256}},
                             {"grid_written_in_order", {{4}, {64}, 256}},
                             {"grid_kept", {{4}, {64}, 256, 1024}},
                             {"grid_copy_lands", {{4}, {64}, 256, 1024}}};

TEST_CASE("a missing barrier of a grid is found, and no schedule hides it") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  test::check_under_schedules(faults, clean, "tests/kernels_for_tests/check_grid.cu");
}

}  // namespace
}  // namespace duel
