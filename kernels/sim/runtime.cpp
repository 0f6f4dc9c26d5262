#include "kernels/sim/runtime.h"

#include <atomic>
#include <mutex>

#include "kernels/sim/block.h"
#include "kernels/sim/cluster.h"
#include "kernels/sim/names.h"

thread_local constinit uint3 threadIdx{};
thread_local constinit uint3 blockIdx{};
thread_local constinit dim3 blockDim{};
thread_local constinit dim3 gridDim{};

namespace duel::sim {
namespace {

// CUDA C++ Programming Guide, technical specifications of compute capability 9.0.
void check_limits(const Launch& launch) {
  const std::string who = launch.row ? std::string("[") + launch.row->op + ":" + launch.row->name + "]" : std::string("[sim]");
  const dim3 g = launch.grid, b = launch.block;
  const uint64_t threads = static_cast<uint64_t>(b.x) * b.y * b.z;  // cannot wrap once x, y ≤ 1024 and z ≤ 64
  if (!g.x || !g.y || !g.z) fail(Failure::device, who + " launch with an empty grid " + text_of(g) + ": every side must be at least 1");
  if (g.x > 0x7fffffffu || g.y > 65535 || g.z > 65535)
    fail(Failure::device, who + " launch with grid " + text_of(g) + ": at most 2147483647, 65535 and 65535 blocks a side");
  if (!b.x || !b.y || !b.z) fail(Failure::device, who + " launch with an empty block " + text_of(b) + ": every side must be at least 1");
  if (b.x > 1024 || b.y > 1024 || b.z > 64 || threads > max_threads)
    fail(Failure::device, who + " launch with block " + text_of(b) + ": at most 1024, 1024 and 64 threads a side and 1024 in all");
  if (launch.shared_bytes > max_shared_bytes)
    fail(Failure::device, who + " launch with " + std::to_string(launch.shared_bytes) + " bytes of shared memory a block: at most " +
                              std::to_string(max_shared_bytes));
}

Block& running_block() {
  Block& block = Block::mine();
  if (!block.running()) fail(Failure::internal, "[sim] device code was called outside a kernel");
  return block;
}

// Throws what went wrong; what the checker had found by then may be the reason, and goes along.
[[noreturn]] void give_up(const std::exception_ptr& error) {
  const std::string found = watch::found();
  watch::launch_fails();
  if (found.empty()) std::rethrow_exception(error);
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    fail(Failure::device, e.what() + ("\n" + found));
  }
}

// CUDA C++ Programming Guide, thread block clusters: up to eight blocks on every GPU of compute capability 9.0, and whole clusters.
void check_cluster(const Launch& launch) {
  const std::string who = launch.row ? std::string("[") + launch.row->op + ":" + launch.row->name + "]" : std::string("[sim]");
  const dim3 c = launch.cluster, g = launch.grid;
  if (!c.x || !c.y || !c.z || c.x > max_cluster || c.y > max_cluster || c.z > max_cluster || launch.members() > max_cluster)
    fail(Failure::device, who + " launch with clusters of " + text_of(c) + " blocks: from 1 to " + std::to_string(max_cluster) + " in all");
  if (g.x % c.x || g.y % c.y || g.z % c.z)
    fail(Failure::device,
         who + " launch with grid " + text_of(g) + " and clusters of " + text_of(c) + " blocks: each side must be a multiple");
  if (launch.members() > 1 && launch.members() * launch.lanes_apart() > max_threads)
    fail(Failure::device, who + " launch with clusters of " + text_of(c) + " blocks of " + text_of(launch.block) +
                              " threads: the simulated GPU has room for 1024 threads a cluster, in whole warpgroups a block");
}

// A grid with a barrier is there as a whole or not at all.
void check_resident(const Launch& launch) {
  const std::string who = launch.row ? std::string("[") + launch.row->op + ":" + launch.row->name + "]" : std::string("[sim]");
  const dim3 g = launch.grid, b = launch.block;
  const int most = resident_blocks(b.x * b.y * b.z, launch.shared_bytes);
  if (const uint64_t blocks = uint64_t{g.x} * g.y * g.z; blocks > static_cast<uint64_t>(most))
    fail(Failure::device, who + " cooperative launch of " + std::to_string(blocks) + " blocks of " + std::to_string(b.x * b.y * b.z) +
                              " threads and " + std::to_string(launch.shared_bytes) + " bytes of shared memory: the simulated GPU, with " +
                              std::to_string(multiprocessors) + " multiprocessors, holds " + std::to_string(most) + " of them at once");
}

// In the schedule's order, and of several failures the first in that order is reported: every block before it has been started and runs to
// its end, so the report does not depend on timing.
std::exception_ptr run_blocks(const Launch& launch) {
  const dim3 grid = launch.grid;
  const uint64_t blocks = static_cast<uint64_t>(grid.x) * grid.y * grid.z / static_cast<uint64_t>(launch.members());  // or clusters
  std::atomic<uint64_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  uint64_t failed_at = ~uint64_t{0};
  std::exception_ptr error;
  const auto work = [&] {
    while (!stop.load(std::memory_order_relaxed)) {
      const uint64_t position = next.fetch_add(1, std::memory_order_relaxed);
      if (position >= blocks) break;
      std::exception_ptr problem;
      try {
        problem = Block::mine().run(launch, launch.schedule.block_at(position, blocks));
      } catch (...) {  // no memory for a stack
        problem = std::current_exception();
      }
      if (!problem) continue;
      stop = true;
      const std::lock_guard lock(mutex);
      if (position < failed_at) failed_at = position, error = problem;
    }
  };
  if (blocks == 1 || checked_build) {
    work();
  } else {  // the whole team, always: a team that changes its size ends threads, and with them their fibers
#pragma omp parallel
    work();
  }
  return error;
}

void run_launch(const Launch& launch) {
  check_limits(launch);
  check_cluster(launch);
  if (launch.cooperative) check_resident(launch);
  if (Block::mine().running()) Block::mine().misuse("launches a kernel from a kernel, which the simulated GPU does not do", nullptr);
  watch::launch_begins(launch);
  if (const std::exception_ptr error = launch.cooperative ? run_resident(launch) : run_blocks(launch); error) give_up(error);
  watch::launch_ends();
}

}  // namespace

