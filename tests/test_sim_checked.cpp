// The checked simulated GPU: every planted fault is found, on its line; kernels without one hear nothing.
#include <doctest/doctest.h>

#include <string>

#include "tests/check_support.h"

namespace duel {
namespace {

using test::Data;
using test::Fault;
using test::told;

const Fault faults[] = {
    {"read_past_end",
     {{1}, {256}, 200},
     {"out of bounds: block (0,0,0) thread (200,0,0)", "reads 4 bytes at x + 800 bytes",
      "0 bytes past the end of an allocation of 800 bytes"}},
    {"write_past_end", {{1}, {256}, 200}, {"out of bounds: block (0,0,0) thread (200,0,0)", "writes 4 bytes at y + 800 bytes"}},
    {"read_before_start",
     {{1}, {64}, 64},
     {"out of bounds: block (0,0,0) thread (0,0,0)", "at x - 4 bytes", "4 bytes before the start of"}},
    {"past_shared", {{1}, {256}, 256, 1024}, {"out of bounds", "thread (255,0,0)", "byte 1024 of shared memory", ".shared_bytes = 1024"}},
    {"host_pointer", {{1}, {1}, 8}, {"not device memory: block (0,0,0) thread (0,0,0)", "reads 4 bytes at 0x"}},
    {"register_past_end", {{1}, {8}, 8}, {"index: block (0,0,0) thread (5,0,0)", "takes element 4 of an array 'float [4]'"}},
    {"shared_field_past_end", {{1}, {8}, 8, 64}, {"index: block (0,0,0) thread (0,0,0)", "takes element -1 of an array 'float [8]'"}},
    {"null_pointer",
     {{1}, {40}, 40},
     {"not device memory: block (0,0,0) thread (0,0,0)", "at 0x0", "was stopped at an access that would crash"}},
    {"misaligned_read", {{1}, {8}, 64}, {"misaligned", "reads 4 bytes at x + 2 bytes", "not a multiple of 4"}},
    {"vector_past_end", {{1}, {64}, 42}, {"out of bounds", "thread (10,0,0)", "reads 16 bytes at x + 168 bytes"}},
    {"unwritten_global", {{1}, {32}, 32}, {"unwritten", "thread (0,0,0)", "reads 4 bytes that nothing wrote, at y + 0 bytes"}},
    {"unwritten_shared", {{1}, {64}, 64, 1024}, {"unwritten", "thread (7,0,0)", "byte 28 of shared memory"}},
    {"earlier_block", {{2}, {64}, 128, 1024}, {"unwritten", "block (1,0,0) thread (0,0,0)"}},
    {"missing_barrier",
     {{1}, {128}, 128, 1024},
     {"race", "thread (96,0,0)", "reads 4 bytes at byte 0 of shared memory, which thread (0,0,0) wrote",
      "no __syncthreads() lies between"}},
    {"write_after_read", {{1}, {128}, 128, 1024}, {"race", "writes 4 bytes", " read in ", "no __syncthreads() lies between"}},
    {"two_writers", {{1}, {64}, 64, 1024}, {"race", "thread (1,0,0)", "which thread (0,0,0) wrote"}},
    {"missing_syncwarp", {{1}, {32}, 32, 1024}, {"race", "no __syncwarp() or __syncthreads() lies between"}},
    {"shuffle_is_no_barrier", {{1}, {32}, 32, 1024}, {"race", "no __syncwarp() or __syncthreads() lies between"}},
    {"half_mask", {{1}, {32}, 32, 1024}, {"race", "no __syncwarp()"}},
    {"loop_without_second_barrier", {{1}, {64}, 256, 1024}, {"race", "writes 4 bytes", " read in "}},
    {"neighbours_byte",
     {{1}, {64}, 40},
     {"race", "thread (40,0,0)", "writes 1 byte at y + 38 bytes", "which thread (38,0,0) wrote"},
     {.element = 1}},
    {"blocks_meet", {{2}, {8}, 8}, {"race", "block (1,0,0) thread (0,0,0)", "which block (0,0,0) thread (0,0,0) wrote", "__threadfence()"}},
    {"no_fence", {{3}, {1}, 8}, {"race", "block (2,0,0)", "which block (0,0,0) thread (0,0,0) wrote"}},
    {"plain_counter", {{2}, {1}, 8}, {"race", "block (1,0,0)", "updated in"}, {.y_written = true}},
    {"copy_without_wait",
     {{1}, {64}, 64, 1024},
     {"in flight: block (0,0,0) thread (0,0,0)", "reads 4 bytes at byte 0 of shared memory", "where the copy that it began in",
      "no copy_async_wait()"}},
    {"wait_for_too_few", {{1}, {32}, 32, 1024}, {"in flight", "byte 128 of shared memory"}},
    {"copy_without_barrier", {{1}, {64}, 64, 1024}, {"race", "no __syncthreads()"}},
    {"copy_over_what_is_read", {{1}, {64}, 64, 1024}, {"race", "writes 4 bytes", " read in "}},
    {"copy_past_end", {{1}, {64}, 255, 1024}, {"out of bounds: block (0,0,0) thread (63,0,0)", "reads 16 bytes at x + 1020 bytes"}},
    {"write_after_arrive", {{1}, {64}, 64, 1024}, {"race"}},
    {"other_named_barrier", {{1}, {128}, 128, 1024}, {"race", "thread (96,0,0)", "which thread (0,0,0) wrote"}},
    {"unwritten_matrix",
     {{1}, {32}, 32, 1024},
     {"unwritten: block (0,0,0) thread (6,0,0)", "reads 16 bytes that nothing wrote, at byte 96"}},
    {"matrix_race", {{1}, {32}, 32, 1024}, {"race", "writes 4 bytes", " read in ", "no __syncwarp()"}},
};
const test::Clean clean[] = {
    {"barriers", {{1}, {64}, 256, 1024}},
    {"warps_apart", {{2}, {128}, 256, 1024}},
    {"halves", {{1}, {64}, 64, 1024}},
    {"bytes", {{3}, {64}, 150}, {.element = 1}},
    {"words_then_bytes", {{1}, {64}, 200}, {.element = 1}},
    {"bf16_pairs", {{1}, {32}, 100}, {.element = 2}},
    {"with_fence", {{5}, {1}, 8}},
    {"atomics", {{3}, {64}, 8}, {.y_written = true}},
    {"table", {{1}, {64}, 64}},
    {"vectors", {{1}, {16}, 200}},
    {"named_chain", {{1}, {96}, 96, 1024}},
    {"async_tiles", {{1}, {64}, 256, 1024}},
    {"matrix_rows", {{1}, {32}, 32, 1024}},
};

TEST_CASE("memory that was given back is named as such") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  const DeviceBackend& device = backend(Device::sim_checked);
  void *x = device.allocate(256), *y = device.allocate(256);
  device.fill(x, 0, 256);
  device.release(x, 256);
  CHECK_THROWS_WITH_AS(test::run<CheckProbe>("released", Device::sim_checked, {{1}, {64}, 64}, {x, y}),
                       doctest::Contains("byte 0 of a released allocation of 256 bytes"), Error);
  CHECK_THROWS_WITH_AS(device.release(x, 256), doctest::Contains("given back twice"), Error);
  device.release(y, 256);
}

TEST_CASE("every planted fault is found, on its line, and kernels without one hear nothing, under every schedule") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  test::check_under_schedules(faults, clean, "tests/kernels_for_tests/check_probe.cu");
}

TEST_CASE("what tests declare of a buffer holds for kernels") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  const DeviceBackend& device = backend(Device::sim_checked);
  char* both = static_cast<char*>(device.allocate(1024));
  device.fill(both, 0, 1024);
  test::run<CheckProbe>("released", Device::sim_checked, {{1}, {64}, 64}, {both, both + 512});
  device.declare(both + 256, 256, Contents::forbidden);
  test::run<CheckProbe>("released", Device::sim_checked, {{1}, {64}, 64}, {both, both + 512});
  CHECK_THROWS_WITH_AS(test::run<CheckProbe>("released", Device::sim_checked, {{1}, {65}, 64}, {both, both + 512}),
                       doctest::Contains("out of bounds"), Error);
  device.declare(both, 256, Contents::unwritten);
  CHECK_THROWS_WITH_AS(test::run<CheckProbe>("released", Device::sim_checked, {{1}, {64}, 64}, {both, both + 512}),
                       doctest::Contains("unwritten"), Error);
  device.release(both, 1024);
}

}  // namespace
}  // namespace duel
