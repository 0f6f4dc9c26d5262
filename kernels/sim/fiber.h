// Fibers: a stack of its own and a place to go on. A fiber is made once, parked between uses, and never moved to another OS thread.
// Built on Boost.Context's jumps, below boost::context::fiber: that class goes from fiber to fiber only by way of a callback, runs a new
// stack once while it is being made, which AddressSanitizer cannot be told of, and unwinds it by an exception, which a parked stack needs
// not.
#pragma once
#include <boost/context/detail/fcontext.hpp>
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define DUEL_SIM_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DUEL_SIM_ASAN
#endif
#endif
#ifdef DUEL_SIM_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace duel::sim {

// Where a stack goes on: a fiber's, or the one that the OS thread came with.
struct Context {
  boost::context::detail::fcontext_t at = nullptr;
  const void* stack = nullptr;  // lowest usable address; the OS thread's is learnt when it is left
  size_t stack_bytes = 0;
  void* fake_stack = nullptr;  // AddressSanitizer's
  Context* target = nullptr;   // of the last jump from here: how a new fiber learns who it is
};

// After a jump: notes where the stack that was left goes on.
inline void arrive(boost::context::detail::transfer_t from, [[maybe_unused]] void* fake_stack) {
  Context& left = *static_cast<Context*>(from.data);
  left.at = from.fctx;
#ifdef DUEL_SIM_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, &left.stack, &left.stack_bytes);
#endif
}
// Leaves `from`, the running stack, and goes on at `to`. Returns when someone jumps back.
inline void jump(Context& from, Context& to) {
  from.target = &to;
#ifdef DUEL_SIM_ASAN
  __sanitizer_start_switch_fiber(&from.fake_stack, to.stack, to.stack_bytes);
#endif
  arrive(boost::context::detail::jump_fcontext(to.at, &from), from.fake_stack);
}

class Fiber : public Context {
 public:
  // `body(argument, fiber)` starts at the first jump and must never return. Destroying a fiber frees its stack and runs nothing, so it must
  // be parked where nothing on the stack needs destruction.
  Fiber(void (*body)(void* argument, Fiber& self), void* argument);
  ~Fiber();
  Fiber(const Fiber&) = delete;

 private:
  static void start(boost::context::detail::transfer_t from);

  void (*body_)(void*, Fiber&);
  void* argument_;
  void* mapping_;
};

}  // namespace duel::sim
