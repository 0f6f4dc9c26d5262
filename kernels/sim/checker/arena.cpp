#include "kernels/sim/checker/arena.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "kernels/error.h"
#include "kernels/registry.h"

namespace duel::sim::checker {
namespace {

constexpr size_t arena_bytes = size_t{16} << 30;
constexpr size_t guard = 4096;          // forbidden bytes after each allocation
constexpr int quarantine = 8;           // blocks of a size that rest before the first of them is used again
constexpr size_t page_worth = 1 << 16;  // from this size on, pages of a released block go back to the system

}  // namespace

void* reserve(size_t bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED)
    fail(Failure::memory, "[sim-checked] cannot reserve " + std::to_string(bytes >> 30) +
                              " GiB of address space for the checker (a limit on virtual memory? ulimit -v)");
  return data;
}

Shared& Shared::instance() {
  void** slot = duel_checker_slot();
  if (!*slot) *slot = new Shared;  // lives as long as the process: libraries that unload late still release memory
  return *static_cast<Shared*>(*slot);
}
Arena& Arena::instance() { return Shared::instance().arena; }

Arena::Arena() {
  region.base = reinterpret_cast<uintptr_t>(reserve(arena_bytes));
  region.bytes = arena_bytes;
  region.states = static_cast<uint8_t*>(reserve(arena_bytes));
  region.words = static_cast<Cell*>(reserve(arena_bytes / 4 * sizeof(Cell)));
  region.single = static_cast<Cell*>(reserve(arena_bytes * sizeof(Cell)));
  next_ = region.base + guard;
}

Arena::Queue& Arena::queue_of(size_t span) {
  for (Queue& queue : queues_)
    if (queue.span == span) return queue;
  return queues_.add({span, 0, nullptr, nullptr});
}

void* Arena::allocate(size_t bytes) {
  const size_t span = (bytes + device_alignment - 1) / device_alignment * device_alignment + guard;
  Queue& queue = queue_of(span);
  Block* block;
  if (queue.length > quarantine) {
    block = queue.first;
    queue.first = block->next;
    --queue.length;
  } else {
    if (span > region.base + region.bytes - next_)
      fail(Failure::memory, "[sim-checked] " + std::to_string(bytes >> 20) + " MiB do not fit any more into the checked GPU's " +
                                std::to_string(arena_bytes >> 30) + " GiB: use a smaller batch");
    block = blocks_.add(new Block{next_, 0, span, false, nullptr});
    next_ += span;
  }
  block->bytes = bytes, block->live = true;
  used_ += bytes;
  void* data = reinterpret_cast<void*>(block->begin);
  std::memset(data, 0xff, bytes);  // NaN, should a report not stop its reader
  std::memset(region.states + (block->begin - region.base), unwritten, bytes);
  return data;
}

void Arena::release(void* data) {
  Block* block = data ? nearest(reinterpret_cast<uintptr_t>(data)) : nullptr;
  if (!block || block->begin != reinterpret_cast<uintptr_t>(data) || !block->live)
    fail(Failure::internal, "[sim-checked] memory is given back twice, or was never allocated");
  block->live = false;
  used_ -= block->bytes;
  const size_t offset = block->begin - region.base;
  std::memset(region.states + offset, forbidden, block->bytes);
  if (block->bytes >= page_worth) {
    const auto drop = [](void* from, size_t length) {  // whole pages within
      const uintptr_t begin = (reinterpret_cast<uintptr_t>(from) + 4095) & ~uintptr_t{4095};
      const uintptr_t end = (reinterpret_cast<uintptr_t>(from) + length) & ~uintptr_t{4095};
      if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    };
    drop(data, block->bytes);
    drop(region.words + offset / 4, block->bytes / 4 * sizeof(Cell));
    drop(region.single + offset, block->bytes * sizeof(Cell));
  }
  block->next = nullptr;
  Queue& queue = queue_of(block->span);
  (queue.length ? queue.last->next : queue.first) = block;
  queue.last = block;
  ++queue.length;
}

void Arena::mark(const void* data, size_t bytes, ByteState state) {
  if (const uintptr_t at = reinterpret_cast<uintptr_t>(data); region.holds(at))
    std::memset(region.states + (at - region.base), state, bytes);
}

void Arena::copy_states(void* to, const void* from, size_t bytes) {
  const uintptr_t a = reinterpret_cast<uintptr_t>(to), b = reinterpret_cast<uintptr_t>(from);
  if (region.holds(a) && region.holds(b)) std::memmove(region.states + (a - region.base), region.states + (b - region.base), bytes);
}

Arena::Block* Arena::nearest(uintptr_t at) const {
  size_t low = 0, high = blocks_.size();  // the last block that begins at or before `at`
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (blocks_[middle]->begin <= at) low = middle + 1;
    else high = middle;
  }
  Block* before = low ? blocks_[low - 1] : nullptr;
  Block* after = low < blocks_.size() ? blocks_[low] : nullptr;
  if (!before) return after;
  const uintptr_t end = before->begin + before->bytes;
  return after && at >= end && after->begin - at < at - end ? after : before;
}

const void* Arena::owner(uintptr_t at) const {
  const Block* block = nearest(at);
  return block ? reinterpret_cast<const void*>(block->begin) : nullptr;
}

std::string Arena::describe(uintptr_t at) const {
  const Block* block = nearest(at);
  if (!block) return "no allocation is near";
  const std::string what = (block->live ? "an allocation of " : "a released allocation of ") + std::to_string(block->bytes) + " bytes";
  if (at < block->begin) return std::to_string(block->begin - at) + " bytes before the start of " + what;
  if (const size_t offset = at - block->begin; offset < block->bytes) return "byte " + std::to_string(offset) + " of " + what;
  return std::to_string(at - block->begin - block->bytes) + " bytes past the end of " + what;
}

std::string Arena::leaks() const {
  size_t live = 0, bytes = 0;
  for (const Block* block : blocks_)
    if (block->live) ++live, bytes += block->bytes;
  return live ? std::to_string(live) + " allocations, " + std::to_string(bytes) + " bytes in all, were never given back" : "";
}

}  // namespace duel::sim::checker
