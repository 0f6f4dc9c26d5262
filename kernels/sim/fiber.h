// A fiber: a stack of its own and a place to go on. Made once, parked between uses, never moved to another OS thread.
// Below boost::context::fiber, on Boost.Context's jumps themselves: that class runs the new stack once while it is being made, which
// AddressSanitizer cannot be told of, and unwinds it by an exception, which a stack that is parked in its loop does not need.
#pragma once
#include <boost/context/detail/fcontext.hpp>
#include <cstddef>

namespace duel::sim {

class Fiber {
 public:
  // `body(argument, fiber)` starts at the first enter() and must never return. Destroying a fiber frees its stack and runs nothing, so it
  // must be parked where nothing on the stack needs destruction.
  Fiber(void (*body)(void* argument, Fiber& self), void* argument);
  ~Fiber();
  Fiber(const Fiber&) = delete;

  void enter();   // called outside: runs the body until it leaves
  void leave();   // called by the body: back to enter()

  int lane = 0;   // the thread of the block that this fiber runs

 private:
  static void start(boost::context::detail::transfer_t from);

  void (*body_)(void*, Fiber&);
  void* argument_;
  void* mapping_;
  char* stack_;          // lowest usable address
  size_t stack_bytes_;
  boost::context::detail::fcontext_t inside_ = nullptr, outside_ = nullptr;
  void* fake_stack_ = nullptr;   // AddressSanitizer's, while away
  const void* home_stack_ = nullptr;
  size_t home_stack_bytes_ = 0;
};

}  // namespace duel::sim
