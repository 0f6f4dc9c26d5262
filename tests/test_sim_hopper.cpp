// Instructions of compute capability 9.0, against answers computed here; the same kernels run on a GPU where there is one. And what the
// simulated GPUs say of their misuse.
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

std::vector<float> counting(size_t n) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i + 1);
  return values;
}

void check_mbarrier_pipeline(Device device) {
  const std::vector<float> in = counting(512);
  OnDevice<float> a(device, in), out(device, std::vector<float>(512));
  run<HopperProbe>("mbarrier_pipeline", device, {64}, {a.data(), nullptr, out.data()});
  out.fetch();
  size_t wrong = 0;
  for (size_t i = 0; i < 512; ++i) wrong += out.host[i] != in[i ^ 7] + 1;
  CHECK(wrong == 0);
}
void check_mbarrier_meetings(Device device) {
  OnDevice<float> a(device, {5.0f}), out(device, std::vector<float>(128));
  run<HopperProbe>("mbarrier_meetings", device, {128}, {a.data(), nullptr, out.data()});
  CHECK(out.fetch() == std::vector<float>(128, 5.0f));
}

void check_bulk_round_trip(Device device) {
  const std::vector<float> in = counting(2048);
  OnDevice<float> a(device, in), out(device, std::vector<float>(2048));
  run<HopperProbe>("bulk_round_trip", device, {64}, {a.data(), nullptr, out.data()});
  out.fetch();
  size_t wrong = 0;
  for (size_t i = 0; i < 2048; ++i) wrong += out.host[i] != in[i] + 1;
  CHECK(wrong == 0);
}

// f(byte in the tensor or -1, byte in shared memory) for each element of a case's box.
template <class F>
void each_element(const BoxCase& c, F f) {
  const int64_t element = c.dtype == DType::f32 ? 4 : 2;
  const int masks[] = {0, 1, 3, 7};
  int64_t count = 1;
  for (int d = 0; d < c.rank; ++d) count *= c.box[d];
  for (int64_t number = 0; number < count; ++number) {
    int64_t left = number, place = 0;
    bool inside = true;
    for (int d = 0; d < c.rank; ++d) {
      const int64_t x = c.at[d] + left % c.box[d];
      left /= c.box[d];
      inside &= x >= 0 && x < c.size[d];
      place += x * (d ? c.stride[d] : element);
    }
    const int64_t packed = number * element;  // 16-byte pieces change places by the number of the 128 bytes that they lie in
    const int64_t piece = packed / 16 % 8 ^ (packed / 128 & masks[static_cast<int>(c.swizzle)]);
    f(inside ? place : -1, packed / 128 * 128 + piece * 16 + packed % 16, element);
  }
}
size_t bytes_of(const BoxCase& c) {
  int64_t bytes = c.rank == 1 ? c.size[0] * (c.dtype == DType::f32 ? 4 : 2) : c.stride[c.rank - 1] * c.size[c.rank - 1];
  return static_cast<size_t>((bytes + 15) / 16 * 16);
}
void check_boxes(Device device) {
  int number = 0;
  for (const BoxCase& c : box_cases) {
    CAPTURE(number);
    std::vector<uint16_t> tensor(bytes_of(c) / 2), box(static_cast<size_t>(box_bytes(tensor_of(c, nullptr))) / 2);
    for (size_t i = 0; i < tensor.size(); ++i) tensor[i] = static_cast<uint16_t>(i + 1);
    for (size_t i = 0; i < box.size(); ++i) box[i] = static_cast<uint16_t>(40000 + i);
    OnDevice<uint16_t> from(device, tensor), come(device, std::vector<uint16_t>(box.size(), 7)), back(device, box), into(device, tensor);
    run<HopperProbe>("tensor_box", device, {64, number}, {from.data(), nullptr, come.data()});
    run<HopperProbe>("tensor_box_back", device, {64, number}, {back.data(), nullptr, into.data()});
    come.fetch(), into.fetch();
    std::vector<uint16_t> want_box(box.size()), want_tensor = tensor;
    each_element(c, [&](int64_t place, int64_t shared, int64_t element) {
      for (int64_t i = 0; i < element / 2; ++i) {
        if (place < 0) continue;
        want_box[static_cast<size_t>(shared / 2 + i)] = tensor[static_cast<size_t>(place / 2 + i)];
        want_tensor[static_cast<size_t>(place / 2 + i)] = box[static_cast<size_t>(shared / 2 + i)];
      }
    });
    CHECK(come.host == want_box);
    CHECK(into.host == want_tensor);
    ++number;
  }
}

