#include "engine/dispatch.h"

#include "engine/tensor.h"

namespace duel {

void run_with_scratch(const Row& row, const void* problem, const void* args) {
  const DeviceBackend& device = backend(row.device);
  const size_t bytes = row.scratch(problem);
  if (bytes == 0) {
    run_row(row, problem, args, {}, device.stream());
    return;
  }
  const Storage scratch(bytes, row.device);  // stream-ordered on cuda: safe to give back before the kernel has run
  run_row(row, problem, args, {scratch.data(), bytes}, device.stream());
}

}  // namespace duel
