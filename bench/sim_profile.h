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
struct ProfiledLaunch {
  std::string row;
  LaunchCounts shape;  // its sites are not to be used
  std::vector<ProfiledSite> sites;
};

// Of device memory (sectors) or shared memory (wavefronts), over all sites of one kind.
struct Traffic {
  long long requests = 0, lanes = 0, units = 0, fewest = 0;
  double over_fewest() const { return fewest ? static_cast<double>(units) / static_cast<double>(fewest) : 1; }
  double lanes_a_request() const { return requests ? static_cast<double>(lanes) / static_cast<double>(requests) : 0; }
};

struct SimProfile {
  std::string row, problem;
  double flops = 0, minimum_bytes = 0;
  std::vector<ProfiledLaunch> launches;
  Traffic traffic(MemorySpace space, bool loads) const;  // stores include atomics
  double moved_bytes() const;                            // all sectors, loaded and stored
};

// The row must be one of the checked simulated GPU. Throws Error(internal) when it does not give the reference's answer, Error(device) with
// the checker's report, Error(usage) when it does not support the problem.
SimProfile profile_row(const OpInfo& op, const ErasedCase& problem, const Row& row, uint64_t seed);

std::string profile_table(const SimProfile& profile);
std::string profile_source(const SimProfile& profile);  // the kernel's file with its counters beside the lines
nlohmann::json profile_json(const SimProfile& profile);
std::string profile_page(const SimProfile& profile);  // a self-contained page

}  // namespace duel::bench
