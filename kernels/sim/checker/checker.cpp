#include "kernels/sim/checker/checker.h"

#include <link.h>

#include <cstring>
#include <mutex>

#include "kernels/error.h"
#include "kernels/sim/block.h"
#include "kernels/sim/checker/look.h"

namespace duel::sim::checker {

thread_local constinit Running running;

Checker& checker() {
  static Checker& instance = *new Checker;  // not destroyed: kernels may run from other static destructors
  return instance;
}

namespace {

Range builtins_of_this_thread() {
  const uintptr_t at[] = {reinterpret_cast<uintptr_t>(&threadIdx), reinterpret_cast<uintptr_t>(&blockIdx),
                          reinterpret_cast<uintptr_t>(&blockDim), reinterpret_cast<uintptr_t>(&gridDim)};
  uintptr_t low = at[0], high = at[0];
  for (uintptr_t a : at) low = a < low ? a : low, high = a > high ? a : high;
  return {low, high - low + sizeof(dim3)};
}

// The image of this library: constants and tables of the kernels.
Range own_image() {
  Range image;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        const uintptr_t here = reinterpret_cast<uintptr_t>(&own_image);
        uintptr_t low = ~uintptr_t{0}, high = 0;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& segment = info->dlpi_phdr[i];
          if (segment.p_type != PT_LOAD) continue;
          const uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
          low = begin < low ? begin : low;
          high = begin + segment.p_memsz > high ? begin + segment.p_memsz : high;
        }
        if (here < low || here >= high) return 0;
        *static_cast<Range*>(out) = {low, high - low};
        return 1;
      },
      &image);
  return image;
}

void count(Checker& c, const Region& region, uintptr_t at, size_t bytes, Kind kind, uintptr_t pc) {
  if (!c.counters.on()) return;
  const bool shared = &region == &c.now->shared;
  c.counters.access(c.thread, c.short_pc(pc), at, bytes, kind, shared ? MemorySpace::shared : MemorySpace::global,
                    shared ? region.base : 0);
}

// A thread's store to shared memory, once it was looked at.
void stored(Checker& c, size_t offset, size_t bytes, Kind kind, uintptr_t pc) {
  c.now->proxy.wrote(offset, bytes);
  const bool* fly = c.now->registers_fly;
  if (fly[0] | fly[1] | fly[2] | fly[3] | fly[4] | fly[5] | fly[6] | fly[7]) multiplied(c, offset, bytes, kind, pc);
}

}  // namespace

Region* region_of(Checker& c, uintptr_t at, size_t bytes, Kind kind, uintptr_t pc) {
  if (c.global->holds(at)) return c.global;
  if (c.now->shared.holds(at)) return &c.now->shared;
  if (c.builtins.holds(at) || (c.image.holds(at) && kind == Kind::read)) return nullptr;
  running.active = false;
  c.findings.host_memory({pc, at, bytes, kind, c.now->block, c.thread}, c.image.holds(at));
  if (at < 4096) Block::mine().stop_lane();  // a null pointer: the access itself would crash
  running.active = true;
  return nullptr;
}

void touch(uintptr_t at, size_t bytes, Kind kind, uintptr_t pc) {
  if (!running.active) return;
  if (at - running.stack < running.stack_bytes) return registers(at, bytes, kind, pc);
  Checker& c = checker();
  Region* region = region_of(c, at, bytes, kind, pc);
  if (!region) return;
  Look look(c, *region, at, bytes, kind, pc);
  look.aligned();
  look.whole();
  count(c, *region, at, bytes, kind, pc);
  if (region == &c.now->shared && kind != Kind::read) stored(c, at - region->base, bytes, kind, pc);
  if (kind == Kind::atomic) c.now->order.atomic(c.thread, at);
}

