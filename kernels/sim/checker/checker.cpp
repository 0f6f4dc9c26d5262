#include "kernels/sim/checker/checker.h"

#include <link.h>

#include <cstring>
#include <mutex>

#include "kernels/error.h"
#include "kernels/sim/block.h"
#include "kernels/sim/bulk_copy.h"
#include "kernels/sim/checker/look.h"
#include "kernels/sim/warpgroup.h"

namespace duel::sim::checker {

thread_local constinit Running running;

namespace {

Checker& checker() {
  static Checker& instance = *new Checker;  // not destroyed: kernels may run from other static destructors
  return instance;
}

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

// True when the access is to memory that is looked at or is the lane's own; reports the rest.
Region* region_of(Checker& c, uintptr_t at, size_t bytes, Kind kind, uintptr_t pc) {
  if (c.global->holds(at)) return c.global;
  if (c.shared.holds(at)) return &c.shared;
  if (c.builtins.holds(at) || (c.image.holds(at) && kind == Kind::read)) return nullptr;
  running.active = false;
  c.findings.host_memory({pc, at, bytes, kind, c.block, c.thread}, c.image.holds(at));
  if (at < 4096) Block::mine().stop_lane();  // a null pointer: the access itself would crash
  running.active = true;
  return nullptr;
}

void count(Checker& c, const Region& region, uintptr_t at, size_t bytes, Kind kind, uintptr_t pc) {
  if (!c.counters.on()) return;
  const bool shared = &region == &c.shared;
  c.counters.access(c.thread, c.short_pc(pc), at, bytes, kind, shared ? MemorySpace::shared : MemorySpace::global,
                    shared ? region.base : 0);
}

// The async proxy reads what a thread's own store wrote, and nothing has fenced.
void unfenced(Checker& c, uintptr_t at, size_t bytes, const Party& party) {
  if (const long stale = c.proxy.stale(at - c.shared.base, bytes); stale >= 0)
    c.findings.fault(Fault::stale, party, c.shared.base + static_cast<uintptr_t>(stale), false, c.shared.base);
}

// The lane's own variables, of which only accumulators on their way are looked at.
void registers(uintptr_t at, size_t bytes, Kind kind, uintptr_t pc) {
  if (!running.registers_fly) return;
  Checker& c = checker();
  if (Block::mine().find_register(c.thread, at) || Block::mine().find_register(c.thread, at + bytes - 1))
    c.findings.fault(Fault::accumulating, {pc, at, bytes, kind, c.block, c.thread}, at, false, 0);
}

// What writes to an operand of a product on its way. Bytes of shared memory from `offset` on.
void multiplied(Checker& c, size_t offset, size_t bytes, Kind kind, uintptr_t pc) {
  for (size_t chunk = offset / 16; chunk <= (offset + bytes - 1) / 16; ++chunk)
    if (c.products[chunk]) {
      const uintptr_t at = c.shared.base + offset;
      return c.findings.fault(Fault::multiplied, {pc, at, bytes, kind, c.block, c.thread}, c.shared.base + 16 * chunk, false,
                              c.shared.base);
    }
}

// A thread's store to shared memory, once it was looked at.
void stored(Checker& c, size_t offset, size_t bytes, Kind kind, uintptr_t pc) {
  c.proxy.wrote(offset, bytes);
  if (c.registers_fly[0] | c.registers_fly[1] | c.registers_fly[2] | c.registers_fly[3] | c.registers_fly[4] | c.registers_fly[5] |
      c.registers_fly[6] | c.registers_fly[7])
    multiplied(c, offset, bytes, kind, pc);
}

}  // namespace

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
  if (region == &c.shared && kind != Kind::read) stored(c, at - region->base, bytes, kind, pc);
  if (kind == Kind::atomic) c.order.atomic(c.thread, at);
}

void touch_range(uintptr_t at, size_t bytes, Kind kind, uintptr_t pc) {
  if (!running.active || bytes == 0) return;
  if (at - running.stack < running.stack_bytes) return registers(at, bytes, kind, pc);
  Checker& c = checker();
  Region* region = region_of(c, at, bytes, kind, pc);
  if (!region) return;
  Look(c, *region, at, bytes, kind, pc).whole();
  count(c, *region, at, bytes, kind, pc);
  if (region == &c.shared && kind != Kind::read) stored(c, at - region->base, bytes, kind, pc);
}

