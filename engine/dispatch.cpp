#include "engine/dispatch.h"

#include <deque>

#include "engine/tensor.h"

namespace duel {
namespace {

thread_local RowWatch* watching = nullptr;

}  // namespace

RowWatch::RowWatch() : outer_(watching) { watching = this; }
RowWatch::~RowWatch() { watching = outer_; }
RowWatch* RowWatch::current() { return watching; }

bool aligned_for_rows(void* const* pointers, size_t count) {
  uintptr_t bits = 0;
  for (size_t i = 0; i < count; ++i) bits |= reinterpret_cast<uintptr_t>(pointers[i]);
  return bits % row_alignment == 0;
}

void run_on_aligned_copies(const Row& row, const void* problem, std::vector<void*> pointers, const std::vector<Buffer>& buffers) {
  const DeviceBackend& device = backend(row.device);
  const std::vector<void*> given = pointers;
  std::deque<Storage> copies;
  for (size_t i = 0; i < buffers.size(); ++i) {
    if (aligned_for_rows(&given[i], 1)) continue;
    pointers[i] = copies.emplace_back(buffers[i].bytes(), row.device).data();
    if (buffers[i].role != Role::out) device.copy(pointers[i], given[i], buffers[i].bytes());
  }
  run_with_scratch(row, problem, pointers.data());
  for (size_t i = 0; i < buffers.size(); ++i)
    if (pointers[i] != given[i] && buffers[i].role != Role::in) device.copy(given[i], pointers[i], buffers[i].bytes());
}

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