void launch_grid(dim3 grid, dim3 block, size_t shared_bytes, void (*thread)(void*), void* body) {
  run_launch({grid, block, shared_bytes, thread, body, duel_current_row(), Schedule::from_environment()});
}
void launch_cooperative(dim3 grid, dim3 block, size_t shared_bytes, void (*thread)(void*), void* body) {
  run_launch({grid, block, shared_bytes, thread, body, duel_current_row(), Schedule::from_environment(), dim3(1), true});
}
void launch_clusters(dim3 grid, dim3 block, dim3 cluster, size_t shared_bytes, void (*thread)(void*), void* body) {
  run_launch({grid, block, shared_bytes, thread, body, duel_current_row(), Schedule::from_environment(), cluster});
}

// Where in the kernel: these functions are not inlined into it, their callers are.
#define PC reinterpret_cast<uintptr_t>(__builtin_return_address(0))

void* shared_memory(size_t size, size_t align) { return running_block().shared_memory(size, align); }
int block_barrier(Barrier kind, bool predicate, Site site) { return running_block().barrier(kind, predicate, site); }
uint64_t warp_collective(Collective kind, unsigned mask, uint64_t value, int source, Site site) {
  return running_block().collective(kind, mask, value, source, site);
}
void warp_together(const WarpInstruction& instruction, void* mine, Site site) { running_block().together(instruction, mine, site); }
void named_barrier(int id, int threads, bool wait, Site site) { running_block().named_barrier(id, threads, wait, site); }
void mbarrier_init(void* at, int count, Site site) { running_block().mbarrier_init(at, count, site, PC); }
void mbarrier_invalidate(void* at, Site site) { running_block().mbarrier_invalidate(at, site, PC); }
void mbarrier_arrive(void* at, int arrivals, int bytes, Site site) { running_block().mbarrier_arrive(at, arrivals, bytes, site, PC); }
void mbarrier_wait(void* at, int parity, Site site) { running_block().mbarrier_wait(at, parity, site, PC); }
void bulk_load(void* to, const void* from, int bytes, void* barrier, Site site) {
  BulkCopy copy{.load = true, .bytes = bytes, .pc = PC, .site = site};
  copy.shared = reinterpret_cast<uintptr_t>(to), copy.global = reinterpret_cast<uintptr_t>(from);
  running_block().bulk_begin(copy, barrier);
}
void bulk_store(void* to, const void* from, int bytes, Site site) {
  BulkCopy copy{.load = false, .bytes = bytes, .pc = PC, .site = site};
  copy.shared = reinterpret_cast<uintptr_t>(from), copy.global = reinterpret_cast<uintptr_t>(to);
  running_block().bulk_begin(copy, nullptr);
}
void tensor_load(void* to, const TensorMap& map, const int* at, int rank, void* barrier, Site site) {
  BulkCopy copy{.load = true, .shared = reinterpret_cast<uintptr_t>(to), .pc = PC, .site = site};
  running_block().take_box(copy, map, at, rank);
  running_block().bulk_begin(copy, barrier);
}
void tensor_store(const TensorMap& map, const int* at, int rank, const void* from, Site site) {
  BulkCopy copy{.load = false, .shared = reinterpret_cast<uintptr_t>(from), .pc = PC, .site = site};
  running_block().take_box(copy, map, at, rank);
  running_block().bulk_begin(copy, nullptr);
}
void tensor_load_im2col(void* to, const TensorMap& map, const int (&at)[4], const int (&tap)[2], void* barrier, Site site) {
  BulkCopy copy{.load = true, .shared = reinterpret_cast<uintptr_t>(to), .pc = PC, .site = site};
  running_block().take_columns(copy, map, at, tap);
  running_block().bulk_begin(copy, barrier);
}
void tensor_multicast(void* to, const TensorMap& map, const int* at, int rank, void* barrier, unsigned mask, Site site) {
  BulkCopy copy{.load = true, .shared = reinterpret_cast<uintptr_t>(to), .pc = PC, .site = site};
  running_block().take_box(copy, map, at, rank);
  running_block().bulk_multicast(copy, barrier, mask);
}
int cluster_rank() { return running_block().rank(); }
int cluster_size() { return running_block().members(); }
void* in_cluster(const void* at, int rank, Site site) { return running_block().map(at, rank, site); }
void cluster_arrive(Site site) { running_block().cluster_arrive(site); }
void mbarrier_arrive_at(void* at, int rank, Site site) {
  Block& block = running_block();
  block.mbarrier_arrive(block.map(at, rank, site), 1, 0, site, PC, true);
}
void cluster_wait(Site site) { running_block().cluster_wait(site); }
void grid_sync(Site site) { running_block().grid_sync(site); }
void bulk_commit() { running_block().bulk_commit(); }
void bulk_wait(int newest) { running_block().bulk_wait(newest); }
void fence_proxy() { watch::fence_proxy(); }
void wgmma(const WarpgroupProduct& mine, Site site) {
  WarpgroupProduct own = mine;
  running_block().warpgroup(WarpgroupCall::product, &own, site, PC);
}
void wgmma_fence(Site site) { running_block().warpgroup(WarpgroupCall::fence, nullptr, site, PC); }
void wgmma_commit(Site site) { running_block().warpgroup(WarpgroupCall::commit, nullptr, site, PC); }
void wgmma_wait(int newest, Site site) { running_block().warpgroup(WarpgroupCall::wait, &newest, site, PC); }
void setmaxnreg(bool more, Site site) {
  running_block().warpgroup(more ? WarpgroupCall::more_registers : WarpgroupCall::fewer_registers, nullptr, site, PC);
}
uint64_t matrix_descriptor(const void* at, int leading, int stride, Swizzle swizzle, Site site) {
  Block& block = running_block();
  const uintptr_t start = reinterpret_cast<uintptr_t>(at) - reinterpret_cast<uintptr_t>(block.shared_memory(0, 1));
  if (start >= max_shared_bytes) block.misuse("a matrix descriptor of what does not lie in shared memory", &site);
  if (start % 16 || leading % 16 || stride % 16 || leading < 0 || stride < 0 || leading >= 1 << 18 || stride >= 1 << 18)
    block.misuse("a matrix descriptor with an address or an offset that is not a multiple of 16 below 2^18", &site);
  const uint64_t mode = swizzle == Swizzle::none ? 0 : 4 - static_cast<uint64_t>(swizzle);
  return start >> 4 | static_cast<uint64_t>(leading >> 4) << 16 | static_cast<uint64_t>(stride >> 4) << 32 | mode << 62;
}
void copy_async_begin(void* to, const void* from, int bytes, Site site) {
  Block& block = running_block();
  const size_t into = static_cast<size_t>(static_cast<char*>(to) - static_cast<char*>(block.shared_memory(0, 1)));
  if (into >= max_shared_bytes) block.misuse("an asynchronous copy that does not go to shared memory", &site);
  if (reinterpret_cast<uintptr_t>(to) % static_cast<unsigned>(bytes) || reinterpret_cast<uintptr_t>(from) % static_cast<unsigned>(bytes))
    block.misuse("an asynchronous copy at an address that is not a multiple of its size", &site);
  watch::copy_begins(to, from, static_cast<size_t>(bytes), PC);
  block.copies().begin(block.lane_in_block(), {to, from, PC, static_cast<uint8_t>(bytes)});
}
void copy_async_commit() { running_block().copies().commit(running_block().lane_in_block()); }
void copy_async_wait(int newest) { running_block().copies().wait(running_block().lane_in_block(), newest); }
void fence() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  watch::fence();
}
int lane_id() { return running_block().lane_in_warp(); }
void misuse(const char* what, Site site) { running_block().misuse(what, &site); }

}  // namespace duel::sim