void bad_index(const char* array, unsigned long index, uintptr_t pc) {
  if (!running.active) return;
  Checker& c = checker();
  c.findings.index({pc, 0, 0, Kind::read, c.block, c.thread}, array, index);
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
  c.order.launch_begins();
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

void block_begins(uint64_t number, int threads, void* shared, size_t shared_bytes, size_t shared_capacity) {
  Checker& c = checker();
  c.block = static_cast<uint32_t>(number);
  c.threads = threads;
  c.order.block_begins(c.block, threads);
  Region& r = c.shared;
  if (shared && r.base != reinterpret_cast<uintptr_t>(shared)) {
    if (!r.states) {
      r.states = static_cast<uint8_t*>(reserve(shared_capacity));
      r.words = static_cast<Cell*>(reserve(shared_capacity / 4 * sizeof(Cell)));
      r.single = static_cast<Cell*>(reserve(shared_capacity * sizeof(Cell)));
    }
    r.base = reinterpret_cast<uintptr_t>(shared);
    r.bytes = shared_capacity;
  }
  ++r.generation;
  c.proxy.block_begins();
  std::memset(c.products, 0, sizeof c.products);
  std::memset(c.registers_fly, 0, sizeof c.registers_fly);
  if (r.states) {
    std::memset(r.states, unwritten, shared_bytes);
    std::memset(r.states + shared_bytes, forbidden, shared_capacity - shared_bytes);
  }
}

void lane_runs(int thread, const void* stack, size_t stack_bytes) {
  checker().thread = thread;
  running = {true, reinterpret_cast<uintptr_t>(stack), stack_bytes, checker().registers_fly[thread / 128]};
}
void nobody_runs() { running.active = false; }
void block_barrier() {
  Checker& c = checker();
  c.order.block_barrier();
  if (!c.counters.on()) return;
  c.counters.count_barrier();
  c.counters.block_barrier(c.threads);
}
void block_ends() {
  running.active = false;
  if (Checker& c = checker(); c.counters.on()) c.counters.block_barrier(c.threads);
}
void count_multiplies(uintptr_t pc, int each, bool matrix) {
  if (!running.active) return;
  if (Checker& c = checker(); c.counters.on()) c.counters.multiplies(c.short_pc(pc), each, matrix);
}
void count_begin(CountsVisitor visitor, void* user) { Shared::instance().visitor = visitor, Shared::instance().visitor_user = user; }
void count_end() { Shared::instance().visitor = nullptr; }
void warp_sync(int first_thread, uint32_t lanes) { checker().order.warp_sync(first_thread, lanes); }
void named_arrive(int id, int thread) { checker().order.named_arrive(id, thread); }
void named_pass(int id, int thread) { checker().order.named_pass(id, thread); }
void named_release(int id) { checker().order.named_release(id); }

// The object is memory too: to make one is a write, which everyone's use of it must be ordered after.
void mbarrier_made(int slot, uintptr_t at, uintptr_t pc) {
  Checker& c = checker();
  c.order.mbarrier_made(slot);
  Look(c, c.shared, at, 8, Kind::write, pc).whole();
  c.proxy.wrote(at - c.shared.base, 8);
  c.mbarrier_made[slot] = c.order.access(c.thread, c.short_pc(pc), false, 8);
}
void mbarrier_gone(uintptr_t at, uintptr_t pc) {
  Checker& c = checker();
  Look(c, c.shared, at, 8, Kind::write, pc).whole();
  std::memset(c.shared.states + (at - c.shared.base), unwritten, 8);
}
void mbarrier_touch(int slot, uintptr_t at, uintptr_t pc) {
  Checker& c = checker();
  if (const Access& made = c.mbarrier_made[slot]; !c.order.before(made, c.thread))  // later arrivals would hide it
    c.findings.race({pc, at, 8, Kind::atomic, c.block, c.thread}, at, false, c.shared.base, made, Kind::write, c.image.base);
  else Look(c, c.shared, at, 8, Kind::atomic, pc).whole();
}
void mbarrier_arrive(int slot, int thread) { checker().order.mbarrier_arrive(slot, thread); }
void mbarrier_complete(int slot) { checker().order.mbarrier_complete(slot); }
void mbarrier_pass(int slot, int thread) { checker().order.mbarrier_pass(slot, thread); }

// Until it lands, the source may be read and the destination written at any time; both are looked at as if at once, and the destination is
// marked.
void copy_begins(void* to, const void* from, size_t bytes, uintptr_t pc) {
  const uintptr_t at = reinterpret_cast<uintptr_t>(to);
  Checker& c = checker();
  if (from) touch(reinterpret_cast<uintptr_t>(from), bytes, Kind::read, pc);
  else if (c.counters.on()) c.counters.no_access(c.thread, c.short_pc(pc), bytes);
  touch(at, bytes, Kind::write, pc);
  const Region& r = c.shared;
  uint8_t* state = r.states + (at - r.base);
  for (size_t i = 0; i < bytes; ++i)
    if (state[i] != forbidden) state[i] = in_flight;
}
void copy_lands(void* to, size_t bytes, uintptr_t pc) {
  Checker& c = checker();
  const uintptr_t at = reinterpret_cast<uintptr_t>(to);
  uint8_t* state = c.shared.states + (at - c.shared.base);
  if (state[0] == forbidden) return;  // said when it began
  std::memset(state, written, bytes);
  Look(c, c.shared, at, bytes, Kind::write, pc).whole();
  c.proxy.wrote(at - c.shared.base, bytes);
}

// As for a copy of a thread. A store's bytes in shared memory may be read until it has taken them, not written.
void bulk_begins(const BulkCopy& copy) {
  Checker& c = checker();
  if (!running.active) return;
  const Party party{copy.pc, copy.shared, static_cast<size_t>(copy.bytes), Kind::read, c.block, c.thread};
  if (copy.load) unfenced(c, copy.mbarrier, 8, party);
  each_chunk(copy, [&](const BulkChunk& chunk) {
    const size_t offset = chunk.shared - c.shared.base, valid = static_cast<size_t>(chunk.valid);
    const Kind there = copy.load ? Kind::read : Kind::write, here = copy.load ? Kind::write : Kind::read;
    if (valid)
      if (Region* region = region_of(c, chunk.global, valid, there, copy.pc); region && region == c.global) {
        Look(c, *region, chunk.global, valid, there, copy.pc).whole();
        c.counters.bulk(c.short_pc(copy.pc), chunk.global, valid, there, MemorySpace::global);
      }
    Look(c, c.shared, chunk.shared, 16, here, copy.pc).whole();
    c.counters.bulk(c.short_pc(copy.pc), offset, 16, here, MemorySpace::shared);
    if (copy.load) c.proxy.replaced(offset, 16), multiplied(c, offset, 16, here, copy.pc);
    else unfenced(c, chunk.shared, 16, party);
    uint8_t* state = c.shared.states + offset;
    for (size_t i = 0; i < 16; ++i)
      if (state[i] != forbidden) state[i] = copy.load ? in_flight : leaving;
  });
  c.counters.bulk_ends();
}
void bulk_lands(const BulkCopy& copy) {
  Checker& c = checker();
  each_chunk(copy, [&](const BulkChunk& chunk) {
    uint8_t* state = c.shared.states + (chunk.shared - c.shared.base);
    for (size_t i = 0; i < 16; ++i)
      if (state[i] == in_flight || state[i] == leaving) state[i] = written;
  });
}
void fence_proxy() {
  if (Checker& c = checker(); running.active) c.proxy.fence(c.shared, c.order, c.thread);
}

namespace {
template <class F>
void each_operand_chunk(const FlyingProduct& product, F f) {
  if (product.a_in_memory)
    for (int i = 0; i < product.a.chunks(); ++i) f(product.a.chunk(i));
  for (int i = 0; i < product.b.chunks(); ++i) f(product.b.chunk(i));
}
}  // namespace

// The reads are remembered when the warpgroup has waited; until then nobody may write there.
void product_begins(const FlyingProduct& product, int first) {
  Checker& c = checker();
  c.registers_fly[first / 128] = true;
  each_operand_chunk(product, [&](uint32_t offset) {
    const uintptr_t at = c.shared.base + offset;
    Look(c, c.shared, at, 16, Kind::read, product.pc).product_reads(first);
    unfenced(c, at, 16, {product.pc, at, 16, Kind::read, c.block, first});
    c.counters.bulk(c.short_pc(product.pc), offset, 16, Kind::read, MemorySpace::shared);
    ++c.products[offset / 16];
  });
  c.counters.bulk_ends();
}
void product_ends(const FlyingProduct& product, int first) {
  Checker& c = checker();
  const Access own = c.order.product(first, c.short_pc(product.pc));
  each_operand_chunk(product, [&](uint32_t offset) {
    Look(c, c.shared, c.shared.base + offset, 16, Kind::read, product.pc).product_has_read(own);
    --c.products[offset / 16];
  });
}
void registers_fly(int first, bool any) { checker().registers_fly[first / 128] = any; }

void fence() {
  if (running.active) checker().order.fence(checker().thread);
}

}  // namespace duel::sim::checker
