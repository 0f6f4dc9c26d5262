#include "kernels/sim/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "kernels/error.h"

#ifdef DUEL_SIM_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace duel::sim {
namespace {

#ifdef DUEL_SIM_ASAN
constexpr size_t stack_size = 512 << 10;                                                   // red zones around every variable
void forget(void* memory, size_t bytes) { __asan_unpoison_memory_region(memory, bytes); }  // what an earlier stack at this address left
#else
constexpr size_t stack_size = 128 << 10;  // address space: a page is used once it is touched
void forget(void*, size_t) {}
#endif

// Each stack has a guard page below it, up to a number that leaves most of the process's memory mappings (65,530 by default) to others.
constexpr int guarded_stacks = 8192;
std::atomic<int> stacks{0};

// Stacks are a power of two apart, so their tops would share a few cache sets; each starts a different number of lines down.
size_t colour(int index) { return static_cast<size_t>(index % 61) * 192; }

size_t page_size() {
  static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

}  // namespace

Fiber::Fiber(void (*body)(void*, Fiber&), void* argument) : body_(body), argument_(argument) {
  const int index = stacks.fetch_add(1);
  const size_t page = page_size(), bytes = page + stack_size;
  mapping_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping_ == MAP_FAILED) fail(Failure::memory, "[sim] no memory for the stack of simulated thread " + std::to_string(index));
  forget(mapping_, bytes);
  if (index < guarded_stacks) mprotect(mapping_, page, PROT_NONE);
  char* lowest = static_cast<char*>(mapping_) + page;
  stack = lowest;
  stack_bytes = stack_size - colour(index);
  at = boost::context::detail::make_fcontext(lowest + stack_bytes, stack_bytes, start);
}

Fiber::~Fiber() {
  stacks.fetch_sub(1);
  munmap(mapping_, page_size() + stack_size);
}

void Fiber::start(boost::context::detail::transfer_t from) {
  Fiber& self = *static_cast<Fiber*>(static_cast<Context*>(from.data)->target);
  arrive(from, nullptr);
  self.body_(self.argument_, self);
  std::abort();  // a body that returns has nowhere to go
}

}  // namespace duel::sim
