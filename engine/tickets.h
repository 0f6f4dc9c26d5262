// Counters of kernels whose blocks say when they are done (kernels/last_block.h): zero before each launch and after it, so that all
// launches of a stream can share them.
#pragma once
#include "kernels/device.h"

namespace duel {

// `count` zeros, this thread's own on that device. They stay where they are, so that a recorded step may hold them. Asked for more than
// before in the middle of a recording, it would have to allocate: a step's first call is plain (engine/graph.h).
int* tickets(Device device, int count);

}  // namespace duel
