// What a simulated block says when it fails: row, block, thread, and who waits where.
#include "kernels/error.h"
#include "kernels/sim/block.h"
#include "kernels/sim/names.h"

namespace duel::sim {
std::string Block::place() const {
  std::string text = launch_->row ? std::string("[") + launch_->row->op + ":" + launch_->row->name + "]" : std::string("[sim]");
  return text + " block " + text_of(blockIdx);
}

std::string Block::call_text(int lane) const {
  if (lanes_[lane].state == State::at_named) {
    const Named& b = member_[member_of(lane)].named[lanes_[lane].barrier];
    return "barrier " + std::to_string(lanes_[lane].barrier) + " (" + std::to_string(b.arrived) + " of " + std::to_string(b.threads) +
           " threads have come) in " + text_of(lanes_[lane].site);
  }
  if (lanes_[lane].state == State::at_warpgroup) {
    const Warpgroup& group = warpgroups_[lane / 128];
    return std::string(name_of(group.call)) + " (" + std::to_string(group.came) + " of 128 threads have come) in " + text_of(group.site);
  }
  if (lanes_[lane].state == State::at_mbarrier)
    return mbarrier_text(*mbarriers_.find(lanes_[lane].mbarrier)) + " for parity " + std::to_string(lanes_[lane].parity) + " in " +
           text_of(lanes_[lane].site);
  if (lanes_[lane].state == State::at_cluster)
    return "cluster_wait() (" + std::to_string(cluster_missing_) + " of " + std::to_string(threads_) +
           " threads have neither come to cluster_arrive() nor returned) in " + text_of(lanes_[lane].site);
  if (lanes_[lane].state == State::at_grid) return "grid_sync() in " + text_of(lanes_[lane].site);
  if (const Member& block = member_[member_of(lane)]; lanes_[lane].state == State::at_barrier)
    return name_of(block.kind) + (" in " + text_of(block.site));
  const Warp& warp = warps_[lane / 32];
  if (warp.kind[lane & 31] == Collective::together) return warp.instruction[lane & 31]->name + (" in " + text_of(lanes_[lane].site));
  return std::string(name_of(warp.kind[lane & 31])) + "(mask " + text_of(warp.mask[lane & 31]) + ") in " + text_of(lanes_[lane].site);
}

std::string Block::waiters() const {
  bool told[max_threads] = {};
  std::string text;
  for (int i = 0; i < slots_; ++i) {
    if (told[i] || !waits(i)) continue;
    const std::string call = call_text(i);
    int count = 0;
    for (int j = i; j < slots_; ++j)
      if (!told[j] && lanes_[j].state == lanes_[i].state && call_text(j) == call) told[j] = true, ++count;
    text += (text.empty() ? "" : "; ") + std::to_string(count) + (count == 1 ? " thread, " : " threads, the first ") +
            text_of(lanes_[i].index) + (members_ == 1 ? "" : " of block " + text_of(member_[member_of(i)].index)) +
            (count == 1 ? ", waits at " : ", wait at ") + call;
  }
  if (returned_) text += "; " + std::to_string(returned_) + (returned_ == 1 ? " has returned" : " have returned");
  return text;
}

std::string Block::advice() const {
  if (at_grid_) return ". All threads of a cooperative grid must come to each grid_sync(), also those with nothing left to do";
  for (int i = 0; i < slots_; ++i)
    if (lanes_[i].state == State::at_cluster) return ". All threads of a cluster that have not returned must come to its barrier";
  for (int i = 0; i < slots_; ++i)
    if (lanes_[i].state == State::at_mbarrier)
      return ". A phase of an mbarrier needs all its arrivals, and all the bytes that it was told to expect";
  return ". All threads of a block must reach the same __syncthreads(), and all lanes named in a mask the same call";
}

// Without a site the whole block is to blame; with one, the running thread.
void Block::misuse(const std::string& what, const Site* site) {
  watch::nobody_runs();
  std::string text = place();
  if (site) text += " thread " + text_of(lanes_[current_].index) + " in " + text_of(*site) + ":";
  fail(Failure::device, text + " " + what);
}

}  // namespace duel::sim
