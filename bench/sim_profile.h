// One row on one problem, counted by the checked simulated GPU: what simprof prints.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/counts.h"
#include "kernels/op.h"
#include "kernels/registry.h"

namespace duel::bench {

struct ProfiledSite {
  std::string where, buffer;
  SiteCounts counts;  // its texts are not to be used
};
struct ProfiledProduct {
  std::string where;
  ProductCounts counts;  // its text is not to be used
};
struct ProfiledLaunch {
  std::string row;
  LaunchCounts shape;  // its sites and products are not to be used
  std::vector<ProfiledSite> sites;
  std::vector<ProfiledProduct> products;
};

// How a launch lies on a GPU of compute capability 9.0 with 132 multiprocessors (H100 SXM, H200), as far as threads and shared memory
// decide; registers may leave room for less (scripts/gates --table).
struct Occupancy {
  int blocks = 0;    // that a multiprocessor holds at once
  double share = 0;  // of its 64 warps
  double waves = 0;  // of blocks over the whole GPU
};
Occupancy occupancy_of(const LaunchCounts& shape);

// Of device memory (sectors) or shared memory (wavefronts), over all sites of one kind.
struct Traffic {
  long long requests = 0, lanes = 0, units = 0, fewest = 0;
  double over_fewest() const { return fewest ? static_cast<double>(units) / static_cast<double>(fewest) : 1; }
  double lanes_a_request() const { return requests ? static_cast<double>(lanes) / static_cast<double>(requests) : 0; }
};

struct SimProfile {
  std::string row, problem;
  double flops = 0, minimum_bytes = 0;
  bool multiply_adds = false;  // half of flops are multiplications
  std::vector<ProfiledLaunch> launches;
  Traffic traffic(MemorySpace space, bool loads) const;  // stores include atomics
  long long multiplies(bool matrix) const;               // executed by matrix instructions, or by fma_rn() and mul_rn()
  long long matrix_instructions() const;                 // of a warp
  double over_useful() const;                            // multiplies executed against those in flops; 0 where that is not known
  double moved_bytes() const;                            // all sectors, loaded and stored
};

// The row must be one of the checked simulated GPU. Throws Error(internal) when it does not give the reference's answer, Error(device) with
// the checker's report, Error(usage) when it does not support the problem.
SimProfile profile_row(const OpInfo& op, const ErasedCase& problem, const Row& row, uint64_t seed);
// The same without a look at the answer, which on large problems takes longer than to count.
SimProfile count_row(const OpInfo& op, const ErasedCase& problem, const Row& row, uint64_t seed);

std::string profile_table(const SimProfile& profile);
std::string profile_source(const SimProfile& profile);  // the kernel's file with its counters beside the lines
nlohmann::json profile_json(const SimProfile& profile);
std::string profile_page(const SimProfile& profile);  // a self-contained page

}  // namespace duel::bench
