// The simulated GPU: what a kernel sees of it. The same kernels run on a GPU where there is one, against the same answers.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "kernels/dtype.h"
#include "kernels/error.h"
#include "tests/sim_support.h"

namespace duel {
namespace {

using test::OnDevice;
using test::run;

// Sets DUEL_SIM_SCHEDULE for a scope.
struct ScheduleSet {
  explicit ScheduleSet(const std::string& text) { setenv("DUEL_SIM_SCHEDULE", text.c_str(), 1); }
  ~ScheduleSet() { unsetenv("DUEL_SIM_SCHEDULE"); }
};

std::vector<float> values(size_t count) {
  std::vector<float> v(count);
  for (size_t i = 0; i < count; ++i) v[i] = std::sin(static_cast<float>(i) * 0.37f + 0.1f);
  return v;
}
uint32_t bits(float v) {
  uint32_t u;
  std::memcpy(&u, &v, 4);
  return u;
}

// ---- the same answers on every GPU ----

void check_index(Device device) {
  const SimProbe::Problem p{{3, 2, 4}, {5, 3, 2}};
  OnDevice<unsigned> out(device, std::vector<unsigned>(3 * 2 * 4 * 5 * 3 * 2));
  run<SimProbe>("index", device, p, {nullptr, out.data()});
  std::vector<unsigned> want;
  for (unsigned bz = 0; bz < 4; ++bz)
    for (unsigned by = 0; by < 2; ++by)
      for (unsigned bx = 0; bx < 3; ++bx)
        for (unsigned z = 0; z < 2; ++z)
          for (unsigned y = 0; y < 3; ++y)
            for (unsigned x = 0; x < 5; ++x) want.push_back(x | y << 4 | z << 8 | bx << 12 | by << 16 | bz << 20);
  CHECK(out.fetch() == want);
}

void check_tree(Device device) {
  for (const unsigned block : {1u, 2u, 64u, 1024u}) {
    OnDevice<float> in(device, values(5 * block)), out(device, std::vector<float>(5));
    run<SimProbe>("tree", device, {{5}, {block}}, {in.data(), out.data()});
    for (unsigned b = 0; b < 5; ++b) {
      std::vector<float> v(in.host.begin() + b * block, in.host.begin() + (b + 1) * block);
      for (unsigned half = block / 2; half > 0; half /= 2)
        for (unsigned t = 0; t < half; ++t) v[t] += v[t + half];
      CHECK(bits(out.fetch()[b]) == bits(v[0]));
    }
  }
}

void check_block_sum(Device device) {
  const unsigned blocks = 3, threads = 32 * 3 * 2;
  OnDevice<float> in(device, values(blocks * threads)), out(device, std::vector<float>(2 * blocks * threads));
  run<SimProbe>("block_sum", device, {{blocks}, {16, 4, 3}}, {in.data(), out.data()});
  out.fetch();
  for (unsigned b = 0; b < blocks; ++b) {
    float total = 0, most = -2;
    for (unsigned warp = 0; warp < threads / 32; ++warp) {
      float lane[32], met[32];
      std::copy_n(in.host.begin() + b * threads + warp * 32, 32, lane);
      for (int by = 16; by > 0; by /= 2) {
        for (int i = 0; i < 32; ++i) met[i] = lane[i] + lane[i ^ by];
        std::copy_n(met, 32, lane);
      }
      total = warp ? total + lane[0] : lane[0];
      for (unsigned i = 0; i < 32; ++i) most = std::max(most, in.host[b * threads + warp * 32 + i]);
    }
    for (unsigned t = 0; t < threads; ++t) {
      REQUIRE(bits(out.host[2 * (b * threads + t)]) == bits(total));
      REQUIRE(out.host[2 * (b * threads + t) + 1] == most);
    }
  }
}

void check_shuffle(Device device) {
  OnDevice<double> out(device, std::vector<double>(64 * shuffle_results));
  run<SimProbe>("shuffle", device, {{1}, {64}}, {nullptr, out.data()});
  out.fetch();
  for (int t = 0; t < 64; ++t) {
    const double* got = &out.host[static_cast<size_t>(t) * shuffle_results];
    const int lane = t % 32;
    CHECK(got[0] == 5);
    CHECK(got[1] == lane / 8 * 8 + (lane + 1) % 8 + 0.5);
    CHECK(got[2] == (lane < 3 ? lane : lane - 3));
    CHECK(got[3] == (lane % 16 + 3 > 15 ? lane : lane + 3));
    CHECK(got[4] == (lane ^ 6));
    CHECK(got[5] == ((lane ^ 12) > lane / 8 * 8 + 7 ? lane : (lane ^ 12)));
    CHECK(got[6] == 496);
    CHECK(got[7] == -7);
  }
}

void check_vote(Device device) {
  OnDevice<unsigned> out(device, std::vector<unsigned>(64 * vote_results));
  run<SimProbe>("vote", device, {{1}, {64}}, {nullptr, out.data()});
  out.fetch();
  unsigned thirds = 0;
  for (unsigned i = 0; i < 32; i += 3) thirds |= 1u << i;
  for (unsigned t = 0; t < 64; ++t) {
    const unsigned lane = t % 32, *got = &out.host[t * vote_results];
    const bool low = lane < 20;
    CHECK(got[0] == (thirds & (low ? 0x000fffffu : 0xfff00000u)));
    CHECK(got[1] == (low ? 1 : 0));
    CHECK(got[2] == (low ? (lane / 8 == 2 ? 0xf0000u : 0xffu << (lane / 8 * 8)) : 0xfff00000u));
    CHECK(got[3] == 0xaaaaaaaau);
    CHECK(got[4] == 6);
    CHECK(got[5] == 1);
    CHECK(got[6] == 0);
    CHECK(got[7] == 1);
    CHECK(got[8] == 0);
  }
}

struct Totals {  // AtomicTotals of the probe
  int sum, least, most;
  unsigned bits, tickets;
  float real;
  double wide;
  unsigned long long count, locked;
};
void check_atomic(Device device) {
  OnDevice<Totals> out(device, {Totals{}});
  const int n = 40 * 96;
  run<SimProbe>("atomic", device, {{20, 2}, {96}}, {nullptr, out.data()});
  const Totals got = out.fetch()[0];
  CHECK(got.sum == n * (n - 1) / 2);
  CHECK(got.least == 100 - (n - 1));
  CHECK(got.most == n - 1);
  CHECK(got.bits == 0xffffffffu);
  CHECK(got.tickets == static_cast<unsigned>(n % 1000));
  CHECK(got.real == static_cast<float>(n));
  CHECK(got.wide == n / 2);
  CHECK(got.count == static_cast<unsigned long long>(n));
  CHECK(got.locked == static_cast<unsigned long long>(2 * n));
}

void check_shared(Device device) {
  const size_t n = shared_probe_floats;
  OnDevice<float> in(device, values(3 * n)), out(device, std::vector<float>(3 * n));
  run<SimProbe>("shared", device, {{3}, {256}}, {in.data(), out.data()});
  out.fetch();
  size_t wrong = 0;
  for (size_t b = 0; b < 3; ++b)
    for (size_t i = 0; i < n; ++i) wrong += out.host[b * n + i] != in.host[b * n + (i + 1) % n];
  CHECK(wrong == 0);
}

void check_early_exit(Device device) {
  OnDevice<unsigned> out(device, std::vector<unsigned>(96));
  run<SimProbe>("early_exit", device, {{1}, {96}}, {nullptr, out.data()});
  out.fetch();
  for (unsigned t = 0; t < 96; ++t) CHECK(out.host[t] == (t < 32 ? 0xffffffffu : t < 40 ? 0xffu : 7u));
}

void check_arithmetic(Device device) {
  const float a = 1.1f, b = 3.3f, c = -3.63f, big = 3e20f, nan = std::numeric_limits<float>::quiet_NaN();
  OnDevice<float> in(device, {a, b, c, big, nan});
  OnDevice<unsigned> out(device, std::vector<unsigned>(arithmetic_results));
  run<SimProbe>("arithmetic", device, {{1}, {1}}, {in.data(), out.data()});
  const std::vector<unsigned>& got = out.fetch();
  const unsigned u = 0x3f8ccccdu, v = 0x40533333u;  // a and b
  const float product = static_cast<float>(static_cast<double>(a) * b);
  CHECK(bits(a) == u);
  CHECK(bits(b) == v);
  CHECK(got[0] == bits(product));
  CHECK(got[1] == bits(static_cast<float>(static_cast<double>(product) + c)));
  CHECK(got[2] == bits(static_cast<float>(static_cast<double>(a) * b + c)));  // exact in double: 48 bits and no cancellation below them
  CHECK(got[1] != got[2]);
  CHECK(got[3] == bits(static_cast<float>(static_cast<double>(a) / b)));
  CHECK(got[4] == bits(static_cast<float>(std::sqrt(static_cast<double>(a)))));
  CHECK(got[5] == 2);
  CHECK(got[6] == 0x7fffffffu);
  CHECK(got[7] == 0x80000000u);
  CHECK(got[8] == 0);
  CHECK(got[9] == 0);
  CHECK(got[10] == 0xffffffffu);
  CHECK(got[11] == static_cast<unsigned>((uint64_t{u} * v) >> 32));
  CHECK(got[12] == static_cast<unsigned>((int64_t{static_cast<int>(u)} * (static_cast<int>(v) - 2147483647)) >> 32));
  CHECK(got[13] == 0xb33331fcu);
  CHECK(got[14] == (18u | 2u << 8 | 1u << 16));
  CHECK(got[15] == 0xffcc408cu);  // from the lowest: byte 2 of a, byte 3 of b, byte 1 of a, the sign of byte 1 of a
  CHECK(got[16] == ((v << 3) | (u >> 29)));
  CHECK(got[17] == ((u >> 3) | (v << 29)));
  CHECK(got[18] == v);
  CHECK(got[19] == u);
  CHECK(got[20] == static_cast<unsigned>(-3));
  CHECK(got[21] == 0xfffffff0u);
  CHECK(got[22] == 0);
  CHECK(got[23] == 0x3f8d0000u);
}

struct Check {
  const char* what;
  void (*run)(Device);
};
constexpr Check checks[] = {
    {"3-D indices", check_index},    {"tree reduction", check_tree}, {"block_sum", check_block_sum},   {"shuffles", check_shuffle},
    {"votes", check_vote},           {"atomics", check_atomic},      {"100 KiB shared", check_shared}, {"early exit", check_early_exit},
    {"arithmetic", check_arithmetic}};

TEST_CASE("probes have the right answers on the simulated GPU, under every schedule") {
  if (const std::string why = test::why_not(Device::sim); !why.empty()) return test::skip(why);
  for (const char* schedule : {"forward", "reverse", "random:1", "random:2024"}) {
    const ScheduleSet set(schedule);
    for (const Check& check : checks) {
      CAPTURE(schedule);
      CAPTURE(check.what);
      check.run(Device::sim);
    }
  }
}

TEST_CASE("probes have the right answers on the GPU") {
  if (const std::string why = test::why_not(Device::cuda); !why.empty()) return test::skip(why);
  for (const Check& check : checks) {
    CAPTURE(check.what);
    check.run(Device::cuda);
  }
}

// ---- schedules ----

std::vector<int> tickets(const std::string& schedule, unsigned blocks, unsigned threads) {
  const ScheduleSet set(schedule);
  OnDevice<int> out(Device::sim, std::vector<int>(blocks * threads + 1));
  run<SimProbe>("ticket", Device::sim, {{blocks}, {threads}}, {nullptr, out.data()});
  std::vector<int> got = out.fetch();
  got.pop_back();
  return got;
}

TEST_CASE("a schedule orders warps and lanes") {
  if (const std::string why = test::why_not(Device::sim); !why.empty()) return test::skip(why);
  std::vector<int> counting(200);
  for (int i = 0; i < 200; ++i) counting[static_cast<size_t>(i)] = i;
  CHECK(tickets("forward", 1, 200) == counting);
  CHECK(tickets("", 1, 200) == counting);
  const std::vector<int> a = tickets("random:7", 1, 200), b = tickets("random:8", 1, 200);
  CHECK(tickets("random:7", 1, 200) == a);
  CHECK(a != b);
  CHECK(a != counting);
  std::vector<int> sorted = a;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == counting);
  std::reverse(counting.begin(), counting.end());
  CHECK(tickets("reverse", 1, 200) == counting);
  for (const char* schedule : {"reverse", "random:3"}) {  // every block runs once
    std::vector<int> many = tickets(schedule, 77, 5);
    std::sort(many.begin(), many.end());
    for (int i = 0; i < 77 * 5; ++i) REQUIRE(many[static_cast<size_t>(i)] == i);
  }
  for (const char* wrong : {"backward", "random", "random:", "random:-1", "random:1x"}) {
    try {
      tickets(wrong, 1, 1);
      FAIL("accepted " << wrong);
    } catch (const Error& e) {
      CHECK(e.kind == Failure::usage);
      CHECK(std::string(e.what()).find("forward, reverse or random:SEED") != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace duel
