#include "kernels/sim/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "kernels/error.h"

#if defined(__SANITIZE_ADDRESS__)
#define DUEL_SIM_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DUEL_SIM_ASAN
#endif
#endif
#ifdef DUEL_SIM_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace duel::sim {
namespace {

#ifdef DUEL_SIM_ASAN
constexpr size_t stack_size = 512 << 10;   // red zones around every variable
void before_switch(void** fake, const void* stack, size_t bytes) { __sanitizer_start_switch_fiber(fake, stack, bytes); }
void after_switch(void* fake, const void** stack, size_t* bytes) { __sanitizer_finish_switch_fiber(fake, stack, bytes); }
void forget(void* memory, size_t bytes) { __asan_unpoison_memory_region(memory, bytes); }   // what an earlier stack at this address left
#else
constexpr size_t stack_size = 128 << 10;   // address space: a page is used once it is touched
void before_switch(void**, const void*, size_t) {}
void after_switch(void*, const void**, size_t*) {}
void forget(void*, size_t) {}
#endif

// Each stack has a guard page below it, up to a number that leaves most of the process's memory mappings (65,530 by default) to others.
constexpr int guarded_stacks = 8192;
std::atomic<int> stacks_made{0};

// Stacks are a power of two apart, so their tops would share a few cache sets; each starts a different number of lines down.
size_t colour(int index) { return static_cast<size_t>(index % 61) * 192; }

size_t page_size() {
  static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

}  // namespace

Fiber::Fiber(void (*body)(void*, Fiber&), void* argument) : body_(body), argument_(argument) {
  const int index = stacks_made.fetch_add(1);
  const size_t page = page_size(), bytes = page + stack_size;
  mapping_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping_ == MAP_FAILED) fail(Failure::memory, "[sim] no memory for the stack of simulated thread " + std::to_string(index));
  forget(mapping_, bytes);
  if (index < guarded_stacks) mprotect(mapping_, page, PROT_NONE);
  stack_ = static_cast<char*>(mapping_) + page;
  stack_bytes_ = stack_size - colour(index);
  inside_ = boost::context::detail::make_fcontext(stack_ + stack_bytes_, stack_bytes_, start);
}

Fiber::~Fiber() {
  stacks_made.fetch_sub(1);
  munmap(mapping_, page_size() + stack_size);
}

void Fiber::start(boost::context::detail::transfer_t from) {
  Fiber& self = *static_cast<Fiber*>(from.data);
  self.outside_ = from.fctx;
  after_switch(nullptr, &self.home_stack_, &self.home_stack_bytes_);
  self.body_(self.argument_, self);
  std::abort();   // a body that returns has nowhere to go
}

void Fiber::enter() {
  void* fake = nullptr;
  before_switch(&fake, stack_, stack_bytes_);
  inside_ = boost::context::detail::jump_fcontext(inside_, this).fctx;
  after_switch(fake, nullptr, nullptr);
}

void Fiber::leave() {
  before_switch(&fake_stack_, home_stack_, home_stack_bytes_);
  outside_ = boost::context::detail::jump_fcontext(outside_, nullptr).fctx;
  after_switch(fake_stack_, &home_stack_, &home_stack_bytes_);
}

}  // namespace duel::sim
