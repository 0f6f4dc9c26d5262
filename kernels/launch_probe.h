// What a GPU says of the kernels that a row starts: how they are cut into blocks, what a thread takes, and how many blocks fit. Nothing in
// a row or in launch() knows of it: the calls are recorded, as for a graph, and what was recorded is looked at.
#pragma once
#include "kernels/device.h"

namespace duel {

struct LaunchFacts {
  unsigned grid[3], block[3];
  size_t shared_bytes;  // of a block, static and dynamic
  int registers;        // of a thread
  int resident_blocks;  // of one multiprocessor
  int multiprocessors;
  int most_threads;  // that one multiprocessor holds
};
using LaunchVisitor = void (*)(void* user, const LaunchFacts&);

struct LaunchProbe {
  Device device;
  void (*begin)();                                 // what is started from here on is recorded and does not run
  void (*end)(LaunchVisitor visitor, void* user);  // visits each kernel, in the order of recording; forgets them
};

extern "C" void duel_register_launch_probe(const LaunchProbe* probe);
const LaunchProbe* find_launch_probe(Device device);  // nullptr where nothing can be said

}  // namespace duel
