// What a simulated block says when it fails: row, block, thread, and who waits where.
#include <cstdio>
#include <cstring>

#include "kernels/error.h"
#include "kernels/sim/block.h"

namespace duel::sim {
namespace {

std::string text_of(uint3 v) { return "(" + std::to_string(v.x) + "," + std::to_string(v.y) + "," + std::to_string(v.z) + ")"; }

const char* name_of_call(Barrier kind) {
  constexpr const char* names[] = {"__syncthreads()", "__syncthreads_count()", "__syncthreads_and()", "__syncthreads_or()"};
  return names[static_cast<int>(kind)];
}
const char* name_of_call(Collective kind) {
  constexpr const char* names[] = {"__syncwarp",        "__shfl_sync",       "__shfl_up_sync",    "__shfl_down_sync",  "__shfl_xor_sync",
                                   "__ballot_sync",     "__any_sync",        "__all_sync",        "__reduce_add_sync", "__reduce_min_sync",
                                   "__reduce_max_sync", "__reduce_min_sync", "__reduce_max_sync", "__reduce_and_sync", "__reduce_or_sync",
                                   "__reduce_xor_sync", "__match_any_sync",  "__match_all_sync"};
  return names[static_cast<int>(kind)];
}

}  // namespace

std::string Block::place() const {
  std::string text = launch_->row ? std::string("[") + launch_->row->op + ":" + launch_->row->name + "]" : std::string("[sim]");
  return text + " block " + text_of(blockIdx);
}

std::string Block::call_text(int lane) const {
  const Site site = lanes_[lane].site;
  std::string text;
  if (lanes_[lane].state == State::at_collective) {
    const Warp& warp = warps_[lane / 32];
    char mask[32];
    std::snprintf(mask, sizeof mask, "(mask 0x%08x)", warp.mask[lane & 31]);
    text = std::string(name_of_call(warp.kind[lane & 31])) + mask;
  } else {
    text = name_of_call(barrier_kind_);
  }
  return text + " in " + site.file + ":" + std::to_string(site.line);
}

std::string Block::waiters() const {
  bool told[max_threads] = {};
  std::string text;
  for (int i = 0; i < threads_; ++i) {
    if (told[i] || (lanes_[i].state != State::at_barrier && lanes_[i].state != State::at_collective)) continue;
    const std::string call = call_text(i);
    int count = 0;
    for (int j = i; j < threads_; ++j)
      if (!told[j] && lanes_[j].state == lanes_[i].state && call_text(j) == call) told[j] = true, ++count;
    text += (text.empty() ? "" : "; ") + std::to_string(count) + (count == 1 ? " thread, " : " threads, the first ") +
            text_of(lanes_[i].index) + (count == 1 ? ", waits at " : ", wait at ") + call;
  }
  if (returned_) text += "; " + std::to_string(returned_) + (returned_ == 1 ? " has returned" : " have returned");
  return text;
}

// Without a site the whole block is to blame; with one, the running thread.
void Block::misuse(const std::string& what, const Site* site) {
  std::string text = place();
  if (site) text += " thread " + text_of(lanes_[current_].index) + " in " + site->file + ":" + std::to_string(site->line) + ":";
  fail(Failure::device, text + " " + what);
}

}  // namespace duel::sim
