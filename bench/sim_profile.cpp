#include "bench/sim_profile.h"

#include <algorithm>

#include "kernels/error.h"
#include "tests/row_check.h"

namespace duel::bench {
namespace {

void keep(void* user, const LaunchCounts& launch) {
  ProfiledLaunch kept{launch.row, launch, {}, {}};
  for (int i = 0; i < launch.site_count; ++i) kept.sites.push_back({launch.sites[i].where, launch.sites[i].buffer, launch.sites[i]});
  for (int i = 0; i < launch.product_count; ++i) kept.products.push_back({launch.products[i].where, launch.products[i]});
  static_cast<std::vector<ProfiledLaunch>*>(user)->push_back(std::move(kept));
}

void require_support(const OpInfo& op, const ErasedCase& problem, const Row& row) {
  if (!row.supports(problem.problem.get()))
    fail(Failure::usage, std::string("[") + op.name + "] row " + row.name + " does not support " + problem.text);
}

SimProfile count(const OpInfo& op, const ErasedCase& problem, const Row& row, std::vector<test::Bytes> contents) {
  SimProfile profile{std::string(op.name) + ":" + row.name,    problem.text,     op.flops(problem.problem.get()),
                     minimum_bytes(op, problem.problem.get()), op.multiply_adds, {}};
  const DeviceBackend& device = backend(row.device);
  device.count_begin(keep, &profile.launches);
  struct End {
    const DeviceBackend& device;
    ~End() { device.count_end(); }
  } end{device};
  test::run_once(row, op, problem, contents, device_alignment);
  return profile;
}

}  // namespace

SimProfile profile_row(const OpInfo& op, const ErasedCase& problem, const Row& row, uint64_t seed) {
  require_support(op, problem, row);
  const test::Question question = test::ask(op, problem, test::Values::reals, seed);
  if (const test::Verdict verdict = test::check(row, question); !verdict.passed)
    fail(Failure::internal, std::string("[") + op.name + "] row " + row.name + " is WRONG on " + problem.text + ": " + verdict.why);
  return count(op, problem, row, question.before);
}

SimProfile count_row(const OpInfo& op, const ErasedCase& problem, const Row& row, uint64_t seed) {
  require_support(op, problem, row);
  std::vector<test::Bytes> contents;
  for (const Buffer& b : op.buffers(problem.problem.get()))
    contents.push_back(b.role == Role::out ? test::Bytes{} : test::filled(b, test::Values::reals, seed + contents.size(), 1));
  return count(op, problem, row, std::move(contents));
}

Traffic SimProfile::traffic(MemorySpace space, bool loads) const {
  Traffic total;
  for (const ProfiledLaunch& launch : launches)
    for (const ProfiledSite& site : launch.sites) {
      const SiteCounts& c = site.counts;
      if (c.space != space || (c.kind == AccessKind::load) != loads) continue;
      total.requests += c.requests, total.lanes += c.lanes;
      total.units += space == MemorySpace::global ? c.sectors : c.wavefronts;
      total.fewest += space == MemorySpace::global ? c.fewest_sectors : c.fewest_wavefronts;
    }
  return total;
}

long long SimProfile::multiplies(bool matrix) const {
  long long total = 0;
  for (const ProfiledLaunch& launch : launches)
    for (const ProfiledProduct& product : launch.products)
      if (product.counts.matrix == matrix) total += product.counts.multiplies;
  return total;
}
long long SimProfile::matrix_instructions() const {
  long long lanes = 0;
  for (const ProfiledLaunch& launch : launches)
    for (const ProfiledProduct& product : launch.products)
      if (product.counts.matrix) lanes += product.counts.lanes;
  return lanes / 32;
}
double SimProfile::over_useful() const {
  return multiply_adds && flops > 0 ? static_cast<double>(multiplies(true) + multiplies(false)) / (flops / 2) : 0;
}

// CUDA C++ Programming Guide, technical specifications of compute capability 9.0; each block reserves 1 KiB of shared memory.
Occupancy occupancy_of(const LaunchCounts& shape) {
  constexpr int most_warps = 64, most_blocks = 32, multiprocessors = 132;
  constexpr size_t shared_bytes = 228 << 10, reserved = 1 << 10;
  const int warps = static_cast<int>((shape.block[0] * shape.block[1] * shape.block[2] + 31) / 32);
  const double blocks = static_cast<double>(shape.grid[0]) * shape.grid[1] * shape.grid[2];
  Occupancy o;
  o.blocks = std::min({most_blocks, most_warps / warps, static_cast<int>(shared_bytes / (shape.shared_bytes + reserved))});
  o.share = static_cast<double>(o.blocks * warps) / most_warps;
  o.waves = blocks / (o.blocks * multiprocessors);
  return o;
}

double SimProfile::moved_bytes() const {
  return 32.0 * static_cast<double>(traffic(MemorySpace::global, true).units + traffic(MemorySpace::global, false).units);
}

}  // namespace duel::bench
