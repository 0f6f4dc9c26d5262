// The counters of the simulated GPU against hand calculation.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "kernels/error.h"
#include "tests/kernels_for_tests/count_probe.h"
#include "tests/sim_support.h"

namespace duel {
namespace {

struct Counted {
  std::vector<SiteCounts> sites;  // whose texts are gone
  std::vector<std::string> where;
  std::vector<ProductCounts> products;
  long long barriers = 0;
};

Counted counted(const char* name, CountProbe::Problem p) {
  const DeviceBackend& device = backend(Device::sim_checked);
  constexpr size_t bytes = 8192;
  void *x = device.allocate(bytes), *y = device.allocate(bytes);
  device.fill(x, 0, bytes), device.fill(y, 0, bytes);
  Counted all;
  device.count_begin(
      [](void* user, const LaunchCounts& launch) {
        Counted& into = *static_cast<Counted*>(user);
        into.sites.assign(launch.sites, launch.sites + launch.site_count);
        into.barriers = launch.barriers;
        into.products.assign(launch.products, launch.products + launch.product_count);
        for (const SiteCounts& s : into.sites) into.where.push_back(s.where);
      },
      &all);
  test::run<CountProbe>(name, Device::sim_checked, p, {x, y});
  device.count_end();
  device.release(x, bytes), device.release(y, bytes);
  return all;
}

struct Expected {
  const char* name;
  long long requests, lanes, units, fewest;
  CountProbe::Problem problem = {};
  int sites = 1;  // of this space and kind
};

// The last site of a space and kind, and how many there are.
void check(const Expected& e, MemorySpace space, AccessKind kind) {
  const std::string name = e.name;
  CAPTURE(name);
  const Counted all = counted(e.name, e.problem);
  SiteCounts last{};
  int sites = 0;
  for (const SiteCounts& s : all.sites)
    if (s.space == space && s.kind == kind) last = s, ++sites;
  const bool global = space == MemorySpace::global;
  CHECK(sites == e.sites);
  CHECK(last.requests == e.requests);
  CHECK(last.lanes == e.lanes);
  CHECK((global ? last.sectors : last.wavefronts) == e.units);
  CHECK((global ? last.fewest_sectors : last.fewest_wavefronts) == e.fewest);
}

TEST_CASE("bulk copies and products of a warpgroup: 32 pieces of 16 bytes are a request") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  check({"bulk_copy", 8, 256, 128, 128}, MemorySpace::global, AccessKind::load);
  check({"bulk_copy", 8, 256, 32, 32}, MemorySpace::shared, AccessKind::store);
  check({"warpgroup_product", 8, 256, 32, 32, {1, 128}}, MemorySpace::shared, AccessKind::load);
  const Counted product = counted("warpgroup_product", {1, 128});
  REQUIRE(product.products.size() == 1);
  CHECK(product.products[0].matrix);
  CHECK(product.products[0].multiplies == 64 * 64 * 16);
}

TEST_CASE("sectors of device memory") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  for (const Expected& e : {
           Expected{"copy", 1, 32, 4, 4},
           {"copy", 2, 48, 6, 6, {1, 48}},  // a warp and a half
           {"copy", 6, 192, 24, 24, {3, 64}},
           {"stride_2", 1, 32, 8, 4},
           {"stride_32", 1, 32, 32, 4},
           {"offset_1", 1, 32, 5, 4},
           {"broadcast", 1, 32, 1, 1},
           {"reversed", 1, 32, 4, 4},
           {"shuffled", 1, 32, 4, 4},
           {"vector_16", 1, 32, 16, 16},
           {"bf16_copy", 1, 32, 2, 2},
           {"byte_copy", 1, 32, 1, 1},
           {"double_copy", 1, 32, 8, 8},
           {"odd_lanes", 1, 16, 4, 2},
           {"two_ways", 1, 16, 2, 2, {}, 2},
           // Request i has the lanes above i, which read the last 31 − i words of a line of 128 bytes: ⌈(31 − i)/8⌉ sectors.
           {"uneven_loop", 31, 496, 76, 76},
       })
    check(e, MemorySpace::global, AccessKind::load);
  for (const Expected& e : {Expected{"copy", 1, 32, 4, 4},
                            {"vector_16", 1, 32, 16, 16},
                            {"byte_copy", 1, 32, 1, 1},
                            {"odd_lanes", 1, 16, 4, 2},
                            {"two_ways", 1, 32, 4, 4},
                            {"uneven_loop", 1, 32, 4, 4}})
    check(e, MemorySpace::global, AccessKind::store);
  for (const Expected& e : {Expected{"adds", 1, 32, 1, 1}, {"float_adds", 2, 64, 2, 2, {1, 64}}})
    check(e, MemorySpace::global, AccessKind::atomic);
}