void touch_range(uintptr_t at, size_t bytes, Kind kind, uintptr_t pc) {
  if (!running.active || bytes == 0) return;
  if (at - running.stack < running.stack_bytes) return registers(at, bytes, kind, pc);
  Checker& c = checker();
  Region* region = region_of(c, at, bytes, kind, pc);
  if (!region) return;
  Look(c, *region, at, bytes, kind, pc).whole();
  count(c, *region, at, bytes, kind, pc);
  if (region == &c.now->shared && kind != Kind::read) stored(c, at - region->base, bytes, kind, pc);
}

void bad_index(const char* array, unsigned long index, uintptr_t pc) {
  if (!running.active) return;
  Checker& c = checker();
  c.findings.index({pc, 0, 0, Kind::read, c.now->block, c.thread}, array, index);
}

void launch_begins(const Launch& launch) {
  Checker& c = checker();
  c.launching.lock();
  Arena& arena = Arena::instance();
  if (!c.global) {
    c.global = &arena.region;
    c.image = own_image();
  }
  c.builtins = builtins_of_this_thread();
  ++c.global->generation;
  c.between.releases.clear(), c.between.passed.clear();
  c.findings.launch_begins(launch);
  c.launch = &launch;
  c.counters.launch_begins(Shared::instance().visitor, Shared::instance().visitor_user);
}

void launch_ends() {
  Checker& c = checker();
  const std::string text = c.findings.text();
  c.counters.launch_ends(*c.launch, c.image.base);
  c.launching.unlock();
  if (!text.empty()) fail(Failure::device, text);
}

void launch_fails() noexcept { checker().launching.unlock(); }
std::string found() { return checker().findings.text(); }

void block_begins(int slot, uint64_t number, int threads, void* shared, size_t shared_bytes, int members) {
  Checker& c = checker();
  if (!c.blocks[slot]) c.blocks[slot] = new OfBlock;  // as the checker itself, not destroyed
  c.now = c.blocks[slot];
  c.now->block = static_cast<uint32_t>(number);
  c.now->threads = threads;
  c.now->order.block_begins(c.between, c.now->block, threads, members);
  const size_t span = members == 1 ? max_shared_bytes + 1024 : cluster_span(shared_bytes);
  Region& r = c.now->shared;
  if (shared && r.base != reinterpret_cast<uintptr_t>(shared)) {
    if (!r.states) {
      r.states = static_cast<uint8_t*>(reserve(max_shared_span));
      r.words = static_cast<Cell*>(reserve(max_shared_span / 4 * sizeof(Cell)));
      r.single = static_cast<Cell*>(reserve(max_shared_span * sizeof(Cell)));
    }
    r.base = reinterpret_cast<uintptr_t>(shared);
  }
  r.bytes = shared ? span * static_cast<size_t>(members) : 0;
  ++r.generation;
  c.now->proxy.block_begins();
  std::memset(c.now->products, 0, r.bytes / 16 * sizeof c.now->products[0]);
  std::memset(c.now->registers_fly, 0, sizeof c.now->registers_fly);
  if (r.states) {
    for (uint8_t *of = r.states, *end = of + r.bytes; of < end; of += span) {
      std::memset(of, unwritten, shared_bytes);
      std::memset(of + shared_bytes, forbidden, span - shared_bytes);
    }
  }
}

void member_barrier() {
  if (Checker& c = checker(); c.counters.on()) c.counters.count_barrier();
}

