#include "kernels/sim/block.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "kernels/error.h"

namespace duel::sim {

namespace {
// Every call of a kernel comes through here, so the common case is one load.
thread_local constinit __attribute__((tls_model("initial-exec"))) Block* own = nullptr;
}  // namespace

Block& Block::mine() {
  if (!own) {
    static thread_local const std::unique_ptr<Block> block = std::make_unique<Block>();
    own = block.get();
  }
  return *own;
}

Block::~Block() { std::free(shared_); }

void Block::prepare(const Launch& launch, uint64_t number) {
  launch_ = &launch;
  number_ = number;
  const dim3 shape = launch.block;
  threads_ = static_cast<int>(shape.x * shape.y * shape.z);
  next_ = returned_ = arrived_ = votes_ = 0;
  ready_head_ = ready_end_ = 0;
  failing_ = false;
  error_ = nullptr;
  round_ = number << 20;
  launch.schedule.order_lanes(order_, threads_, round_);
  uint3 index{0, 0, 0};
  for (int i = 0; i < threads_; ++i) {
    lanes_[i].index = index;
    lanes_[i].state = State::fresh;
    if (++index.x == shape.x) {
      index.x = 0;
      if (++index.y == shape.y) index.y = 0, ++index.z;
    }
  }
  for (int first = 0; first < threads_; first += 32) {
    Warp& warp = warps_[first / 32];
    warp.waiting = 0;
    warp.returned = threads_ - first >= 32 ? 0 : ~uint32_t{0} << (threads_ - first);
  }
  if (launch.shared_bytes) {
    if (!shared_ && !(shared_ = std::aligned_alloc(1024, max_shared_bytes + 1024)))
      fail(Failure::memory, "[sim] no host memory for a block's shared memory");
    std::memset(shared_, 0xff, launch.shared_bytes);
  }
  const uint64_t per_layer = static_cast<uint64_t>(launch.grid.x) * launch.grid.y;
  blockIdx = {static_cast<unsigned>(number % launch.grid.x), static_cast<unsigned>(number % per_layer / launch.grid.x),
              static_cast<unsigned>(number / per_layer)};
  blockDim = shape;
  gridDim = launch.grid;
}

std::exception_ptr Block::run(const Launch& launch, uint64_t number) {
  prepare(launch, number);
  running_ = true;
  while (!failing_) {
    if (ready_head_ != ready_end_) {
      lanes_[ready_[ready_head_++ % max_threads]].fiber->enter();
    } else if (next_ < threads_) {
      if (!idle_count_) {
        fibers_[fibers_made_] = std::make_unique<Fiber>([](void* block, Fiber& self) { static_cast<Block*>(block)->serve(self); }, this);
        idle_[idle_count_++] = fibers_[fibers_made_++].get();
      }
      idle_[--idle_count_]->enter();
    } else if (returned_ == threads_) {
      break;
    } else {
      try {
        misuse("cannot go on: " + waiters() +
                   ". All threads of a block must reach the same __syncthreads(), and all lanes named in a mask the same call",
               nullptr);
      } catch (...) {
        error_ = std::current_exception();
      }
      failing_ = true;
    }
  }
  if (failing_) abandon();
  running_ = false;
  return error_;
}

void Block::serve(Fiber& self) {
  for (;;) {
    while (next_ < threads_ && ready_head_ == ready_end_ && !failing_) run_lane(order_[next_++], self);
    idle_[idle_count_++] = &self;
    self.leave();
  }
}

void Block::run_lane(int lane, Fiber& self) {
  self.lane = current_ = lane;
  lanes_[lane].fiber = &self;
  lanes_[lane].state = State::running;
  threadIdx = lanes_[lane].index;
  try {
    launch_->thread(launch_->body);
  } catch (const Abandoned&) {
  } catch (...) {
    if (!error_) error_ = std::current_exception();
    failing_ = true;
  }
  returned(self.lane);
}

void Block::returned(int lane) {
  lanes_[lane].state = State::returned;
  ++returned_;
  Warp& warp = warps_[lane / 32];
  warp.returned |= 1u << (lane & 31);
  if (failing_) return;
  if (arrived_ && arrived_ + returned_ == threads_) release_barrier();   // a thread that has returned has arrived everywhere
  for (int i = 0; warp.waiting && i < 32; ++i)
    if (warp.waiting >> i & 1) try_release(warp, lane & ~31, i);
}

void Block::wake(int lane) {
  lanes_[lane].state = State::ready;
  ready_[ready_end_++ % max_threads] = static_cast<uint16_t>(lane);
}

// Suspends the running lane until someone wakes it.
void Block::wait(State state, Site site) {
  const int lane = current_;
  if (lanes_[lane].state == State::running) lanes_[lane].state = state;   // else it woke itself
  lanes_[lane].site = site;
  lanes_[lane].fiber->leave();
  current_ = lane;
  threadIdx = lanes_[lane].index;
  lanes_[lane].state = State::running;
  if (failing_ && !std::uncaught_exceptions()) throw Abandoned{};
}

// Lets every waiting lane end by an exception, so that what lives on their stacks is destroyed.
void Block::abandon() {
  for (int i = 0; i < threads_; ++i)
    if (lanes_[i].state != State::fresh && lanes_[i].state != State::returned) lanes_[i].fiber->enter();
}

void* Block::shared_memory(size_t size, size_t align) {
  if (size > launch_->shared_bytes)
    misuse("takes " + std::to_string(size) + " bytes of shared memory, but the launch passed .shared_bytes = " +
               std::to_string(launch_->shared_bytes),
           nullptr);
  if (align > 1024) misuse("aligns its shared memory to " + std::to_string(align) + " bytes; 1024 is the most", nullptr);
  return shared_;
}

}  // namespace duel::sim
