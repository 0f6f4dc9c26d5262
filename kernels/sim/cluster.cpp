// Clusters: where their blocks lie in the grid, their barrier, and each other's shared memory.
#include "kernels/sim/cluster.h"

#include <cstring>

#include "kernels/sim/block.h"
#include "kernels/sim/names.h"

namespace duel::sim {

uint3 Launch::place_of(uint64_t unit, int member) const {
  const uint64_t across = grid.x / cluster.x, down = grid.y / cluster.y;
  const auto rank = static_cast<unsigned>(member);
  return {static_cast<unsigned>(unit % across) * cluster.x + rank % cluster.x,
          static_cast<unsigned>(unit / across % down) * cluster.y + rank / cluster.x % cluster.y,
          static_cast<unsigned>(unit / across / down) * cluster.z + rank / cluster.x / cluster.y};
}

// PTX ISA, barrier.cluster: complete when every thread of the cluster has come or returned.
void Block::cluster_arrive(Site site) {
  if (failing_) return;
  Lane& lane = lanes_[current_];
  if (lane.arrived) misuse("cluster_arrive() again before cluster_wait()", &site);
  lane.arrived = cluster_phase_;
  --cluster_missing_;
  watch::mbarrier_arrive(cluster_slot, current_);
  settle_cluster();
}

void Block::cluster_wait(Site site) {
  if (failing_) return;
  Lane& lane = lanes_[current_];
  if (!lane.arrived) misuse("cluster_wait() without cluster_arrive()", &site);
  if (lane.arrived == cluster_phase_) {
    lane.state = State::at_cluster;
    lane.site = site;
    wait();
  } else {
    watch::mbarrier_pass(cluster_slot, current_);
  }
  lane.arrived = 0;
}

void Block::settle_cluster() {
  if (cluster_missing_) return;
  ++cluster_phase_;
  cluster_missing_ = threads_ - returned_;
  watch::mbarrier_complete(cluster_slot);
  for (int i = 0; i < threads_; ++i) {
    if (lanes_[order_[i]].state != State::at_cluster) continue;
    watch::mbarrier_pass(cluster_slot, order_[i]);
    wake(order_[i]);
  }
}

// All threads of a block have returned: its shared memory is another's.
void Block::leave(int member) {
  member_[member].left = true;
  for (const BulkCopy& copy : bulk_.flying())
    if (copy.load && copy.shared - shared_of(member) < span_)
      misuse("block " + text_of(member_[member].index) + " ended while a bulk load begun in " + text_of(copy.site) +
                 " was on its way to its shared memory: a thread of it must wait for its mbarrier",
             nullptr);
  watch::member_leaves(member);
  if (launch_->shared_bytes) std::memset(reinterpret_cast<void*>(shared_of(member)), 0xff, launch_->shared_bytes);
}

void* Block::map(const void* at, int rank, Site site) {
  const uintptr_t place = reinterpret_cast<uintptr_t>(at) - shared_of(this->rank());
  if (!shared_ || place >= launch_->shared_bytes) misuse("in_cluster() of what does not lie in the block's own shared memory", &site);
  if (rank < 0 || rank >= members_)
    misuse("in_cluster() of block " + std::to_string(rank) + " of a cluster of " + std::to_string(members_), &site);
  return reinterpret_cast<void*>(shared_of(rank) + place);
}

}  // namespace duel::sim