void check_columns(Device device) {
  const int masks[] = {0, 1, 3, 7};
  int number = 0;
  for (const ColumnCase& c : column_cases) {
    CAPTURE(number);
    const size_t element = size_of(c.dtype) / 2;  // in halves
    std::vector<uint16_t> images(static_cast<size_t>(c.size[0] * c.size[1] * c.size[2] * c.size[3]) * element);
    for (size_t i = 0; i < images.size(); ++i) images[i] = static_cast<uint16_t>(i + 1);
    std::vector<uint16_t> want(static_cast<size_t>(column_bytes(tensor_of(c, nullptr))) / 2);
    OnDevice<uint16_t> from(device, images), come(device, std::vector<uint16_t>(want.size(), 7));
    run<HopperProbe>("im2col", device, {64, number}, {from.data(), nullptr, come.data()});
    int64_t windows[2];  // of an image, along w and h
    for (int d = 0; d < 2; ++d) windows[d] = (c.size[d + 1] - 1 + c.upper[d] - c.lower[d]) / c.step[d] + 1;
    for (int64_t i = 0; i < c.pixels; ++i) {
      const int64_t window = (c.at[0] * windows[1] + c.at[1]) * windows[0] + c.at[2] + i, n = window / (windows[0] * windows[1]);
      const int64_t w = c.lower[0] + window % windows[0] * c.step[0] + c.tap[0];
      const int64_t h = c.lower[1] + window / windows[0] % windows[1] * c.step[1] + c.tap[1];
      const bool inside = w >= 0 && w < c.size[1] && h >= 0 && h < c.size[2] && n < c.size[3];
      for (int64_t half = 0; half < c.channels * static_cast<int64_t>(element); ++half) {
        const int64_t channel = c.channel + half / static_cast<int64_t>(element),
                      packed = 2 * (i * c.channels * static_cast<int64_t>(element) + half);
        const int64_t piece = packed / 16 % 8 ^ (packed / 128 & masks[static_cast<int>(c.swizzle)]);
        if (!inside || channel >= c.size[0]) continue;
        const int64_t pixel = (n * c.size[2] + h) * c.size[1] + w;
        want[static_cast<size_t>((packed / 128 * 128 + piece * 16 + packed % 16) / 2)] =
            images[static_cast<size_t>((pixel * c.size[0] + c.channel) * static_cast<int64_t>(element) + half)];
      }
    }
    CHECK(come.fetch() == want);
    ++number;
  }
}

void check_uneven_registers(Device device) {
  const std::vector<float> in = counting(128);
  OnDevice<float> a(device, in), out(device, std::vector<float>(128));
  run<HopperProbe>("uneven_registers", device, {256}, {a.data(), nullptr, out.data()});
  out.fetch();
  size_t wrong = 0;
  for (size_t i = 0; i < 128; ++i) wrong += out.host[i] != in[i] + 1;
  CHECK(wrong == 0);
}

// Small integers, of which every order of addition makes the same sum.
struct ProductRow {
  const char* name;
  int n, element;
};
constexpr ProductRow product_rows[] = {{"bf16_64_kk", 64, 2},   {"bf16_64_km", 64, 2},   {"bf16_64_mk", 64, 2},   {"bf16_64_mm", 64, 2},
                                       {"bf16_128_kk", 128, 2}, {"bf16_128_mm", 128, 2}, {"bf16_256_kk", 256, 2}, {"bf16_256_km", 256, 2},
                                       {"tf32_64", 64, 4},      {"tf32_128", 128, 4},    {"tf32_256", 256, 4},    {"bf16_64_rk", 64, 2},
                                       {"bf16_128_rm", 128, 2}, {"bf16_256_rk", 256, 2}, {"tf32_64_r", 64, 4},    {"tf32_128_r", 128, 4},
                                       {"tf32_256_r", 256, 4}};
