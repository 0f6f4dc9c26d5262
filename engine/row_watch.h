// Who looks on at what rows read and write: told before and after each row that the engine's ops run on its thread.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "kernels/op.h"
#include "kernels/registry.h"

namespace duel {

struct Touched {
  Buffer buffer;
  const void* data;  // on the row's device
};

// Watches from its making to its end; of several the last one made does. A CUDA graph that is played again runs no op, so nobody is told.
class RowWatch {
 public:
  RowWatch();
  virtual ~RowWatch();
  RowWatch(const RowWatch&) = delete;
  virtual void before(const Row& row, const std::string& problem, std::span<const Touched> touched) = 0;
  virtual void after(const Row& row, const std::string& problem, std::span<const Touched> touched) = 0;
  static RowWatch* current();  // nullptr: nobody watches

 private:
  RowWatch* outer_;
};

}  // namespace duel
