// Where rows of one op are timed on one problem: buffers of its own, filled with data, so that nobody's tensors are touched.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "engine/tensor.h"
#include "kernels/op.h"
#include "kernels/registry.h"

namespace duel {

class RowStand {
 public:
  // Inputs are normal numbers, or what Buffer::fill asks for. `scratch` is the most that any row of it wants. `problem` must outlive it.
  // Throws Error(memory) where the device has not enough.
  RowStand(const OpInfo& op, const void* problem, Device device, size_t scratch, uint64_t seed);

  // Seconds of one call, on average over `calls` of them, by the device's own clock where it has one. Updated buffers are first put back as
  // they were, then `before` runs. Where `captured` is true and the device can, the calls are recorded and timed as one graph, without
  // launch cost on the host; it says whether they were.
  double seconds(const std::function<void()>& call, int calls, bool& captured, const std::function<void()>& before = nullptr);
  double seconds(const Row& row, int calls, bool& captured, const std::function<void()>& before = nullptr);

  void call(const Row& row);  // once; not among rows_run()
  const DeviceBackend& device() const { return device_; }
  void* const* pointers() const { return pointers_.data(); }  // a buffer of the op
  bool can_capture() const { return device_.capture_begin && device_.replay; }

 private:
  void* capture(const std::function<void()>& call, int calls);  // nullptr where it cannot be

  const OpInfo& op_;
  const void* problem_;
  const DeviceBackend& device_;
  Storage scratch_;
  std::vector<std::unique_ptr<Storage>> memory_;
  std::vector<std::vector<unsigned char>> updated_;  // what such a buffer holds at first; empty for the others
  std::vector<void*> pointers_;
};

}  // namespace duel