void check_products(Device device) {
  const auto small = [](int i) { return static_cast<float>((static_cast<unsigned>(i) * 2654435761u >> 16) % 9) - 4; };
  for (const ProductRow& row : product_rows)
    for (int number = 0; number < 8; ++number) {
      const int spans[] = {64, 32, 64, 128}, depth = spans[number % 4] / row.element;  // bytes of k
      std::vector<float> a(static_cast<size_t>(64 * depth)), b(static_cast<size_t>(row.n * depth));
      for (size_t i = 0; i < a.size(); ++i) a[i] = small(static_cast<int>(i) + 3);
      for (size_t i = 0; i < b.size(); ++i) b[i] = small(static_cast<int>(i) + 1000);
      OnDevice<float> on_a(device, a), on_b(device, b), out(device, std::vector<float>(static_cast<size_t>(64 * row.n)));
      run<HopperProbe>(row.name, device, {128, number}, {on_a.data(), on_b.data(), out.data()});
      out.fetch();
      size_t wrong = 0;
      for (int m = 0; m < 64; ++m)
        for (int n = 0; n < row.n; ++n) {
          float sum = number >= 4;
          for (int k = 0; k < depth; ++k) sum += a[static_cast<size_t>(m * depth + k)] * b[static_cast<size_t>(n * depth + k)];
          wrong += out.host[static_cast<size_t>(m * row.n + n)] != sum;
        }
      CAPTURE(std::string(row.name));
      CAPTURE(number);
      CHECK(wrong == 0);
    }
}

constexpr test::GpuCheck checks[] = {{"mbarrier: full and empty", check_mbarrier_pipeline},
                                     {"mbarrier: phases", check_mbarrier_meetings},
                                     {"bulk copies", check_bulk_round_trip},
                                     {"boxes of tensors", check_boxes},
                                     {"im2col copies", check_columns},
                                     {"products of a warpgroup", check_products},
                                     {"setmaxnreg", check_uneven_registers}};

TEST_CASE("Hopper's instructions do what the PTX ISA says, on both simulated GPUs and under every schedule") {
  test::check_simulated(checks);
}

TEST_CASE("Hopper's instructions do the same on the GPU") {
  if (const std::string why = test::why_not(Device::cuda); !why.empty()) return test::skip(why);
  if (const Row* row = find_row(HopperProbe::name, "mbarrier_meetings", Device::cuda); row) {
    const HopperProbe::Problem any;
    if (!row->supports(&any)) return test::skip("the GPU's compute capability is below 9.0");
  }
  test::check_real(checks);
}