// What other blocks do with its shared memory must come before one of its threads returns, whichever block was faster in this run.
void member_leaves(int member) {
  Checker& c = checker();
  const Launch& launch = *c.launch;
  Region& r = c.now->shared;
  const int apart = launch.lanes_apart(), first = member * apart;
  const int threads = static_cast<int>(launch.block.x * launch.block.y * launch.block.z);
  const auto in_time = [&](const Access& a) {
    if (!a.pc || a.thread / apart == member) return true;
    for (int lane = first; lane < first + threads; ++lane)
      if (c.now->order.before(a, lane)) return true;
    return false;
  };
  const auto look = [&](const Cell& cell, size_t at) {
    if (cell.generation != r.generation) return;
    for (const Access* a : {&cell.write, &cell.read[0], &cell.read[1]})
      if (!in_time(*a))
        c.findings.fault(Fault::gone,
                         {c.image.base + a->pc, r.base + at, a->bytes, a == &cell.write ? Kind::write : Kind::read, a->block, a->thread},
                         r.base + at, false, r.base);
  };
  const size_t begin = static_cast<size_t>(member) * cluster_span(launch.shared_bytes);
  for (size_t at = begin; at < begin + launch.shared_bytes; at += 4) {
    const Cell& cell = r.words[at / 4];
    if (cell.generation == r.generation && cell.write.pc == split_mark)
      for (size_t i = 0; i < 4; ++i) look(r.single[at + i], at + i);
    else look(cell, at);
  }
  for (size_t at = begin; at < begin + launch.shared_bytes; ++at)
    if (r.states[at] != forbidden) r.states[at] = gone;
}

void lane_runs(int thread, const void* stack, size_t stack_bytes) {
  checker().thread = thread;
  running = {true, reinterpret_cast<uintptr_t>(stack), stack_bytes, checker().now->registers_fly[thread / 128]};
}
void nobody_runs() { running.active = false; }
void block_goes_on(int slot) { checker().now = checker().blocks[slot]; }
void block_rests() {
  running.active = false;
  block_barrier();
}
void grid_barrier(int blocks) {
  Checker& c = checker();
  c.between.passed.clear();
  for (int slot = 0; slot < blocks; ++slot) c.between.passed.add(c.blocks[slot]->order.epoch());
}
void block_barrier() {
  Checker& c = checker();
  c.now->order.block_barrier();
  if (!c.counters.on()) return;
  c.counters.count_barrier();
  c.counters.block_barrier(c.now->threads);
}
void block_ends() {
  running.active = false;
  if (Checker& c = checker(); c.counters.on()) c.counters.block_barrier(c.now->threads);
}
void count_multiplies(uintptr_t pc, int each, bool matrix) {
  if (!running.active) return;
  if (Checker& c = checker(); c.counters.on()) c.counters.multiplies(c.short_pc(pc), each, matrix);
}
void count_begin(CountsVisitor visitor, void* user) { Shared::instance().visitor = visitor, Shared::instance().visitor_user = user; }
void count_end() { Shared::instance().visitor = nullptr; }
void warp_sync(int first_thread, uint32_t lanes) { checker().now->order.warp_sync(first_thread, lanes); }
void named_arrive(int id, int thread) { checker().now->order.named_arrive(id, thread); }
void named_pass(int id, int thread) { checker().now->order.named_pass(id, thread); }
void named_release(int id) { checker().now->order.named_release(id); }

// Until it lands, the source may be read and the destination written at any time; both are looked at as if at once, and the destination is
// marked.
void copy_begins(void* to, const void* from, size_t bytes, uintptr_t pc) {
  const uintptr_t at = reinterpret_cast<uintptr_t>(to);
  Checker& c = checker();
  if (from) touch(reinterpret_cast<uintptr_t>(from), bytes, Kind::read, pc);
  else if (c.counters.on()) c.counters.no_access(c.thread, c.short_pc(pc), bytes);
  touch(at, bytes, Kind::write, pc);
  const Region& r = c.now->shared;
  uint8_t* state = r.states + (at - r.base);
  for (size_t i = 0; i < bytes; ++i)
    if (state[i] != forbidden) state[i] = in_flight;
}
void copy_lands(void* to, size_t bytes, uintptr_t pc) {
  Checker& c = checker();
  const uintptr_t at = reinterpret_cast<uintptr_t>(to);
  uint8_t* state = c.now->shared.states + (at - c.now->shared.base);
  if (state[0] == forbidden) return;  // said when it began
  std::memset(state, written, bytes);
  Look(c, c.now->shared, at, bytes, Kind::write, pc).whole();
  c.now->proxy.wrote(at - c.now->shared.base, bytes);
}

void fence() {
  if (running.active) checker().now->order.fence(checker().thread);
}

}  // namespace duel::sim::checker
