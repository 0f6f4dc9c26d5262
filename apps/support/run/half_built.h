// A run folder while it is built: .<name>.XXXXXX beside its final place, with a lock that its process holds. A process that is killed
// leaves it behind, and the next one that starts a run of this name takes it away.
//
// Making one and taking one away never meet: whoever takes away holds the lock first, and then renames the folder, so that its maker, who
// has made the folder but not locked it yet, finds the lock held or the folder gone, and makes another.
#pragma once
#include <filesystem>
#include <string>

#include "apps/support/run/folder_lock.h"

namespace duel {

struct HalfBuilt {
  std::filesystem::path path;
  Descriptor lock;  // −1 where there is nothing to lock
};
// Throws Failure::data when the folder cannot be made.
HalfBuilt make_half_built(const std::filesystem::path& parent, const std::string& name);

// Removes what killed processes left behind: folders of such a name with nothing in them but what is made there before the run has its
// final place, whose lock can be had. Never fails: what cannot be removed stays.
void remove_half_built(const std::filesystem::path& parent, const std::string& name);

}  // namespace duel