const test::Misuse misuses[] = {
    {"mbarrier_unmade", 1, 1, {"mbarrier_arrive() on an mbarrier that was not initialised"}},
    {"mbarrier_gone", 1, 32, {"mbarrier_wait() on an mbarrier that was not initialised"}},
    {"mbarrier_made_twice", 1, 32, {"thread (5,0,0)", "mbarrier_init where one already is, made in ", "hopper_fault.cu:"}},
    {"mbarrier_for_none", 1, 1, {"mbarrier_init for 0 arrivals a phase: from 1 to 1048575"}},
    {"mbarrier_for_too_many", 1, 1, {"mbarrier_init for 1048576 arrivals a phase"}},
    {"mbarrier_elsewhere", 1, 1, {"an mbarrier that does not lie in shared memory"}},
    {"mbarrier_askew", 1, 1, {"an mbarrier at an address that is not a multiple of 8"}},
    {"mbarrier_overwritten", 1, 32, {"something wrote over the mbarrier at byte 0 of shared memory"}},
    {"mbarrier_one_too_many", 1, 32, {"more arrivals than a phase has: 1 more at the mbarrier at byte 0", "phase 0: "}},
    {"mbarrier_too_many_bytes",
     1,
     1,
     {"524288 more bytes are too many for the mbarrier at byte 0", "524288 bytes pending", "at most 1048575"}},
    {"mbarrier_parity", 1, 1, {"mbarrier_wait() for parity 2"}},
    {"mbarrier_lost",
     1,
     64,
     {"cannot go on: 63 threads, the first (0,0,0), wait at the mbarrier at byte 0 of shared memory (phase 0: 63 of 64 arrivals have come, "
      "0 "
      "bytes pending) for parity 0 in ",
      "1 has returned", "needs all its arrivals"}},
    {"mbarrier_bytes_lost", 1, 32, {"32 threads, the first (0,0,0), wait at", "(phase 0: 1 of 1 arrival have come, 4096 bytes pending)"}},
    {"bulk_length", 1, 1, {"a bulk copy of 24 bytes: a multiple of 16"}},
    {"bulk_askew", 1, 1, {"a bulk copy at byte 12 of shared memory: it must be a multiple of 16"}},
    {"bulk_from_askew", 1, 1, {"an address of device memory that is not a multiple of 16"}},
    {"bulk_past_shared", 1, 1, {"a bulk copy of 32 bytes does not lie within the block's 4096 bytes"}},
    {"bulk_left_behind", 1, 1, {"ended while a bulk load begun in ", "hopper_fault.cu:", "was on its way to its shared memory"}},
    {"bulk_store_left_behind", 1, 1, {"ended while a bulk store begun in ", "bulk_wait_read<0>()"}},
    {"bulk_unannounced", 1, 1, {"1 thread, (0,0,0), waits at the mbarrier", "(phase 0: 0 of 1 arrival have come, -32 bytes pending)"}},
    {"box_place", 1, 32, {"a bulk copy at byte 512 of shared memory: it must be a multiple of 1024"}},
    {"box_dimensions", 1, 32, {"a tensor copy at 2 coordinates of a tensor of 3 dimensions"}},
    {"map_rank", 1, 32, {"tensor map: a tensor of 6 dimensions: from 1 to 5"}},
    {"map_dtype", 1, 32, {"tensor map: elements of f64: f32 or bf16"}},
    {"map_address", 1, 32, {"tensor map: the tensor's address is not a multiple of 16"}},
    {"map_size", 1, 32, {"tensor map: 0 elements in dimension 1"}},
    {"map_stride", 1, 32, {"tensor map: a stride of 264 bytes in dimension 1: a multiple of 16"}},
    {"map_box", 1, 32, {"tensor map: a box of 257 elements in dimension 1: from 1 to 256"}},
    {"map_row", 1, 32, {"tensor map: a row of the box is 124 bytes: a multiple of 16"}},
    {"map_swizzle", 1, 32, {"tensor map: a row of the box is 64 bytes, and the swizzle's span 128: they must be equal"}},
    {"column_outside", 1, 32, {"an im2col copy from a window at w = 7: windows begin at -1, every 2, to 5"}},
    {"column_between", 1, 32, {"an im2col copy from a window at h = 0: windows begin at -1, every 2, to 3"}},
    {"column_tap", 1, 32, {"an im2col copy of tap 256 in w: from 0 to 255"}},
    {"column_of_boxes", 1, 32, {"an im2col copy by a tensor map that was made for boxes"}},
    {"box_of_columns", 1, 32, {"a tensor copy of a box by a tensor map that was made for im2col copies"}},
    {"columns_corner", 1, 32, {"tensor map: corners -129 and -1 in h: from -128 to 127"}},
    {"columns_empty", 1, 32, {"tensor map: no window lies between corners -1 and -8 in w"}},
    {"columns_step", 1, 32, {"tensor map: windows 9 apart in h: from 1 to 8"}},
    {"columns_pixels", 1, 32, {"tensor map: 257 windows a copy: from 1 to 256"}},
    {"columns_channels", 1, 32, {"tensor map: a row of the box is 12 bytes: a multiple of 16"}},
    {"wgmma_of_half", 1, 64, {"wgmma_fence() needs all 128 threads of the warpgroup; 64 of them have returned or never were"}},
    {"wgmma_without_some", 1, 128, {"96 threads, the first (0,0,0), wait at wgmma_fence() (96 of 128 threads have come) in "}},
    {"wgmma_split",
     1,
     128,
     {"a warpgroup is split between two instructions: 96 threads have come to wgmma_fence() in ", "this one to wgmma_commit()"}},
    {"wgmma_different", 1, 128, {"the threads of a warpgroup name different operands: (70,0,0) others than (0,0,0)"}},
    {"wgmma_unfenced", 1, 128, {"without a wgmma_fence() since they last could"}},
    {"wgmma_fenced_too_early", 1, 128, {"without a wgmma_fence() since they last could"}},
    {"wgmma_sums_written", 1, 128, {"thread (9,0,0) wrote to accumulators of the wgmma() in "}},
    {"wgmma_left_behind", 1, 128, {"ended while the wgmma() in ", "was on its way"}},
    {"wgmma_misplaced", 1, 128, {"operand A: it begins within the eight rows of the swizzle's period"}},
    {"wgmma_over_the_span", 1, 128, {"operand A: its 32 bytes of k run over the swizzle's span"}},
    {"wgmma_stride", 1, 128, {"operand A: its stride is no multiple of the swizzle's period"}},
    {"wgmma_past_shared", 1, 128, {"operand A reaches to byte 4112 of the block's 4096 bytes of shared memory"}},
    {"registers_split",
     1,
     128,
     {"split between two instructions: 64 threads have come to setmaxnreg_dec() in ", "this one to setmaxnreg_inc()"}},
    {"descriptor_askew", 1, 128, {"a matrix descriptor with an address or an offset that is not a multiple of 16"}},
};

TEST_CASE("misuse is reported, with row, block and thread, and what waits for ever is named") {
  for (const Device device : {Device::sim, Device::sim_checked}) {
    if (const std::string why = test::why_not(device); !why.empty()) {
      test::skip(why);
      continue;
    }
    for (const test::Misuse& misuse : misuses) test::check_misuse(misuse, 4096, device);
  }
}

