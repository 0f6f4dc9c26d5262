// Starts a kernel whose blocks are all there at once, so that they can meet at grid_sync() (kernels/ptx/grid.h): as launch(), for a grid of
// no more than resident_blocks(). A captured graph takes it too.
//
//   launch_cooperative({.grid = 64, .block = 256, .shared_bytes = sizeof(Tiles)}, stream, my_kernel, args…);
//
// How many fit depends on the device: on its multiprocessors, and on the registers and the shared memory that a block takes.
#pragma once
#include "kernels/launch_attribute.h"
#ifdef DUEL_SIM
#include "kernels/sim/grid.h"
#endif

namespace duel {

#ifdef DUEL_SIM

template <class... P>
int resident_blocks(void (*)(P...), unsigned threads, size_t shared_bytes) {
  return sim::resident_blocks(threads, shared_bytes);
}

template <class... P, class... A>
void launch_cooperative(const LaunchShape& shape, Stream, void (*kernel)(P...), A&&... args) {
  duel_count_launch();
  auto body = [&]() DUEL_SIM_UNCHECKED { kernel(static_cast<P>(args)...); };
  using Body = decltype(body);
  sim::launch_cooperative(
      shape.grid, shape.block, shape.shared_bytes, [](void* b) DUEL_SIM_UNCHECKED { (*static_cast<Body*>(b))(); }, &body);
}

#else

// Without a GPU nothing runs: as many as an H100 holds, registers left aside.
int resident_blocks_of(const void* kernel, unsigned threads, size_t shared_bytes);

template <class... P>
int resident_blocks(void (*kernel)(P...), unsigned threads, size_t shared_bytes) {
  return resident_blocks_of(reinterpret_cast<const void*>(kernel), threads, shared_bytes);
}

template <class... P, class... A>
void launch_cooperative(const LaunchShape& shape, Stream stream, void (*kernel)(P...), A&&... args) {
  cudaLaunchAttribute together{};
  together.id = cudaLaunchAttributeCooperative;
  together.val.cooperative = 1;
  launch_with(together, shape, stream, kernel, static_cast<A&&>(args)...);
}

#endif

}  // namespace duel
