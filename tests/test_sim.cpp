// The simulated GPU: what a kernel sees of it, and what it says of kernels that a GPU would hang on. The first half also runs on a GPU where
// there is one, against the same answers.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "kernels/device.h"
#include "kernels/dtype.h"
#include "kernels/registry.h"
#include "tests/kernels_for_tests/sim_probe.h"
#include "tests/support.h"

namespace duel {
namespace {

// Device memory with a host copy.
template <class T> class OnDevice {
 public:
  OnDevice(Device device, std::vector<T> values) : backend_(backend(device)), host(std::move(values)) {
    data_ = backend_.allocate(bytes());
    backend_.copy_in(data_, host.data(), bytes());
  }
  ~OnDevice() { backend_.release(data_, bytes()); }
  OnDevice(const OnDevice&) = delete;
  T* data() const { return static_cast<T*>(data_); }
  size_t bytes() const { return host.size() * sizeof(T); }
  const std::vector<T>& fetch() {
    backend_.copy_out(host.data(), data_, bytes());
    return host;
  }

 private:
  const DeviceBackend& backend_;
  void* data_;

 public:
  std::vector<T> host;
};

template <class Op> void run(const char* variant, Device device, const typename Op::Problem& problem, const typename Op::Args& args) {
  const Row* row = find_row(Op::name, variant, device);
  REQUIRE_MESSAGE(row, "no row " << variant << " on " << name_of(device));
  run_row(*row, &problem, &args, {}, backend(device).stream());
}

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

struct Totals {   // AtomicTotals of the probe
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
  const unsigned u = 0x3f8ccccdu, v = 0x40533333u;   // a and b
  const float product = static_cast<float>(static_cast<double>(a) * b);
  CHECK(bits(a) == u);
  CHECK(bits(b) == v);
  CHECK(got[0] == bits(product));
  CHECK(got[1] == bits(static_cast<float>(static_cast<double>(product) + c)));
  CHECK(got[2] == bits(static_cast<float>(static_cast<double>(a) * b + c)));   // exact in double: 48 bits and no cancellation below them
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
  CHECK(got[15] == 0xffcc408cu);   // from the lowest: byte 2 of a, byte 3 of b, byte 1 of a, the sign of byte 1 of a
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
    {"3-D indices", check_index}, {"tree reduction", check_tree},   {"block_sum", check_block_sum},   {"shuffles", check_shuffle}, {"votes", check_vote},
    {"atomics", check_atomic},    {"100 KiB shared", check_shared}, {"early exit", check_early_exit}, {"arithmetic", check_arithmetic}};

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
  for (const char* schedule : {"reverse", "random:3"}) {   // every block runs once
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

// ---- what it says of wrong kernels ----

struct Outcome {
  Failure kind = Failure::internal;
  std::string text;   // empty: nothing was wrong
  std::vector<int> out;
};
Outcome fault(const char* variant, SimFault::Problem p) {
  Outcome result;
  OnDevice<int> out(Device::sim, std::vector<int>(8));
  try {
    run<SimFault>(variant, Device::sim, p, {out.data()});
  } catch (const Error& e) {
    result.kind = e.kind;
    result.text = e.what();
  }
  result.out = out.fetch();
  return result;
}
bool holds(const Outcome& o, std::initializer_list<const char*> parts) {
  INFO(o.text);
  for (const char* part : parts) {
    CAPTURE(part);
    CHECK(o.text.find(part) != std::string::npos);
  }
  return o.kind == Failure::device;
}

TEST_CASE("barriers that part of a block never reaches are reported with the threads that wait") {
  if (const std::string why = test::why_not(Device::sim); !why.empty()) return test::skip(why);
  Outcome o = fault("split", {{2}, {96}});
  CHECK(holds(o, {"[sim_fault:split]", "block (0,0,0)", "32 threads, the first (0,0,0), wait at __syncthreads() in ", "sim_fault.cu:",
                  "; thread (32,0,0) has come to __syncthreads() in "}));
  CHECK(o.out[0] >= 33);   // what lives in lanes that never went on was destroyed all the same
  o = fault("lost", {{1}, {96}});
  CHECK(holds(o, {"[sim_fault:lost] block (0,0,0) cannot go on", "16 threads, the first (0,0,0), wait at __shfl_sync(mask 0xffffffff) in ",
                  "64 threads, the first (16,0,0), wait at __syncthreads() in ", "16 have returned"}));
  CHECK(o.out[0] == 96);
  o = fault("mixed", {{1}, {32}});
  CHECK(holds(o, {"[sim_fault:mixed]", "16 threads, the first (0,0,0), wait at __any_sync(mask 0xffffffff)",
                  "16 threads, the first (1,0,0), wait at __ballot_sync(mask 0xffffffff)"}));
  CHECK(o.out[0] == 0);
  CHECK(holds(fault("unnamed", {{1}, {32}}), {"[sim_fault:unnamed] block (0,0,0) thread (9,0,0) in ", "__syncwarp is called from a lane that its mask 0x000000ff does not name"}));
  o = fault("split", {{1}, {32}});   // one warp: nobody is apart
  CHECK(o.text == "");
  CHECK(o.out[0] == 32);
}

TEST_CASE("an exception in a lane reaches the launcher, the first block's first") {
  if (const std::string why = test::why_not(Device::sim); !why.empty()) return test::skip(why);
  for (int time = 0; time < 20; ++time) {
    const Outcome o = fault("throws", {{40}, {64}});
    CHECK(o.kind == Failure::numeric);
    CHECK(o.text == "thrown in block 2");
    CHECK(o.out[0] >= 2 * 64 + 4);
  }
  CHECK(fault("throws", {{2}, {64}}).text == "");
}

TEST_CASE("misuse is reported, with row, block and thread") {
  if (const std::string why = test::why_not(Device::sim); !why.empty()) return test::skip(why);
  CHECK(holds(fault("shared", {{1}, {32}, 4095}), {"[sim_fault:shared]", "4096 bytes of shared memory", ".shared_bytes = 4095"}));
  CHECK(fault("shared", {{1}, {32}, 4096}).text == "");
  CHECK(holds(fault("misaligned", {{1}, {1}}), {"thread (0,0,0)", "not a multiple of its size"}));
  CHECK(holds(fault("nested", {{1}, {1}}), {"launches a kernel from a kernel"}));
  CHECK(holds(fault("width", {{1}, {32}}), {"sim_fault.cu:", "power of two"}));
  CHECK(holds(fault("trap", {{1}, {4}}), {"thread (1,0,0)", "__trap()"}));
  const Outcome o = fault("unwritten", {{1}, {1}, 16});
  CHECK(o.text == "");
  CHECK(o.out[0] == -1);   // all bits set: a NaN, were it a float
  CHECK(o.out[1] == -1);
}

TEST_CASE("launches that no GPU accepts are refused with the limit") {
  if (const std::string why = test::why_not(Device::sim); !why.empty()) return test::skip(why);
  CHECK(holds(fault("nothing", {{1}, {1025}}), {"[sim_fault:nothing]", "(1025,1,1)", "1024 in all"}));
  CHECK(holds(fault("nothing", {{1}, {32, 33}}), {"(32,33,1)", "1024 in all"}));
  CHECK(holds(fault("nothing", {{1}, {1, 1, 65}}), {"64 threads a side"}));
  CHECK(holds(fault("nothing", {{1}, {65536, 65536, 64}}), {"1024 in all"}));
  CHECK(holds(fault("nothing", {{0}, {1}}), {"empty grid (0,1,1)"}));
  CHECK(holds(fault("nothing", {{1}, {1, 0}}), {"empty block (1,0,1)"}));
  CHECK(holds(fault("nothing", {{1, 65536}, {1}}), {"65535"}));
  CHECK(holds(fault("nothing", {{1}, {1}, 227 * 1024 + 1}), {"232449 bytes of shared memory", "232448"}));
  CHECK(fault("nothing", {{1}, {1024}, 227 * 1024}).text == "");
  CHECK(fault("nothing", {{1}, {4, 4, 64}}).text == "");
}

#ifdef DUEL_TEST_CXX
// What the compiler says of a kernel file, for the simulated GPU.
std::string compile(const std::string& text) {
  const test::TempFolder folder;
  const auto source = folder.write("kernel.cu", "#include \"kernels/launch.h\"\n" + text + "\n"), said = folder / "said.txt";
  const std::string root = test::source_dir().string();
  const std::string command = std::string(DUEL_TEST_CXX) + " -std=c++20 -fsyntax-only -DDUEL_SIM -Dduel=duel_sim -I'" + root +
                              "/kernels/sim/include' -I'" + root + "' -x c++ '" + source.string() + "' > '" + said.string() + "' 2>&1";
  const bool good = std::system(command.c_str()) == 0;
  return good ? "" : "refused: " + test::read_text(said);
}

TEST_CASE("a kernel that uses what the simulated GPU lacks does not compile, and hears what") {
  struct Lack { const char *text, *message; };
  const Lack lacks[] = {
      {"__global__ void k(float* a) {\n __shared__ float t[32];\n t[0] = *a;\n}", "has no __shared__ variables: put them into one struct and take it with shared_storage<T>()"},
      {"__global__ void k(float* a) {\n extern __shared__ float t[];\n t[0] = *a;\n}", "shared_storage<T>()"},
      {"__global__ void k(int a) {\n asm volatile(\"mov.u32 %0, %laneid;\" : \"=r\"(a));\n}", "has no inline PTX (asm)"},
      {"__global__ void k(cudaTextureObject_t t) {}", "has no textures (cudaTextureObject_t)"},
      {"__managed__ int counter;", "has no __managed__ variables"},
      {"#include <cuda_bf16.h>", "has no <cuda_bf16.h>: use duel::bf16"},
      {"#include <cooperative_groups.h>", "has no <cooperative_groups.h>"},
      {"__global__ void k(long long* t) { *t = clock64(); }", "has no clock64()"},
  };
  for (const Lack& lack : lacks) {
    const std::string said = compile(lack.text);
    CAPTURE(lack.text);
    CAPTURE(said);
    CHECK(said.find(lack.message) != std::string::npos);
  }
  CHECK(compile("#include <cuda_runtime.h>\n"
                "__constant__ float table[2] = {1, 2};\n"
                "__global__ void __launch_bounds__(256, 2) k(const float* __restrict__ a, float* b) {\n"
                "  const float4 v = make_float4(1, 2, 3, table[0]);\n"
                "  b[threadIdx.x] = v.w + __ldg(a) + max(1.0f, rsqrtf(2.0f)) + __expf(1.0f) + std::max(1, 2);\n"
                "}\n#include <map>\n#include <thread>") == "");
}
#endif

TEST_CASE("device memory is aligned, poisoned and copied") {
  if (const std::string why = test::why_not(Device::sim); !why.empty()) return test::skip(why);
  const DeviceBackend& sim = backend(Device::sim);
  CHECK(std::string(sim.description()).find("simulated GPU (plain mode, ") == 0);
  for (const size_t bytes : {size_t{1}, size_t{1000}, size_t{3} << 20}) {
    auto* a = static_cast<unsigned char*>(sim.allocate(bytes));
    CHECK(reinterpret_cast<uintptr_t>(a) % 256 == 0);
    CHECK(std::all_of(a, a + bytes, [](unsigned char c) { return c == 0xff; }));
    sim.fill(a, 3, bytes);
    std::vector<unsigned char> host(bytes);
    sim.copy_out(host.data(), a, bytes);
    CHECK(std::all_of(host.begin(), host.end(), [](unsigned char c) { return c == 3; }));
    sim.release(a, bytes);
  }
  CHECK(sim.free_memory() > 0);
  try {
    sim.allocate(size_t{1} << 50);
    FAIL("a pebibyte was allocated");
  } catch (const Error& e) {
    CHECK(e.kind == Failure::memory);
    CHECK(std::string(e.what()).find("1073741824 MiB") != std::string::npos);
  }
}

}  // namespace
}  // namespace duel
