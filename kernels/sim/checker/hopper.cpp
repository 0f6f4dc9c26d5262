// What the checker is told of mbarriers, bulk copies and products of a warpgroup.
#include <cstring>

#include "kernels/sim/block.h"
#include "kernels/sim/checker/look.h"

namespace duel::sim::checker {
namespace {

// The async proxy reads what a thread's own store wrote, and nothing has fenced.
void unfenced(Checker& c, uintptr_t at, size_t bytes, const Party& party) {
  if (const long stale = c.now->proxy.stale(at - c.now->shared.base, bytes); stale >= 0)
    c.findings.fault(Fault::stale, party, c.now->shared.base + static_cast<uintptr_t>(stale), false, c.now->shared.base);
}

template <class F>
void each_operand_chunk(const FlyingProduct& product, F f) {
  if (product.a_in_memory)
    for (int i = 0; i < product.a.chunks(); ++i) f(product.a.chunk(i));
  for (int i = 0; i < product.b.chunks(); ++i) f(product.b.chunk(i));
}

}  // namespace

void registers(uintptr_t at, size_t bytes, Kind kind, uintptr_t pc) {
  if (!running.registers_fly) return;
  Checker& c = checker();
  if (Block::mine().find_register(c.thread, at) || Block::mine().find_register(c.thread, at + bytes - 1))
    c.findings.fault(Fault::accumulating, {pc, at, bytes, kind, c.now->block, c.thread}, at, false, 0);
}

void multiplied(Checker& c, size_t offset, size_t bytes, Kind kind, uintptr_t pc) {
  for (size_t chunk = offset / 16; chunk <= (offset + bytes - 1) / 16; ++chunk)
    if (c.now->products[chunk]) {
      const uintptr_t at = c.now->shared.base + offset;
      return c.findings.fault(Fault::multiplied, {pc, at, bytes, kind, c.now->block, c.thread}, c.now->shared.base + 16 * chunk, false,
                              c.now->shared.base);
    }
}

// The object is memory too: to make one is a write, which everyone's use of it must be ordered after.
void mbarrier_made(int slot, uintptr_t at, uintptr_t pc) {
  Checker& c = checker();
  c.now->order.mbarrier_made(slot);
  Look(c, c.now->shared, at, 8, Kind::write, pc).whole();
  c.now->proxy.wrote(at - c.now->shared.base, 8);
  c.now->mbarrier_made[slot] = c.now->order.access(c.thread, c.short_pc(pc), false, 8);
}
void mbarrier_gone(uintptr_t at, uintptr_t pc) {
  Checker& c = checker();
  Look(c, c.now->shared, at, 8, Kind::write, pc).whole();
  std::memset(c.now->shared.states + (at - c.now->shared.base), unwritten, 8);
}
void mbarrier_touch(int slot, uintptr_t at, uintptr_t pc) {
  Checker& c = checker();
  if (const Access& made = c.now->mbarrier_made[slot]; !c.now->order.before(made, c.thread))  // later arrivals would hide it
    c.findings.race({pc, at, 8, Kind::atomic, c.now->block, c.thread}, at, false, c.now->shared.base, made, Kind::write, c.image.base);
  else Look(c, c.now->shared, at, 8, Kind::atomic, pc).whole();
}
void mbarrier_arrive(int slot, int thread) { checker().now->order.mbarrier_arrive(slot, thread); }
void mbarrier_complete(int slot) { checker().now->order.mbarrier_complete(slot); }
void mbarrier_pass(int slot, int thread) { checker().now->order.mbarrier_pass(slot, thread); }

// As for a copy of a thread. A store's bytes in shared memory may be read until it has taken them, not written.
void bulk_begins(const BulkCopy& copy) {
  Checker& c = checker();
  if (!running.active) return;
  const Party party{copy.pc, copy.shared, static_cast<size_t>(copy.bytes), Kind::read, c.now->block, c.thread};
  if (copy.load) unfenced(c, copy.mbarrier, 8, party);
  each_chunk(copy, [&](const BulkChunk& chunk) {
    const size_t offset = chunk.shared - c.now->shared.base, valid = static_cast<size_t>(chunk.valid);
    const Kind there = copy.load ? Kind::read : Kind::write, here = copy.load ? Kind::write : Kind::read;
    if (valid)
      if (Region* region = region_of(c, chunk.global, valid, there, copy.pc); region && region == c.global) {
        Look(c, *region, chunk.global, valid, there, copy.pc).whole();
        if (!copy.again) c.counters.bulk(c.short_pc(copy.pc), chunk.global, valid, there, MemorySpace::global);
      }
    Look(c, c.now->shared, chunk.shared, 16, here, copy.pc).whole();
    c.counters.bulk(c.short_pc(copy.pc), offset, 16, here, MemorySpace::shared);
    if (copy.load) c.now->proxy.replaced(offset, 16), multiplied(c, offset, 16, here, copy.pc);
    else unfenced(c, chunk.shared, 16, party);
    uint8_t* state = c.now->shared.states + offset;
    for (size_t i = 0; i < 16; ++i)
      if (state[i] != forbidden) state[i] = copy.load ? in_flight : leaving;
  });
  c.counters.bulk_ends();
}
void bulk_lands(const BulkCopy& copy) {
  Checker& c = checker();
  each_chunk(copy, [&](const BulkChunk& chunk) {
    uint8_t* state = c.now->shared.states + (chunk.shared - c.now->shared.base);
    for (size_t i = 0; i < 16; ++i)
      if (state[i] == in_flight || state[i] == leaving) state[i] = written;
  });
}
void fence_proxy() {
  if (Checker& c = checker(); running.active) c.now->proxy.fence(c.now->shared, c.now->order, c.thread);
}

// The reads are remembered when the warpgroup has waited; until then nobody may write there.
void product_begins(const FlyingProduct& product, int first) {
  Checker& c = checker();
  c.now->registers_fly[first / 128] = true;
  const uintptr_t own = Block::mine().shared_of(Block::mine().member_of(first));
  each_operand_chunk(product, [&](uint32_t offset) {
    const uintptr_t at = own + offset;
    Look(c, c.now->shared, at, 16, Kind::read, product.pc).product_reads(first);
    unfenced(c, at, 16, {product.pc, at, 16, Kind::read, c.now->block, first});
    c.counters.bulk(c.short_pc(product.pc), offset, 16, Kind::read, MemorySpace::shared);
    ++c.now->products[(at - c.now->shared.base) / 16];
  });
  c.counters.bulk_ends();
}
void product_ends(const FlyingProduct& product, int first) {
  Checker& c = checker();
  const Access read = c.now->order.product(first, c.short_pc(product.pc));
  const uintptr_t own = Block::mine().shared_of(Block::mine().member_of(first));
  each_operand_chunk(product, [&](uint32_t offset) {
    Look(c, c.now->shared, own + offset, 16, Kind::read, product.pc).product_has_read(read);
    --c.now->products[(own + offset - c.now->shared.base) / 16];
  });
}
void registers_fly(int first, bool any) { checker().now->registers_fly[first / 128] = any; }

}  // namespace duel::sim::checker