const test::Fault faults[] = {
    {"write_after_mbarrier", {{1}, {64}, 64, 1040}, {"race", "reads 4 bytes", "no __syncthreads()"}},
    {"other_mbarrier", {{1}, {96}, 96, 1040}, {"race", "thread (64,0,0)", "which thread (0,0,0) wrote"}},
    {"mbarrier_without_barrier", {{1}, {64}, 64, 1040}, {"race", "updates 8 bytes", "which thread (0,0,0) wrote"}},
    {"skipped_phase", {{1}, {64}, 64, 1040}, {"race", "writes 4 bytes"}},
    {"bulk_without_wait",
     {{1}, {64}, 64, 2064},
     {"in flight: block (0,0,0) thread (0,0,0)", "reads 4 bytes at byte 0 of shared memory", "no mbarrier_wait()"}},
    {"bulk_expects_too_few", {{1}, {32}, 64, 2064}, {"in flight", "byte 128 of shared memory, where the copy that it began in"}},
    {"bulk_past_end", {{1}, {32}, 60, 2064}, {"out of bounds: block (0,0,0) thread (0,0,0)", "reads 16 bytes at x + 240 bytes"}},
    {"bulk_over_what_is_read", {{1}, {64}, 64, 2064}, {"race", "thread (32,0,0)", " read in "}},
    {"bulk_barrier_unfenced", {{1}, {64}, 64, 2064}, {"not fenced", "byte 2048 of shared memory", "no fence_proxy_async()"}},
    {"bulk_store_unfenced", {{1}, {64}, 64, 2064}, {"not fenced: block (0,0,0) thread (0,0,0)", "byte 1024 of shared memory"}},
    {"bulk_store_overwritten",
     {{1}, {64}, 64, 2064},
     {"still read: block (0,0,0) thread (0,0,0)", "writes 4 bytes at byte 1024", "no bulk_wait_read()"}},
    {"column_past_end", {{1}, {32}, 56, 2064}, {"out of bounds: block (0,0,0) thread (0,0,0)", "reads 16 bytes at x + 224 bytes"}},
    {"column_without_wait", {{1}, {32}, 64, 2064}, {"in flight: block (0,0,0) thread (0,0,0)", "reads 4 bytes at byte 0 of shared memory"}},
    {"wgmma_race",
     {{1}, {256}, 512, 5120},
     {"race", "thread (32,0,0)", "reads 16 bytes at byte 0 of shared memory, which thread (128,0,0) wrote"}},
    {"wgmma_not_fenced", {{1}, {128}, 512, 5120}, {"not fenced: block (0,0,0) thread (0,0,0)", "reads 16 bytes"}},
    {"wgmma_unwritten", {{1}, {128}, 512, 5120}, {"unwritten: ", "reads 16 bytes that nothing wrote, at byte 0 of shared memory"}},
    {"wgmma_without_wait",
     {{1}, {128}, 512, 5120},
     {"in flight: block (0,0,0) thread (0,0,0)", "reads 4 bytes of the accumulators of the wgmma() in ", "no wgmma_wait()"}},
    {"wgmma_operand_overwritten",
     {{1}, {128}, 512, 5120},
     {"still read: block (0,0,0) thread (7,0,0)", "an operand of the wgmma() in ", "no wgmma_wait()"}},
    {"wgmma_reads", {{1}, {160}, 512, 5120}, {"race", "thread (128,0,0)", "writes 4 bytes at byte 512", "which thread (0,0,0) read in "}},
    {"wgmma_refilled",
     {{1}, {160}, 512, 5120},
     {"in flight", "reads 16 bytes at byte 0", "where the copy that thread (128,0,0) began in "}},
};
const test::Clean clean[] = {{"mbarrier_chain", {{1}, {96}, 96, 1040}},
                             {"bulk_rounds", {{1}, {64}, 64, 2064}},
                             {"bulk_stores", {{1}, {64}, 64, 2064}},
                             {"column_clean", {{1}, {32}, 64, 2064}},
                             {"bulk_store_after_one_fence", {{1}, {64}, 64, 2064}},
                             {"wgmma_clean", {{1}, {128}, 512, 5120}},
                             {"wgmma_rounds", {{1}, {160}, 512, 5120}}};

TEST_CASE("every planted fault is found, on its line, and no schedule hides it") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  test::check_under_schedules(faults, clean, "tests/kernels_for_tests/check_hopper.cu");
}

}  // namespace
}  // namespace duel
