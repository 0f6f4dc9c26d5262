#include "engine/tickets.h"

#include <memory>
#include <vector>

#include "engine/tensor.h"

namespace duel {

int* tickets(Device device, int count) {
  thread_local std::vector<std::unique_ptr<Storage>> kept[std::size(devices)];  // an earlier, smaller one may be in a recorded step
  auto& of_device = kept[static_cast<int>(device)];
  const size_t bytes = sizeof(int) * static_cast<size_t>(count);
  if (of_device.empty() || of_device.back()->bytes() < bytes) {
    of_device.push_back(std::make_unique<Storage>(bytes, device));
    backend(device).fill(of_device.back()->data(), 0, bytes);
  }
  return static_cast<int*>(of_device.back()->data());
}

}  // namespace duel
