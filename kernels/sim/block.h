// One OS thread's executor of blocks: which fiber runs next, who waits for what, and what a block that cannot go on says.
// Blocks of a cluster run together, as parts of one: each has its lanes, its barriers and its stretch of shared memory. Blocks of a
// cooperative grid have an executor each, which rests while all its threads wait for the other blocks (grid.cpp).
// No containers of the standard library: a checked build instruments kernels that use them too, and the linker keeps one copy.
#pragma once
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include "kernels/registry.h"
#include "kernels/sim/async_copy.h"
#include "kernels/sim/bulk_flight.h"
#include "kernels/sim/fiber.h"
#include "kernels/sim/grid.h"
#include "kernels/sim/mbarrier.h"
#include "kernels/sim/runtime.h"
#include "kernels/sim/schedule.h"
#include "kernels/sim/warpgroup.h"
#include "kernels/sim/watch.h"

namespace duel::sim {

constexpr int max_threads = 1024;               // in a block
constexpr int named_barriers = 16;              // number 0 is __syncthreads()
constexpr size_t max_shared_bytes = 227 << 10;  // in a block of compute capability 9.0
constexpr int max_cluster = 8;                  // blocks; what every GPU of compute capability 9.0 can hold
// Where the checker keeps who knows what at the barriers of a cluster, behind its mbarriers: the cluster's own, and a block's.
constexpr int cluster_slot = max_mbarriers;
constexpr int sync_slot(int member) { return cluster_slot + 1 + member; }
constexpr size_t cluster_span(size_t shared_bytes) { return (shared_bytes + 1023) / 1024 * 1024 + 1024; }  // from one's shared memory on
constexpr size_t max_shared_span = max_cluster * cluster_span(max_shared_bytes);

struct Launch {
  dim3 grid, block;
  size_t shared_bytes;
  void (*thread)(void* body);
  void* body;
  const Row* row;  // nullptr outside a row
  Schedule schedule;
  dim3 cluster{1, 1, 1};  // blocks
  bool cooperative = false;
  int members() const { return static_cast<int>(cluster.x * cluster.y * cluster.z); }
  int lanes_apart() const {  // from a block's first lane to the next one's: whole warpgroups
    const int threads = static_cast<int>(block.x * block.y * block.z);
    return members() == 1 ? max_threads : (threads + 127) / 128 * 128;
  }
  uint3 place_of(uint64_t unit, int member) const;  // of a block in the grid, by its cluster and its rank there
};

class Block {
 public:
  static Block& mine();               // the calling OS thread's that runs, or its first one
  static Block& of_grid(int number);  // the calling OS thread's for its so many-th block of a cooperative grid, made at the first call
  ~Block();

  // Runs block (or cluster) `number` of the launch to its end. Returns what went wrong, or nullptr.
  std::exception_ptr run(const Launch& launch, uint64_t number);
  bool running() const { return running_; }

  // run() in parts, for a block of a cooperative grid. After each go_on() it has ended, or all its threads are at the grid's barrier.
  void begin(const Launch& launch, uint64_t number, int slot);
  void go_on();
  bool at_grid() const { return running_ && !failing_ && at_grid_ == threads_; }
  bool failing() const { return failing_; }
  void pass_grid();                               // every block has come to the barrier
  void deserted(const std::string& other_block);  // another block has ended and will not come
  void abandon() { failing_ = true; }             // before end(): its threads go no further
  std::exception_ptr end();
  std::string index_text() const;

  // What the running lane calls.
  void* shared_memory(size_t size, size_t align);
  int barrier(Barrier kind, bool predicate, Site site);
  void named_barrier(int id, int threads, bool wait, Site site);
  void mbarrier_init(void* at, int count, Site site, uintptr_t pc);
  void mbarrier_invalidate(void* at, Site site, uintptr_t pc);
  void mbarrier_arrive(void* at, int arrivals, int bytes, Site site, uintptr_t pc, bool anywhere = false);
  void mbarrier_wait(void* at, int parity, Site site, uintptr_t pc);
  void bulk_begin(BulkCopy copy, const void* barrier);  // barrier: of a load
  void bulk_multicast(BulkCopy copy, const void* barrier, unsigned mask);
  void bulk_commit();
  void bulk_wait(int newest);
  const BulkCopies& bulk() const { return bulk_; }
  void take_box(BulkCopy& copy, const TensorMap& map, const int* at, int rank);
  void take_columns(BulkCopy& copy, const TensorMap& map, const int (&at)[4], const int (&tap)[2]);
  void warpgroup(WarpgroupCall call, void* mine, Site site, uintptr_t pc);
  const FlyingProduct* find_product(uintptr_t offset) const;           // one that reads this byte of shared memory, or nullptr
  const FlyingProduct* find_register(int thread, uintptr_t at) const;  // one that adds to what lies at this place of the thread's stack
  uint64_t collective(Collective kind, unsigned mask, uint64_t value, int source, Site site);
  void together(const WarpInstruction& instruction, void* mine, Site site);
  int rank() const { return member_of(current_); }
  int members() const { return members_; }
  void* map(const void* at, int rank, Site site);  // the same place in another block's shared memory
  void cluster_arrive(Site site);
  void cluster_wait(Site site);
  void grid_sync(Site site);
  uintptr_t shared_of(int member) const { return reinterpret_cast<uintptr_t>(shared_) + static_cast<size_t>(member) * span_; }
  int member_of(int lane) const { return lane / apart_; }
  AsyncCopies& copies() { return copies_; }
  int lane_in_block() const { return current_; }
  int lane_in_warp() const { return current_ & 31; }
  [[noreturn]] void misuse(const std::string& what, const Site* site);
  [[noreturn]] void stop_lane();  // ends the launch here and now, without unwinding this lane: for an access that would crash

