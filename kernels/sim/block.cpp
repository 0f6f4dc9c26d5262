#include "kernels/sim/block.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "kernels/error.h"

namespace duel::sim {
namespace {
// Every call of a kernel comes through here, so the common case is one load.
thread_local constinit __attribute__((tls_model("initial-exec"))) Block* own = nullptr;
thread_local std::unique_ptr<Block> blocks_of_grid[max_resident_blocks];

Block& first_block() {
  static thread_local const std::unique_ptr<Block> block = std::make_unique<Block>();
  return *block;
}
}  // namespace

Block& Block::mine() {
  if (!own) own = &first_block();
  return *own;
}

Block& Block::of_grid(int number) {
  std::unique_ptr<Block>& block = blocks_of_grid[number];
  if (!block) block = std::make_unique<Block>();
  return *block;
}

Block::~Block() {
  own = nullptr;
  std::free(shared_);
}

void Block::prepare(const Launch& launch, uint64_t number) {
  const dim3 shape = launch.block;
  if (shape.x != shape_.x || shape.y != shape_.y || shape.z != shape_.z || launch.members() != shape_members_) {
    shape_ = shape;
    members_ = shape_members_ = launch.members();
    apart_ = launch.lanes_apart();
    each_ = static_cast<int>(shape.x * shape.y * shape.z);
    threads_ = members_ * each_;
    slots_ = (members_ - 1) * apart_ + each_;
    order_kind_ = -1;
    for (int member = 0; member < members_; ++member) {
      uint3 index{0, 0, 0};
      for (int i = 0; i < each_; ++i) {
        lanes_[member * apart_ + i].index = index;
        if (++index.x < shape.x) continue;
        index.x = 0;
        if (++index.y == shape.y) index.y = 0, ++index.z;
      }
    }
  }
  span_ = members_ == 1 ? 0 : cluster_span(launch.shared_bytes);
  round_ = number << 20;
  if (const int kind = static_cast<int>(launch.schedule.kind); kind != order_kind_ || launch.schedule.kind == Schedule::Kind::random) {
    order_kind_ = kind;
    launch_ = &launch;
    order_lanes();
  }
  launch_ = &launch;
  next_ = returned_ = at_grid_ = 0;
  for (int member = 0; member < members_; ++member) member_[member] = {}, member_[member].index = launch.place_of(number, member);
  cluster_missing_ = threads_, cluster_phase_ = 1;
  copies_.block_begins();
  mbarriers_.block_begins();
  bulk_.block_begins(slots_);
  for (Warpgroup& group : warpgroups_) group.block_begins();
  ready_head_ = ready_end_ = 0;
  failing_ = false;
  error_ = nullptr;
  for (int first = 0; first < slots_; first += 32) {
    Warp& warp = warps_[first / 32];
    const int left = each_ - first % apart_;  // none past a block's last warp
    warp.waiting = 0;
    warp.returned = left >= 32 ? 0 : left <= 0 ? ~uint32_t{0} : ~uint32_t{0} << left;
    for (int i = first; i < first + 32; ++i) lanes_[i].arrived = 0;
  }
  if (launch.shared_bytes) {
    if (!shared_ && !(shared_ = std::aligned_alloc(1024, max_shared_span)))
      fail(Failure::memory, "[sim] no host memory for a block's shared memory");
    for (int member = 0; member < members_; ++member) std::memset(reinterpret_cast<void*>(shared_of(member)), 0xff, launch.shared_bytes);
  }
  watch::block_begins(slot_, number, slots_, shared_, launch.shared_bytes, members_);
}

void Block::come_back() {
  own = this;
  blockIdx = member_[0].index;
  blockDim = launch_->block;
  gridDim = launch_->grid;
  watch::block_goes_on(slot_);
}

std::exception_ptr Block::run(const Launch& launch, uint64_t number) {
  begin(launch, number, 0);
  go_on();
  return end();
}

void Block::begin(const Launch& launch, uint64_t number, int slot) {
  slot_ = slot;
  prepare(launch, number);
  running_ = true;
}

// Any thread may be the one that tells; it must not keep a block that is another's.
void Block::deserted(const std::string& other_block) {
  Block* const before = own;
  come_back();
  guarded([&] { misuse("cannot go on: " + waiters() + "; block " + other_block + " has ended without coming there" + advice(), nullptr); });
  own = before;
}

void Block::go_on() {
  come_back();
  for (;;) {
    Context& next = next_context();
    if (&next != &home_) {
      jump(home_, next);
    } else if (failing_) {
      break;
    } else if (returned_ == threads_) {
      guarded([&] { check_bulk_at_end(), check_products_at_end(); });
      break;
    } else if (next_ < threads_) {  // every fiber waits, and threads are left to start
      guarded([&] {
        idle_[idle_count_++] = new_fiber(fibers_made_);
        ++fibers_made_;
      });
    } else if (at_grid_ == threads_) {
      return watch::block_rests();
    } else {
      guarded([&] {
        if (!land_bulk_load()) misuse("cannot go on: " + waiters() + advice(), nullptr);
      });
    }
  }
}

std::exception_ptr Block::end() {
  come_back();
  if (failing_) unwind();
  if (stopped_) replace_stopped();
  watch::block_ends();
  running_ = false;
  own = nullptr;
  return error_;
}

Fiber* Block::new_fiber(int place) {
  fibers_[place] = std::make_unique<Fiber>([](void* block, Fiber& self) { static_cast<Block*>(block)->serve(self); }, this);
  return fibers_[place].get();
}

void Block::stop_lane() {
  try {
    misuse("was stopped at an access that would crash", nullptr);
  } catch (...) {
    failed();
  }
  stopped_ = running_fiber_;
  jump(*running_fiber_, home_);
  std::abort();  // nobody jumps back
}

void Block::replace_stopped() {
  int place = 0;
  while (fibers_[place].get() != stopped_) ++place;
  idle_[idle_count_++] = new_fiber(place);
  stopped_ = nullptr;
}

void Block::failed() {
  if (!error_) error_ = std::current_exception();
  failing_ = true;
}

Context& Block::next_context() {
  if (failing_) return home_;
  if (ready_head_ != ready_end_) return *lanes_[ready_[ready_head_++ % max_threads]].fiber;
  if (next_ < threads_ && idle_count_) return *idle_[--idle_count_];
  return home_;
}

void Block::serve(Fiber& self) {
  for (;;) {
    try {
      while (next_ < threads_ && ready_head_ == ready_end_ && !failing_) {
        const int lane = order_[next_++];
        current_ = lane;
        running_fiber_ = &self;
        threadIdx = lanes_[lane].index;
        if (members_ > 1) blockIdx = own_member().index;
        watch::lane_runs(lane, self.stack, self.stack_bytes);
        launch_->thread(launch_->body);
        returned();
      }
    } catch (const Abandoned&) {
    } catch (...) {
      failed();
    }
    idle_[idle_count_++] = &self;
    if (Context& next = next_context(); &next != &self) jump(self, next);
  }
}

// The running lane's kernel has returned.
void Block::returned() {
  ++returned_;
  Warp& warp = warps_[current_ / 32];
  warp.returned |= 1u << (current_ & 31);
  Member& block = own_member();
  ++block.returned;
  if (block.arrived && block.arrived + block.returned == each_)
    release_barrier(block);  // a thread that has returned has arrived everywhere
  if (members_ > 1) {
    if (lanes_[current_].arrived != cluster_phase_) {  // it will not come any more
      --cluster_missing_;
      watch::mbarrier_arrive(cluster_slot, current_);
      settle_cluster();
    }
    if (block.returned == each_) leave(member_of(current_));
  }
  if (!warp.waiting) return;
  for (int i = 0; i < 32; ++i)
    if (warp.waiting >> i & 1) try_release(warp, current_ & ~31, i);
}

void Block::wake(int lane) {
  lanes_[lane].state = State::ready;
  ready_[ready_end_++ % max_threads] = static_cast<uint16_t>(lane);
}

// The running lane, whose state says what for, waits until someone wakes it; that may have happened already.
void Block::wait() {
  const int lane = current_;
  Fiber* const self = running_fiber_;
  lanes_[lane].fiber = self;
  if (Context& next = next_context(); &next != self) jump(*self, next);
  current_ = lane;
  running_fiber_ = self;
  threadIdx = lanes_[lane].index;
  if (members_ > 1) blockIdx = own_member().index;
  lanes_[lane].state = State::running;
  watch::lane_runs(lane, self->stack, self->stack_bytes);
  if (failing_) [[unlikely]]
    throw Abandoned{};
}

// Lets every waiting lane end by an exception, so that what lives on their stacks is destroyed.
void Block::unwind() {
  for (int i = 0; i < slots_; ++i)
    if (lanes_[i].state != State::running) jump(home_, *lanes_[i].fiber);
}

void* Block::shared_memory(size_t size, size_t align) {
  if (size > launch_->shared_bytes)
    misuse("takes " + std::to_string(size) +
               " bytes of shared memory, but the launch passed .shared_bytes = " + std::to_string(launch_->shared_bytes),
           nullptr);
  if (align > 1024) misuse("aligns its shared memory to " + std::to_string(align) + " bytes; 1024 is the most", nullptr);
  return reinterpret_cast<void*>(shared_of(rank()));
}

void Block::order_lanes() {
  const bool down = launch_->schedule.descending(round_);
  for (int member = 0; member < members_; ++member) {
    uint16_t* const order = order_ + (down ? members_ - 1 - member : member) * each_;
    launch_->schedule.order_lanes(order, each_, round_ + static_cast<uint64_t>(member));
    for (int i = 0; i < each_; ++i) order[i] = static_cast<uint16_t>(order[i] + member * apart_);
  }
}

}  // namespace duel::sim
