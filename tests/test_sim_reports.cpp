// The simulated GPU: what it says of kernels that a GPU would hang on or answer with nonsense, and of those it cannot compile.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/error.h"
#include "tests/sim_support.h"

namespace duel {
namespace {

using test::OnDevice;
using test::run;

struct Outcome {
  Failure kind = Failure::internal;
  std::string text;  // empty: nothing was wrong
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
  CHECK(holds(o, {"[sim_fault:split]", "block (0,0,0)", "32 threads, the first (0,0,0), wait at __syncthreads() in ",
                  "sim_fault.cu:", "; thread (32,0,0) has come to __syncthreads() in "}));
  CHECK(o.out[0] >= 33);  // what lives in lanes that never went on was destroyed all the same
  o = fault("lost", {{1}, {96}});
  CHECK(holds(o, {"[sim_fault:lost] block (0,0,0) cannot go on", "16 threads, the first (0,0,0), wait at __shfl_sync(mask 0xffffffff) in ",
                  "64 threads, the first (16,0,0), wait at __syncthreads() in ", "16 have returned"}));
  CHECK(o.out[0] == 96);
  o = fault("mixed", {{1}, {32}});
  CHECK(holds(o, {"[sim_fault:mixed]", "16 threads, the first (0,0,0), wait at __any_sync(mask 0xffffffff)",
                  "16 threads, the first (1,0,0), wait at __ballot_sync(mask 0xffffffff)"}));
  CHECK(o.out[0] == 0);
  CHECK(holds(fault("unnamed", {{1}, {32}}), {"[sim_fault:unnamed] block (0,0,0) thread (9,0,0) in ",
                                              "__syncwarp is called from a lane that its mask 0x000000ff does not name"}));
  o = fault("split", {{1}, {32}});  // one warp: nobody is apart
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
  CHECK(o.out[0] == -1);  // all bits set: a NaN, were it a float
  CHECK(o.out[1] == -1);
}

TEST_CASE("instructions of a warp, barriers of some warps and asynchronous copies say how they are misused") {
  if (const std::string why = test::why_not(Device::sim); !why.empty()) return test::skip(why);
  CHECK(
      holds(fault("half_warp", {{1}, {32}}), {"cannot go on: 16 threads, the first (0,0,0), wait at mma_bf16() in ", "16 have returned"}));
  CHECK(holds(fault("left_early", {{1}, {32}}), {"thread (6,0,0)", "mma_bf16() needs all 32 lanes of the warp; 1 of them"}));
  CHECK(holds(fault("left_early", {{1}, {5}}), {"mma_bf16() needs all 32 lanes of the warp; 27 of them"}));
  CHECK(holds(fault("two_products", {{1}, {32}}),
              {"16 threads, the first (0,0,0), wait at mma_bf16() in ", "16 threads, the first (16,0,0), wait at mma_tf32() in "}));
  CHECK(holds(fault("matrix_row", {{1}, {32}, 256}), {"thread (1,0,0)", "row of a matrix", "not a multiple of 16"}));
  CHECK(holds(fault("barrier_number", {{1}, {32}}), {"barrier 16: the numbers go from 1 to 15"}));
  CHECK(holds(fault("barrier_number", {{1}, {1}}), {"barrier 0: the numbers go from 1 to 15"}));
  CHECK(holds(fault("barrier_size", {{1}, {64}}), {"barrier 1 is for 48 threads", "multiple of 32"}));
  CHECK(holds(fault("barrier_sizes", {{1}, {96}}), {"thread (32,0,0)", "barrier 1 is for 96 threads here, for 64 where"}));
  CHECK(holds(fault("barrier_lost", {{1}, {96}}), {"64 threads, the first (0,0,0), wait at barrier 2 (64 of 96 threads have come) in ",
                                                   "32 threads, the first (64,0,0), wait at __syncthreads()"}));
  CHECK(holds(fault("copy_out", {{1}, {1}, 256}), {"does not go to shared memory"}));
  CHECK(holds(fault("copy_askew", {{1}, {1}, 256}), {"not a multiple of its size"}));
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
  struct Lack {
    const char *text, *message;
  };
  const Lack lacks[] = {
      {"__global__ void k(float* a) {\n __shared__ float t[32];\n t[0] = *a;\n}",
       "has no __shared__ variables: put them into one struct and take it with shared_storage<T>()"},
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