 private:
  enum class State : uint8_t {
    running,
    ready,
    at_barrier,
    at_cluster,
    at_grid,
    at_named,
    at_mbarrier,
    at_warpgroup,
    at_collective
  };  // running: also before its first turn and after its last
  struct Lane {
    Fiber* fiber;  // while it waits
    uint3 index;
    State state = State::running;
    uint8_t barrier;     // a named one's number
    uint8_t parity;      // of the phase of an mbarrier
    uintptr_t mbarrier;  // its address
    uint32_t arrived;    // the phase of the cluster's barrier that it came to, 0 once it has waited
    Site site;
  };
  struct Warp {
    uint32_t returned, waiting;  // a bit a lane; lanes past the end of the block count as returned
    uint32_t mask[32];
    Collective kind[32];
    int source[32];
    uint64_t value[32], result[32];
    const WarpInstruction* instruction[32];
  };
  struct Named {
    int threads, arrived;  // 0 threads: nobody has come
  };
  struct Member {  // a block of the cluster
    int returned, arrived, votes, result;
    Barrier kind;
    Site site;  // of all that wait at __syncthreads()
    Named named[named_barriers];
    uint3 index;
    bool left;  // all its threads have returned
  };
  struct Abandoned {};  // thrown in lanes that wait when another lane failed, so that their stacks unwind

  void prepare(const Launch& launch, uint64_t number);
  void serve(Fiber& self);  // what every fiber does: one fresh thread after the other
  Context& next_context();  // who goes on when the running lane cannot: one that was woken, one to start a fresh thread, or run()
  void wait();
  void returned();
  void wake(int lane);
  void release_barrier(Member& own);
  void order_lanes();
  Member& own_member() { return member_[member_of(current_)]; }
  void leave(int member);
  void settle_cluster();
  bool waits(int lane) const { return lanes_[lane].state >= State::at_barrier; }
  [[noreturn, gnu::cold]] void split_barrier(Barrier kind, Site site);
  bool try_release(Warp& warp, int first_lane, int lane);
  void compute(Warp& warp, uint32_t lanes, Collective kind);
  void check_mbarrier_place(const void* at, Site site, bool anywhere);  // anywhere: in another block of the cluster too
  MBarrierState& mbarrier_at(const void* at, const char* call, Site site, bool anywhere = false);
  void mbarrier_settle(MBarrierState& state);  // begins the next phase and wakes who waited, if this one is complete
  void take_map(BulkCopy& copy, const TensorMap& map, CopyShape shape);
  bool land_bulk_load();     // one that a thread waits for; false when there is none
  void check_bulk_at_end();  // throws when the block's shared memory is still in use
  void begin_product(Warpgroup& group, int first, uintptr_t pc);
  void finish_products(Warpgroup& group, int first, uint32_t newest);
  void check_products_at_end();
  std::string mbarrier_text(const MBarrierState& state) const;
  template <class F>
  void guarded(F f) {  // what f() throws fails the block
    try {
      f();
    } catch (...) {
      failed();
    }
  }
  void failed();  // in a handler: keeps the exception, if it is the first
  void unwind();
  void replace_stopped();
  void come_back();  // to this block, after another one ran
  Fiber* new_fiber(int place);
  std::string place() const;              // "[op:variant] block (0,0,0)"
  std::string advice() const;             // to a block that cannot go on, by what its threads wait for
  std::string waiters() const;            // "32 threads, the first (0,0,0), wait at …; 5 have returned"
  std::string call_text(int lane) const;  // "__shfl_sync(mask 0xffffffff) in file.cu:12"

  const Launch* launch_ = nullptr;
  bool running_ = false, failing_ = false;
  int threads_ = 0, next_ = 0, current_ = 0, returned_ = 0;       // threads_: of all blocks of the cluster
  int each_ = 0, members_ = 1, apart_ = max_threads, slots_ = 0;  // threads of a block; blocks; lanes from one to the next, and in all
  size_t span_ = 0;                                               // bytes from one's shared memory to the next one's
  Fiber* running_fiber_ = nullptr;

  Member member_[max_cluster]{};
  int cluster_missing_ = 0;  // threads that have neither come to the cluster's barrier nor returned
  uint32_t cluster_phase_ = 1;

  AsyncCopies copies_;
  MBarriers mbarriers_;
  BulkCopies bulk_;
  Warpgroup warpgroups_[max_threads / 128];

  unsigned ready_head_ = 0, ready_end_ = 0;
  uint16_t ready_[max_threads];  // a ring
  uint16_t order_[max_threads];
  Lane lanes_[max_threads];
  Warp warps_[max_threads / 32];
  int at_grid_ = 0;  // threads that wait for the other blocks
  int slot_ = 0;     // where the checker keeps what it knows of this block
  int fibers_made_ = 0, idle_count_ = 0;
  Fiber* idle_[max_threads];
  std::unique_ptr<Fiber> fibers_[max_threads];
  void* shared_ = nullptr;
  Context home_;
  Fiber* stopped_ = nullptr;  // left in the middle of its kernel
  std::exception_ptr error_;
  dim3 shape_{0, 0, 0};
  int shape_members_ = 0;
  int order_kind_ = -1;  // what order_ was made for
  uint64_t round_ = 0;   // of a random schedule
};

}  // namespace duel::sim
