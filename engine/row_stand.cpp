#include "engine/row_stand.h"

#include <chrono>

#include "kernels/draw.h"
#include "kernels/fill.h"
#include "kernels/row_choice.h"

namespace duel {
namespace {

double host_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

RowStand::RowStand(const OpInfo& op, const void* problem, Device device, size_t scratch, uint64_t seed)
    : op_(op), problem_(problem), device_(backend(device)), scratch_(scratch, device) {
  for (const Buffer& b : op.buffers(problem)) {
    const size_t i = memory_.size();
    memory_.push_back(std::make_unique<Storage>(b.bytes(), device));
    updated_.emplace_back();
    pointers_.push_back(b.count ? memory_[i]->data() : nullptr);
    if (b.role == Role::out || !b.count) continue;
    std::vector<unsigned char> contents = filled(b, Values::reals, mix64(seed) + i, 4);
    device_.copy_in(pointers_[i], contents.data(), contents.size());
    if (b.role == Role::inout) updated_[i] = std::move(contents);
  }
}

void RowStand::call(const Row& row) {
  const RowsUncounted uncounted;
  const size_t bytes = row.scratch(problem_);
  op_.bind(problem_, pointers_.data(), [&](const void* args) {
    run_row(row, problem_, args, {bytes ? scratch_.data() : nullptr, bytes}, device_.stream());
  });
}

double RowStand::seconds(const Row& row, int calls, bool& captured, const std::function<void()>& before) {
  return seconds([&] { call(row); }, calls, captured, before);
}

double RowStand::seconds(const std::function<void()>& call, int calls, bool& captured, const std::function<void()>& before) {
  for (size_t i = 0; i < updated_.size(); ++i)
    if (!updated_[i].empty()) device_.copy_in(pointers_[i], updated_[i].data(), updated_[i].size());
  if (before) before();
  void* graph = captured && can_capture() ? capture(call, calls) : nullptr;
  captured = graph != nullptr;
  device_.synchronise();
  const auto work = [&] {
    if (graph) device_.replay(graph);
    for (int i = 0; !graph && i < calls; ++i) call();
  };
  double seconds = 0;
  if (device_.mark) {
    void* from = device_.mark();
    try {
      work();
    } catch (...) {
      try {
        device_.seconds_between(from, device_.mark());  // takes both back
      } catch (const Error&) {                          // what broke the call broke this too
      }
      throw;
    }
    void* to = device_.mark();
    seconds = device_.seconds_between(from, to);
  } else {
    const double from = host_seconds();
    work();
    device_.synchronise();
    seconds = host_seconds() - from;
  }
  if (graph) device_.destroy_graph(graph);
  return seconds / calls;
}

void* RowStand::capture(const std::function<void()>& call, int calls) {
  device_.capture_begin();
  try {
    for (int i = 0; i < calls; ++i) call();
    return device_.capture_end();
  } catch (const Error&) {
    try {
      device_.destroy_graph(device_.capture_end());
    } catch (const Error&) {  // the capture was already broken
    }
    return nullptr;
  }
}

}  // namespace duel