TEST_CASE("wavefronts of shared memory") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  for (const Expected& e : {
           Expected{"shared_row", 1, 32, 1, 1},
           {"shared_broadcast", 1, 32, 1, 1},
           {"shared_two_words", 1, 32, 2, 1},
           {"shared_stride_2", 1, 32, 2, 1},
           {"shared_column", 1, 32, 32, 1},
           {"padded_column", 1, 32, 1, 1},
           {"swizzled_column", 1, 32, 1, 1},
           {"shared_vector", 1, 32, 4, 4},
           {"shared_vector_strided", 1, 32, 32, 4},
           {"shared_doubles", 1, 32, 2, 2},
           {"shared_doubles_strided", 1, 32, 4, 2},
       })
    check(e, MemorySpace::shared, AccessKind::load);
  check({"shared_column", 32, 1024, 32, 32}, MemorySpace::shared, AccessKind::store);  // the rows that fill() writes
}

TEST_CASE("asynchronous copies and matrices") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  check({"async_row", 1, 16, 16, 8}, MemorySpace::global, AccessKind::load);  // every second 16 bytes: half of each sector
  check({"async_row", 1, 32, 4, 4}, MemorySpace::shared, AccessKind::store);
  check({"matrix_columns", 1, 32, 32, 4}, MemorySpace::shared, AccessKind::load);  // the eight rows of a matrix in the same four banks
  check({"matrix_rows", 1, 32, 4, 4}, MemorySpace::shared, AccessKind::load);
}

TEST_CASE("products") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  const Counted all = counted("products", {3, 64});
  REQUIRE(all.products.size() == 4);
  const ProductCounts want[] = {
      {"", false, 3 * 192, 3 * 192}, {"", false, 2 * 96, 2 * 96}, {"", true, 192, 6 * 16 * 8 * 16}, {"", true, 192, 6 * 16 * 8 * 8}};
  for (size_t i = 0; i < 4; ++i) {
    CHECK(all.products[i].matrix == want[i].matrix);
    CHECK(all.products[i].lanes == want[i].lanes);
    CHECK(all.products[i].multiplies == want[i].multiplies);
  }
  CHECK(counted("copy", {}).products.empty());
}

TEST_CASE("barriers, and nothing at all when nobody counts") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  CHECK(counted("shared_row", {5, 32}).barriers == 5);
  CHECK(counted("copy", {5, 32}).barriers == 0);
  const DeviceBackend& device = backend(Device::sim_checked);
  Counted none;
  device.count_begin([](void* user, const LaunchCounts&) { static_cast<Counted*>(user)->barriers = 1; }, &none);
  device.count_end();
  void* x = device.allocate(8192);
  device.fill(x, 0, 8192);
  test::run<CountProbe>("copy", Device::sim_checked, {}, {x, static_cast<char*>(x) + 4096});
  device.release(x, 8192);
  CHECK(none.barriers == 0);
}

TEST_CASE("a site says where it is, and two runs count the same") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  std::vector<long long> first;
  for (const char* schedule : {"forward", "reverse", "random:3"}) {
    setenv("DUEL_SIM_SCHEDULE", schedule, 1);
    std::vector<long long> numbers;
    for (const char* name : {"uneven_loop", "two_ways", "shared_column"})
      for (const SiteCounts& s : counted(name, {}).sites) numbers.insert(numbers.end(), {s.requests, s.lanes, s.sectors, s.wavefronts});
    for (const std::string& where : counted("uneven_loop", {}).where) CHECK(where.find("tests/kernels_for_tests/count_probe.cu:") == 0);
    if (first.empty()) first = numbers;
    CHECK(numbers == first);
    unsetenv("DUEL_SIM_SCHEDULE");
  }
}

}  // namespace
}  // namespace duel
