// Cooperative grids: every block has an executor, and rests there while others come to the barrier.
#include "kernels/sim/grid.h"

#include <omp.h>

#include "kernels/sim/block.h"
#include "kernels/sim/names.h"

namespace duel::sim {

std::string Block::index_text() const { return text_of(member_[0].index); }

void Block::grid_sync(Site site) {
  if (failing_) return;
  if (!launch_->cooperative) misuse("grid_sync() in a launch that is not cooperative: start it with launch_cooperative()", &site);
  ++at_grid_;
  lanes_[current_].state = State::at_grid;
  lanes_[current_].site = site;
  wait();
}

void Block::pass_grid() {
  at_grid_ = 0;
  if (launch_->schedule.kind == Schedule::Kind::random) ++round_, order_lanes();
  for (int i = 0; i < threads_; ++i) wake(order_[i]);
}

namespace {

struct Resident {
  Block* block = nullptr;
  std::exception_ptr error;
};

// The schedule of the stretch between two barriers: a random one hands blocks out in another order each time.
Schedule of_stretch(Schedule schedule, int stretch) {
  schedule.seed += static_cast<uint64_t>(stretch);
  return schedule;
}

}  // namespace

// Blocks stay with the OS thread that began them, for fibers do. Of several failures the one of the lowest block is reported.
std::exception_ptr run_resident(const Launch& launch) {
  const int blocks = static_cast<int>(launch.grid.x * launch.grid.y * launch.grid.z);
  if (omp_in_parallel()) fail(Failure::internal, "a cooperative launch from inside a parallel region, whose barriers it would meet");
  Resident resident[max_resident_blocks];
  bool over = false;
  int stretch = 0;

  const auto each_own = [&](auto f) {
    const int team = omp_get_num_threads(), thread = omp_get_thread_num();
    const Schedule schedule = of_stretch(launch.schedule, stretch);
    for (int position = 0; position < blocks; ++position) {
      const int number = static_cast<int>(schedule.block_at(static_cast<uint64_t>(position), static_cast<uint64_t>(blocks)));
      if (number % team == thread) f(number, number / team);
    }
  };
  const auto begin = [&](int number, int place) {
    Resident& r = resident[number];
    try {
      Block& block = Block::of_grid(place);
      block.begin(launch, static_cast<uint64_t>(number), number);
      r.block = &block;
    } catch (...) {  // no memory for it
      r.error = std::current_exception();
    }
  };
  const auto go_on = [&](int number, int) {
    if (resident[number].block) resident[number].block->go_on();
  };
  const auto end = [&](int number, int) {
    if (Resident& r = resident[number]; r.block) r.error = r.block->end();
  };
  // All blocks rest or have ended.
  const auto decide = [&] {
    int waiting = -1, gone = -1, resting = 0;
    for (int number = blocks - 1; number >= 0; --number) {
      const Block* block = resident[number].block;
      over |= !block || block->failing();
      if (block && block->at_grid()) waiting = number, ++resting;
      else gone = number;
    }
    over |= resting == 0;
    if (!over && gone >= 0) resident[waiting].block->deserted(resident[gone].block->index_text()), over = true;
    if (!over) watch::grid_barrier(blocks);
    for (int number = 0; number < blocks; ++number) {
      Block* block = resident[number].block;
      if (!block || !block->at_grid()) continue;
      if (over) block->abandon();
      else block->pass_grid();
    }
    ++stretch;
  };
  const auto work = [&] {
    each_own(begin);
#pragma omp barrier
    while (!over) {
      each_own(go_on);
#pragma omp barrier
#pragma omp single
      decide();
    }
    each_own(end);
  };
  if (blocks == 1 || checked_build) {
    work();
  } else {
#pragma omp parallel
    work();
  }
  for (Resident& r : resident)
    if (r.error) return r.error;
  return nullptr;
}

}  // namespace duel::sim
